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

    func choice<T: RawRepresentable<String> & CaseIterable>(_ name: String, _ type: T.Type) throws -> T {
        guard let text = values[name]?.stringValue, let value = T(rawValue: text) else {
            throw wrong(name, "one of " + T.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))
        }
        return value
    }

    func noiseLevels(_ name: String) throws -> [Double] {
        let levels = values[name]?.arrayValue?.map { $0.doubleValue ?? .nan } ?? []
        guard !levels.isEmpty, levels.allSatisfy({ $0 > 0 && $0.isFinite }) else {
            throw wrong(name, "a list of noise levels above 0")
        }
        return levels
    }

    private func wrong(_ name: String, _ expected: String) -> MeasureError {
        MeasureError("\(measure).\(name) must be \(expected)")
    }
}
