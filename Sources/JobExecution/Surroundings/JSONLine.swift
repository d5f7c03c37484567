import FoundationEssentials
import JobContract

/// `value` as one line of JSON with sorted keys.
func jsonLine(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return ShownText.json(String(decoding: try encoder.encode(value), as: UTF8.self))
}

/// Reads a value from JSON text; errors say which field is wrong.
func decodeJSON<T: Decodable>(_ type: T.Type, from bytes: [UInt8]) throws -> T {
    do {
        return try JSONText.decode(type, from: bytes)
    } catch let error as DecodingError {
        throw JSONTextError(description: explanation(of: error))
    }
}

struct JSONTextError: Error, CustomStringConvertible {
    let description: String
}
