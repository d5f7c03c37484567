import JobContract

/// Reads the keys of a training's spec, each once, and refuses what it does not know.
struct SpecReader {
    private let values: [String: JSONValue]
    private var unread: Set<String>

    init(_ spec: [String: JSONValue]) {
        values = spec
        unread = Set(spec.keys)
    }

    private mutating func value<T>(_ key: String, _ expected: String, _ read: (JSONValue) -> T?) throws -> T {
        unread.remove(key)
        guard let value = values[key] else {
            throw JobFailure(.unsupported, "the job's spec lacks \(key): expected \(expected)")
        }
        guard let result = read(value) else {
            throw JobFailure(.unsupported, "\(key) is \(Self.text(value)): expected \(expected)")
        }
        return result
    }

    mutating func integer(_ key: String, _ range: ClosedRange<Int>) throws -> Int {
        try value(key, "an integer in \(range.lowerBound)...\(range.upperBound)") {
            $0.integerValue.flatMap { range.contains($0) ? $0 : nil }
        }
    }

    mutating func number(_ key: String, _ expected: String, where allowed: (Double) -> Bool) throws -> Double {
        try value(key, expected) { $0.doubleValue.flatMap { $0.isFinite && allowed($0) ? $0 : nil } }
    }

    mutating func flag(_ key: String) throws -> Bool { try value(key, "true or false", \.boolValue) }

    mutating func integers(_ key: String, _ range: ClosedRange<Int>) throws -> [Int] {
        try value(key, "a list of integers in \(range.lowerBound)...\(range.upperBound)") { value in
            guard let list = value.arrayValue else { return nil }
            let integers = list.compactMap { $0.integerValue.flatMap { range.contains($0) ? $0 : nil } }
            return integers.count == list.count ? integers : nil
        }
    }

    /// A key for which this worker knows one value only.
    mutating func only(_ expected: JSONValue, for key: String) throws {
        try value(key, "\(Self.text(expected)), which is all that this worker knows") { $0 == expected ? () : nil }
    }

    /// One of disjoint parts, `{"index": i, "of": k}`.
    mutating func part(_ key: String) throws -> (index: Int, of: Int) {
        try value(key, #"{"index": i, "of": k} with 0 ≤ i < k"#) { value in
            guard let object = value.objectValue, object.count == 2, let index = object["index"]?.integerValue,
                let count = object["of"]?.integerValue, index >= 0, index < count
            else { return nil }
            return (index, count)
        }
    }

    /// Passes over keys that say where the data came from: the prepared file is named by digest.
    mutating func pass(_ keys: String...) { unread.subtract(keys) }

    /// Throws when keys are left that nobody read: their meaning would be silently lost.
    func finish() throws {
        guard let key = unread.min() else { return }
        throw JobFailure(.unsupported, "this worker does not know the key \(key); use a newer worker or leave it out")
    }

    private static func text(_ value: JSONValue) -> String {
        let line = (try? jsonLine(value)) ?? "unreadable"
        return line.count > 60 ? String(line.prefix(60)) + "…" : line
    }
}
