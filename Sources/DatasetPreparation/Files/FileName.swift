/// A file's name as the file system or an archive has it: bytes, which need not be UTF-8.
struct FileName: Hashable, Comparable, CustomStringConvertible {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The name for people; bytes that are no UTF-8 are shown as `\xE9`.
    var description: String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        var text = ""
        var rest = bytes[...]
        while let first = rest.first {
            // A character has at most four bytes.
            let length = (1...min(4, rest.count)).first { String(validating: rest.prefix($0), as: UTF8.self) != nil }
            if let length, let character = String(validating: rest.prefix(length), as: UTF8.self) {
                text += character
            } else {
                text += "\\x" + (first < 16 ? "0" : "") + String(first, radix: 16, uppercase: true)
            }
            rest = rest.dropFirst(length ?? 1)
        }
        return text
    }

    /// The folders and the file, from the outermost.
    var parts: [ArraySlice<UInt8>] { bytes.split(separator: UInt8(ascii: "/")) }

    static func < (a: FileName, b: FileName) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}
