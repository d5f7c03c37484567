import JobContract
import Quantities

/// Reads a measure's parameters, each as the measure declares it; those left out have their defaults.
struct ParameterReader {
    let measure: String
    let values: [String: JSONValue]

    /// Throws MeasureError for a parameter that the measure does not have, and for a value that it may not have.
    init<M: Measure>(_ type: M.Type, _ parameters: [String: JSONValue]) throws {
        measure = type.name
        let known = type.parameters
        for name in parameters.keys.sorted() where !known.contains(where: { $0.name == name }) {
            let names = known.map(\.name).sorted().joined(separator: ", ")
            throw MeasureError("\(type.name) has no parameter \"\(name)\"; it has \(names)")
        }
        values = type.defaults.merging(parameters) { _, given in given }
        for parameter in known {
            guard let fault = values[parameter.name].map(parameter.declaration.fault) ?? nil else { continue }
            let place = fault.element.map { "element \($0 + 1) of " } ?? ""
            throw MeasureError("\(place)\(type.name).\(parameter.name) must be \(fault.expected)")
        }
    }

    func integer(_ name: String) throws -> Int { try value(name) { $0.integerValue } }

    func flag(_ name: String) throws -> Bool { try value(name) { $0.boolValue } }

    func number(_ name: String) throws -> Double { try value(name) { $0.doubleValue } }

    func numbers(_ name: String) throws -> [Double] { try value(name) { $0.arrayValue?.compactMap(\.doubleValue) } }

    func choice<T: RawRepresentable<String>>(_ name: String, _ type: T.Type) throws -> T {
        try value(name) { $0.stringValue.flatMap(T.init(rawValue:)) }
    }

    /// The words of each element of a list.
    func words<T: RawRepresentable<String>>(_ name: String, _ type: T.Type) throws -> [[T]] {
        try value(name) { value in
            value.arrayValue?.map { element in
                (element.stringValue ?? "").split(separator: " ").compactMap { T(rawValue: String($0)) }
            }
        }
    }

    /// The value of a parameter, which was checked against its declaration. Throws where a measure reads another type than
    /// it declares.
    private func value<T>(_ name: String, _ read: (JSONValue) -> T?) throws -> T {
        guard let value = values[name].flatMap(read) else {
            throw MeasureError("\(measure).\(name) is not declared as it is read")
        }
        return value
    }
}

extension MeasureParameter {
    /// The parameter `samples`, a number of draws.
    static func samples(
        _ fallback: Int, least: Int = 1, most: Int = 1_000_000, _ meaning: String = "samples that are drawn"
    ) -> MeasureParameter { .integer("samples", least...most, fallback, meaning) }

    /// The parameter `sigmas`. Nobody looks beyond its bounds, where squares would leave the range of numbers.
    static func sigmas(_ fallback: JSONValue) -> MeasureParameter {
        .of(
            ParameterDeclaration(
                name: "sigmas", kind: .number, least: 1e-6, most: 1e6, list: .init(), meaning: "noise levels"), fallback
        )
    }

    static func inputs(when: [String: [String]]? = nil) -> MeasureParameter {
        .integer(
            "inputs", 1...100_000_000, 20_000, when: when, "noised images a level that an affine fit takes, at least")
    }
}
