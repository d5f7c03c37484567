import JobContract
import SweepFiles

/// Reads the keys of a training's spec by the table of keys, and refuses keys that nobody reads.
struct SpecReader {
    private let values: [String: JSONValue]
    private var unread: Set<String>

    init(_ spec: [String: JSONValue]) {
        values = spec
        unread = Set(spec.keys)
    }

    /// The value of a key, of the key's type and in its range. A key that is younger than the first release has its default
    /// where the spec lacks it.
    private mutating func value<T>(_ name: String, _ read: (JSONValue) -> T?) throws -> T {
        unread.remove(name)
        guard let key = SpecKey.named(name) else {
            throw JobFailure(.internal, "\(name) is not in the table of keys")
        }
        guard let value = values[name] ?? (key.isLater ? key.fallback : nil) else {
            throw JobFailure(.unsupported, "the job's spec lacks \(name): expected \(key.expected)")
        }
        guard let result = key.admit(value).flatMap(read) else {
            throw JobFailure(.unsupported, "\(name) is \(Self.text(value)): expected \(key.expected)")
        }
        return result
    }

    mutating func integer(_ key: String) throws -> Int { try value(key, \.integerValue) }
    mutating func number(_ key: String) throws -> Double { try value(key, \.doubleValue) }
    mutating func flag(_ key: String) throws -> Bool { try value(key, \.boolValue) }
    mutating func text(_ key: String) throws -> String { try value(key, \.stringValue) }
    mutating func integers(_ key: String) throws -> [Int] {
        try value(key) { $0.arrayValue?.compactMap(\.integerValue) }
    }

    /// A key whose value is one of several disjoint parts, `{"index": i, "of": k}`.
    mutating func part(_ key: String) throws -> (index: Int, of: Int) {
        try value(key) { value in
            guard let part = value.objectValue, let index = part["index"]?.integerValue,
                let of = part["of"]?.integerValue
            else { return nil }
            return (index, of)
        }
    }

    /// Passes over keys that nothing here reads.
    mutating func pass(_ keys: some Sequence<String>) { unread.subtract(keys) }

    /// Throws where keys are left that nobody has read, for their meaning would be silently lost.
    func finish() throws {
        guard let name = unread.min() else { return }
        if let key = SpecKey.named(name), let other = key.reader.stranger(values) {
            throw JobFailure(.unsupported, "\(name) is read by \(key.reader) only, not by \(other)")
        }
        throw JobFailure(.unsupported, "this worker does not know the key \(name); use a newer worker or leave it out")
    }

    private static func text(_ value: JSONValue) -> String {
        let line = (try? jsonLine(value)) ?? "unreadable"
        return line.count > 60 ? String(line.prefix(60)) + "…" : line
    }
}
