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
        throw JSONTextError(description: explain(error))
    }
}

struct JSONTextError: Error, CustomStringConvertible {
    let description: String
}

private func explain(_ error: DecodingError) -> String {
    func place(_ context: DecodingError.Context) -> String {
        context.codingPath.isEmpty ? "" : "at \(context.codingPath.map(\.stringValue).joined(separator: ".")): "
    }
    switch error {
    case .keyNotFound(let key, let context): return "\(place(context))\"\(key.stringValue)\" is missing"
    case .valueNotFound(_, let context), .typeMismatch(_, let context), .dataCorrupted(let context):
        return place(context) + context.debugDescription
    @unknown default: return "unreadable JSON"
    }
}
