/// The one serialisation of a JSON value: RFC 8785 (JSON Canonicalization Scheme).
///
/// Keys are sorted by UTF-16 code units, numbers are written as ECMAScript writes them, strings with the shortest
/// escapes, nothing else between tokens. Equal values have equal bytes on every machine, so digests of the bytes can
/// be names.
package enum CanonicalJSON {
    /// What has no canonical form.
    package enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
        case notFinite(Double)
        /// Beyond ±(2⁵³ − 1) an integer is not safe in JSON (RFC 7493, 2.2) unless it is a number's own shortest text.
        case unsafeInteger(Int64)

        package var description: String {
            switch self {
            case .notFinite(let value): "JSON has no \(value)"
            case .unsafeInteger(let value):
                "\(value) is no safe JSON integer: expected one between −(2⁵³ − 1) and 2⁵³ − 1"
            }
        }
    }

    /// The canonical bytes, UTF-8.
    package static func encode(_ value: JSONValue) throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        try append(value, to: &bytes)
        return bytes
    }

    /// The canonical text.
    package static func text(_ value: JSONValue) throws(Failure) -> String {
        String(decoding: try encode(value), as: UTF8.self)
    }

    package static func append(_ value: JSONValue, to bytes: inout [UInt8]) throws(Failure) {
        switch value {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value):
            let text = String(value)
            if value.magnitude >= 1 << 53 {
                // What a number that is no integer here was written as comes back as an integer.
                let asNumber = try number(Double(value))
                guard asNumber == text else { throw .unsafeInteger(value) }
            }
            bytes.append(contentsOf: text.utf8)
        case .number(let value): bytes.append(contentsOf: try number(value).utf8)
        case .string(let value): append(string: value, to: &bytes)
        case .array(let values):
            bytes.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                try append(value, to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            // ASCII, the usual case, sorts alike in every encoding and several times faster by itself.
            let isASCII = members.keys.allSatisfy { $0.utf8.allSatisfy { $0 < 0x80 } }
            let keys =
                isASCII
                ? members.keys.sorted() : members.keys.sorted { $0.utf16.lexicographicallyPrecedes($1.utf16) }
            for (index, key) in keys.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                append(string: key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                try append(members[key] ?? .null, to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    /// RFC 8785, 3.2.2.2: two-character escapes where there are any, \u00xx for other controls, all else as it is.
    package static func append(string: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        defer { bytes.append(UInt8(ascii: "\"")) }
        // Most strings need no escapes.
        let isPlain = string.utf8.withContiguousStorageIfAvailable { text in
            guard text.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5c }) else { return false }
            bytes.append(contentsOf: text)
            return true
        }
        if isPlain == true { return }
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes.append(contentsOf: #"\""#.utf8)
            case UInt8(ascii: "\\"): bytes.append(contentsOf: #"\\"#.utf8)
            case 0x08: bytes.append(contentsOf: #"\b"#.utf8)
            case 0x09: bytes.append(contentsOf: #"\t"#.utf8)
            case 0x0a: bytes.append(contentsOf: #"\n"#.utf8)
            case 0x0c: bytes.append(contentsOf: #"\f"#.utf8)
            case 0x0d: bytes.append(contentsOf: #"\r"#.utf8)
            case 0..<0x20:
                bytes.append(contentsOf: #"\u00"#.utf8)
                for digit in [byte >> 4, byte & 15] { bytes.append(digit < 10 ? digit + 48 : digit + 87) }
            default: bytes.append(byte)
            }
        }
    }

    /// A number as ECMAScript's Number::toString writes it (RFC 8785, 3.2.2.3).
    package static func number(_ value: Double) throws(Failure) -> String {
        guard value.isFinite else { throw .notFinite(value) }
        if value == 0 { return "0" }
        let text = value.description
        // Without an exponent, Swift writes as ECMAScript does, but for the ".0" of whole numbers.
        if !text.utf8.contains(UInt8(ascii: "e")) { return text.hasSuffix(".0") ? String(text.dropLast(2)) : text }
        let sign = value < 0 ? "-" : ""
        let (digits, point) = shortestDigits(value.magnitude)
        let count = digits.count
        if count <= point && point <= 21 {
            return sign + digits + String(repeating: "0", count: point - count)
        }
        if 0 < point && point <= 21 {
            return sign + digits.prefix(point) + "." + digits.dropFirst(point)
        }
        if -6 < point && point <= 0 {
            return sign + "0." + String(repeating: "0", count: -point) + digits
        }
        let exponent = point - 1
        let fraction = count > 1 ? "." + digits.dropFirst() : ""
        return sign + digits.prefix(1) + fraction + "e" + (exponent < 0 ? "-" : "+") + String(exponent.magnitude)
    }

    /// The shortest digits that read back as `value`, nearest to it among those, and the decimal point's place
    /// counted from their start: value = 0.digits · 10^point.
    private static func shortestDigits(_ value: Double) -> (digits: String, point: Int) {
        var digits = ""
        var point: Int?
        var exponent = 0
        let text = value.description
        for (offset, character) in zip(text.indices, text) {
            if character == "." {
                point = digits.count
            } else if character == "e" {
                exponent = Int(text[text.index(after: offset)...]) ?? 0
                break
            } else {
                digits.append(character)
            }
        }
        var place = (point ?? digits.count) + exponent
        let leading = digits.prefix(while: { $0 == "0" }).count
        digits.removeFirst(leading)
        place -= leading
        while digits.last == "0" { digits.removeLast() }
        return (digits, place)
    }
}

extension Digest {
    /// The digest of a value's canonical form.
    package init(canonical value: JSONValue) throws(CanonicalJSON.Failure) {
        self.init(of: try CanonicalJSON.encode(value))
    }
}
