import Glibc

/// Files and paths that people name. Agent and worker have no Foundation, and the worker reads sweep files too.
enum TextFile {
    /// The most bytes of a file: four for every byte that a text may have.
    private static let longest = 64 << 20

    /// The text of a file: UTF-8, or as its byte order mark says (YAML 1.2, 5.2). The mark is no part of the text. Throws
    /// where the file cannot be read, has more than 64 MiB, or is no text.
    static func read(_ path: String) throws(SweepFileError) -> String {
        guard let file = fopen(path, "re") else { throw failure(path) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            bytes += buffer[..<count]
            // A folder opens, but cannot be read.
            if count == 0 {
                if ferror(file) != 0 { throw failure(path) }
                break
            }
            guard bytes.count <= longest else {
                throw SweepFileError(
                    "has more than \(longest >> 20) MiB: expected a text that a person wrote",
                    at: TextOrigin(file: path))
            }
        }
        guard let text = decode(bytes) else {
            throw SweepFileError(
                "is no text: expected UTF-8, or UTF-16 or UTF-32 with a byte order mark. Save it as UTF-8",
                at: TextOrigin(file: path))
        }
        return text
    }

    /// The text of these bytes; nil where they are no text. A text has no character U+0000, of which UTF-16 without its mark
    /// is full.
    static func decode(_ bytes: [UInt8]) -> String? {
        let text: String?
        // The mark of UTF-16 begins that of UTF-32.
        if bytes.starts(with: [0xFF, 0xFE, 0, 0]) {
            text = units(bytes.dropFirst(4), UInt32.self, isBigEndian: false)
                .flatMap { String(validating: $0, as: UTF32.self) }
        } else if bytes.starts(with: [0, 0, 0xFE, 0xFF]) {
            text = units(bytes.dropFirst(4), UInt32.self, isBigEndian: true)
                .flatMap { String(validating: $0, as: UTF32.self) }
        } else if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            text = units(bytes.dropFirst(2), UInt16.self, isBigEndian: bytes[0] == 0xFE)
                .flatMap { String(validating: $0, as: UTF16.self) }
        } else {
            let isMarked = bytes.starts(with: [0xEF, 0xBB, 0xBF])
            text = String(validating: bytes.dropFirst(isMarked ? 3 : 0), as: UTF8.self)
        }
        return text.flatMap { $0.utf8.contains(0) ? nil : $0 }
    }

    /// Nil where the bytes are not whole units.
    private static func units<Unit: FixedWidthInteger>(
        _ bytes: ArraySlice<UInt8>, _: Unit.Type, isBigEndian: Bool
    ) -> [Unit]? {
        let size = Unit.bitWidth / 8
        guard bytes.count.isMultiple(of: size) else { return nil }
        return stride(from: bytes.startIndex, to: bytes.endIndex, by: size).map { first in
            let unit = bytes[first..<first + size]
            return isBigEndian
                ? unit.reduce(0) { $0 << 8 | Unit($1) } : unit.reversed().reduce(0) { $0 << 8 | Unit($1) }
        }
    }

    private static func failure(_ path: String) -> SweepFileError {
        SweepFileError("cannot be read: \(String(cString: strerror(errno)))", at: TextOrigin(file: path))
    }

    /// The folder of a file, as the path names it.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The last component of a path.
    static func lastName(of path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    /// A path as one from the root: a relative one from `folder`, without `.` and `..`; one from `~` in the home folder. One
    /// that begins with `/` stays as it is.
    static func absolute(_ path: String, from folder: String) -> String {
        if path == "~" || path.hasPrefix("~/"), let home = getenv("HOME") {
            return String(cString: home) + path.dropFirst()
        }
        if path.hasPrefix("/") { return path }
        var components: [Substring] = []
        for part in "\(folder.hasPrefix("/") ? "" : current + "/")\(folder)/\(path)".split(separator: "/") {
            if part == ".." { _ = components.popLast() } else if part != "." { components.append(part) }
        }
        return "/" + components.joined(separator: "/")
    }

    private static var current: String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        guard getcwd(&buffer, buffer.count) != nil else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
