/// Reads the members of a JSON object's text without making values of them: a catalogue has hundreds of thousands of specs.
struct SpecText {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var place = 0

    package init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        skip { $0 != UInt8(ascii: "{") }
        place += 1
    }

    /// The next member's name, between its quotes, and its value; nil after the last.
    mutating func next() -> (name: Slice<UnsafeBufferPointer<UInt8>>, value: Slice<UnsafeBufferPointer<UInt8>>)? {
        skip { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "}") }
        guard place < bytes.count, bytes[place] == UInt8(ascii: "\"") else { return nil }
        let name = place + 1
        skipText()
        let nameEnd = place - 1
        skip { $0 != UInt8(ascii: ":") }
        place += 1
        skip { $0 == UInt8(ascii: " ") }
        let value = place
        var depth = 0
        while place < bytes.count {
            switch bytes[place] {
            case UInt8(ascii: "\""):
                skipText()
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return (bytes[name..<max(name, nameEnd)], bytes[value..<place]) }
                depth -= 1
            case UInt8(ascii: ",") where depth == 0:
                let member = (bytes[name..<max(name, nameEnd)], bytes[value..<place])
                place += 1
                return member
            default: break
            }
            place += 1
        }
        return nil
    }

    private mutating func skip(while holds: (UInt8) -> Bool) {
        while place < bytes.count, holds(bytes[place]) { place += 1 }
    }

    /// Moves from a text's first quote to behind its last.
    private mutating func skipText() {
        place += 1
        while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
            place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1
        }
        place = min(place + 1, bytes.count)
    }
}
