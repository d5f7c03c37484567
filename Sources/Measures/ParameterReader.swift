import JobContract

/// Reads a measure's parameters, falling back on its defaults.
struct ParameterReader {
    let measure: String
    let values: [String: JSONValue]

    /// Throws MeasureError for a parameter the measure does not have.
    init<M: Measure>(_ type: M.Type, _ parameters: [String: JSONValue]) throws {
        measure = type.name
        for name in parameters.keys.sorted() where type.defaults[name] == nil {
            let known = type.defaults.keys.sorted().joined(separator: ", ")
            throw MeasureError("\(type.name) has no parameter \"\(name)\"; it has \(known)")
        }
        values = type.defaults.merging(parameters) { _, given in given }
    }

    func integer(_ name: String, _ range: ClosedRange<Int>) throws -> Int {
        guard let value = values[name]?.integerValue, range.contains(value) else {
            throw wrong(name, "an integer in \(range.lowerBound)...\(range.upperBound)")
        }
        return value
    }

    func flag(_ name: String) throws -> Bool {
        guard let value = values[name]?.boolValue else { throw wrong(name, "true or false") }
        return value
    }

    func choice<T: RawRepresentable<String> & CaseIterable>(_ name: String, _ type: T.Type) throws -> T {
        guard let text = values[name]?.stringValue, let value = T(rawValue: text) else {
            throw wrong(name, "one of " + T.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))
        }
        return value
    }

    func noiseLevels(_ name: String) throws -> [Double] {
        try numbers(name, "a list of noise levels above 0") { $0 > 0 }
    }

    func number(_ name: String, _ expected: String, where allowed: (Double) -> Bool) throws -> Double {
        guard let value = values[name]?.doubleValue, value.isFinite, allowed(value) else {
            throw wrong(name, expected)
        }
        return value
    }

    func numbers(_ name: String, _ expected: String, where allowed: (Double) -> Bool) throws -> [Double] {
        let numbers = values[name]?.arrayValue?.map { $0.doubleValue ?? .nan } ?? []
        guard !numbers.isEmpty, numbers.allSatisfy({ $0.isFinite && allowed($0) }) else { throw wrong(name, expected) }
        return numbers
    }

    func texts<T>(_ name: String, _ expected: String, _ read: (String) -> T?) throws -> [T] {
        let list = values[name]?.arrayValue ?? []
        let found = list.compactMap { $0.stringValue.flatMap(read) }
        guard !found.isEmpty, found.count == list.count else { throw wrong(name, expected) }
        return found
    }

    private func wrong(_ name: String, _ expected: String) -> MeasureError {
        MeasureError("\(measure).\(name) must be \(expected)")
    }
}
