import JobContract

/// A parameter of a measure of this project, declared once: by this declaration jobs are read and sweeps refused, and
/// `describe` and docs/measures.md show it.
package struct MeasureParameter: Sendable {
    package var declaration: ParameterDeclaration
    /// The default.
    package var fallback: JSONValue

    package var name: String { declaration.name }

    package static func integer(
        _ name: String, _ range: ClosedRange<Int>, _ fallback: Int, when: [String: [String]]? = nil, _ meaning: String
    ) -> MeasureParameter {
        MeasureParameter(
            declaration: ParameterDeclaration(
                name: name, kind: .integer, least: Double(range.lowerBound), most: Double(range.upperBound), when: when,
                meaning: meaning),
            fallback: .integer(Int64(fallback)))
    }

    package static func flag(_ name: String, _ fallback: Bool, _ meaning: String) -> MeasureParameter {
        MeasureParameter(
            declaration: ParameterDeclaration(name: name, kind: .flag, meaning: meaning), fallback: .bool(fallback))
    }

    package static func choice<T: RawRepresentable<String> & CaseIterable>(
        _ name: String, _ fallback: T, _ meaning: String
    ) -> MeasureParameter {
        MeasureParameter(
            declaration: ParameterDeclaration(
                name: name, kind: .text, choices: T.allCases.map(\.rawValue), meaning: meaning),
            fallback: .string(fallback.rawValue))
    }

    /// Any other parameter, such as a number or a list, as the declaration says.
    package static func of(_ declaration: ParameterDeclaration, _ fallback: JSONValue) -> MeasureParameter {
        MeasureParameter(declaration: declaration, fallback: fallback)
    }

    /// The others of a comparison; the coordinator says which they are.
    package static let others = MeasureParameter(
        declaration: ParameterDeclaration(
            name: MeasureRequest.othersParameter, kind: .text, list: .init(least: 0),
            meaning: "the trials it compares with"),
        fallback: [])
}
