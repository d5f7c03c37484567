import JobContract

extension KeyDeclaration {
    /// What is wrong with the first key of a worker's description that is no declaration; nil where all are.
    static func strange(in description: some Collection<UInt8>) -> String? {
        let keys = JSONText.read(description)?.objectValue?["keys"]
        guard let keys, keys != .null else { return nil }
        guard let values = keys.arrayValue else { return "keys: expected a list" }
        for (place, value) in values.enumerated() {
            do {
                _ = try JSONText.decode(KeyDeclaration.self, of: value)
            } catch {
                let name = value.objectValue?["key"]?.stringValue.map { String($0.prefix(100)) }
                return "keys: \(name ?? "number \(place + 1)") \(words(error))"
            }
        }
        return nil
    }

    private static func words(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): return "lacks the field \(key.stringValue)"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
            DecodingError.dataCorrupted(let context):
            guard let field = context.codingPath.last?.stringValue else { return "is no declaration" }
            let kinds = field == "kind" ? ": expected integer, number, flag or text" : ""
            return "has a \(field) that is none\(kinds)"
        default: return "is no declaration"
        }
    }
}
