/// JSON values as text: in columns, files and on command lines, and in messages.
package enum JSONText {
    /// The value of a JSON text; nil when it is none, or nested more than 100 deep.
    package static func read(_ text: String) -> JSONValue? { JSONReader.value(Array(text.utf8)) }

    /// The value of a JSON text in UTF-8.
    package static func read(_ bytes: some Collection<UInt8>) -> JSONValue? { JSONReader.value(Array(bytes)) }

    /// The members of a JSON object's text; nil when it is none.
    package static func object(_ text: String) -> [String: JSONValue]? { read(text)?.objectValue }

    /// The canonical text (`CanonicalJSON`), so that equal values have equal text.
    package static func write(_ value: JSONValue) throws(CanonicalJSON.Failure) -> String {
        try CanonicalJSON.text(value)
    }

    package static func write(_ object: [String: JSONValue]) throws(CanonicalJSON.Failure) -> String {
        try write(.object(object))
    }

    package static func write(_ strings: [String]) throws(CanonicalJSON.Failure) -> String {
        try write(.array(strings.map(JSONValue.string)))
    }
}

extension JSONText {
    private static let integers = [
        ObjectIdentifier(UInt32.self), ObjectIdentifier(Int64.self), ObjectIdentifier(UInt64.self),
        ObjectIdentifier(Int32.self), ObjectIdentifier(UInt8.self), ObjectIdentifier(UInt16.self),
        ObjectIdentifier(UInt.self), ObjectIdentifier(Int8.self), ObjectIdentifier(Int16.self),
    ]

    /// Whether values of the type are digests, whatever they name: in memory and in JSON they are alike.
    static func isDigest(_ type: Any.Type) -> Bool {
        type == Digest.self || type == TrialID.self || type == TrainingID.self || type == JobID.self
    }

    /// Whether it is one of the standard integers other than `Int`. To ask a type for a protocol takes many times longer.
    static func isInteger(_ type: Any.Type) -> Bool { integers.contains(ObjectIdentifier(type)) }
}

/// By hand rather than through Codable: a coordinator reads some hundred thousand texts at its start.
private struct JSONReader {
    private let bytes: [UInt8]
    private var at = 0
    private var depth = 0

    static func value(_ bytes: [UInt8]) -> JSONValue? {
        var reader = JSONReader(bytes: bytes)
        guard let value = reader.value() else { return nil }
        reader.skipSpace()
        return reader.at == reader.bytes.count ? value : nil
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var current: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func skipSpace() {
        while let byte = current, byte == 32 || byte == 10 || byte == 13 || byte == 9 { at += 1 }
    }

    private mutating func accept(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard current == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }

    private mutating func accept(word: StaticString) -> Bool {
        let end = at + word.utf8CodeUnitCount
        guard end <= bytes.count else { return false }
        for index in 0..<word.utf8CodeUnitCount where bytes[at + index] != word.utf8Start[index] { return false }
        at = end
        return true
    }

    private mutating func value() -> JSONValue? {
        skipSpace()
        guard depth < 100, let first = current else { return nil }
        depth += 1
        defer { depth -= 1 }
        switch first {
        case UInt8(ascii: "{"): return object()
        case UInt8(ascii: "["): return array()
        case UInt8(ascii: "\""): return string().map(JSONValue.string)
        case UInt8(ascii: "t"): return accept(word: "true") ? .bool(true) : nil
        case UInt8(ascii: "f"): return accept(word: "false") ? .bool(false) : nil
        case UInt8(ascii: "n"): return accept(word: "null") ? .null : nil
        default: return number()
        }
    }

    private mutating func object() -> JSONValue? {
        at += 1
        var values = [String: JSONValue]()
        if accept("}") { return .object(values) }
        repeat {
            skipSpace()
            guard current == UInt8(ascii: "\""), let key = string(), accept(":"), let value = value() else {
                return nil
            }
            values[key] = value
        } while accept(",")
        return accept("}") ? .object(values) : nil
    }

    private mutating func array() -> JSONValue? {
        at += 1
        var values = [JSONValue]()
        if accept("]") { return .array(values) }
        repeat {
            guard let value = value() else { return nil }
            values.append(value)
        } while accept(",")
        return accept("]") ? .array(values) : nil
    }

    private mutating func number() -> JSONValue? {
        let start = at
        while let byte = current, (48...57).contains(byte) || "+-.eE".utf8.contains(byte) { at += 1 }
        let text = Substring(decoding: bytes[start..<at], as: UTF8.self)
        if let whole = Int64(text) { return .integer(whole) }
        guard let number = Double(text), number.isFinite else { return nil }
        return .number(number)
    }

    /// Nil also where it holds what no JSON string may: bytes that are no UTF-8, and control characters.
    private mutating func string() -> String? {
        at += 1
        let start = at
        while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 32 { at += 1 }
        // Most strings have no escapes.
        var text = bytes[start..<at]
        while let byte = current {
            at += 1
            switch byte {
            case UInt8(ascii: "\""): return String(validating: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let scalar = escape() else { return nil }
                text += String(Character(scalar)).utf8
            case 0..<32: return nil
            default: text.append(byte)
            }
        }
        return nil
    }

    private mutating func escape() -> Unicode.Scalar? {
        guard let byte = current else { return nil }
        at += 1
        switch byte {
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "u"):
            guard let high = codeUnit() else { return nil }
            guard UTF16.isLeadSurrogate(high) else { return Unicode.Scalar(high) }
            guard accept(word: "\\u"), let low = codeUnit(), UTF16.isTrailSurrogate(low) else { return nil }
            return UTF16.decode(UTF16.EncodedScalar([high, low]))
        default: return Unicode.Scalar(byte)
        }
    }

    private mutating func codeUnit() -> UInt16? {
        guard at + 4 <= bytes.count else { return nil }
        defer { at += 4 }
        return UInt16(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16)
    }
}
