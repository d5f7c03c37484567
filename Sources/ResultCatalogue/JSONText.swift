import Foundation
import JobContract

/// JSON values as the catalogue's text columns hold them: keys sorted, no spaces, whole numbers without a point, so
/// that equal values have equal text.
package enum JSONText {
    package static func write(_ value: JSONValue) -> String {
        var text = [UInt8]()
        append(value, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    package static func write(_ object: [String: JSONValue]) -> String { write(.object(object)) }
    package static func write(_ strings: [String]) -> String { write(.array(strings.map(JSONValue.string))) }

    private static func append(_ value: JSONValue, to text: inout [UInt8]) {
        switch value {
        case .null: text += "null".utf8
        case .bool(let value): text += (value ? "true" : "false").utf8
        case .integer(let value): text += String(value).utf8
        case .number(let value):
            if let whole = Int64(exactly: value) {
                text += String(whole).utf8
            } else {
                text += (value.isFinite ? value.description : "null").utf8
            }
        case .string(let value): append(value, to: &text)
        case .array(let values):
            text.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                append(value, to: &text)
            }
            text.append(UInt8(ascii: "]"))
        case .object(let values):
            text.append(UInt8(ascii: "{"))
            for (index, key) in values.keys.sorted().enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                append(key, to: &text)
                text.append(UInt8(ascii: ":"))
                append(values[key] ?? .null, to: &text)
            }
            text.append(UInt8(ascii: "}"))
        }
    }

    private static func append(_ string: String, to text: inout [UInt8]) {
        text.append(UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                text.append(UInt8(ascii: "\\"))
                text.append(byte)
            case 0..<32:
                let hex = String(byte, radix: 16)
                text += ("\\u" + String(repeating: "0", count: 4 - hex.count) + hex).utf8
            default: text.append(byte)
            }
        }
        text.append(UInt8(ascii: "\""))
    }
}
