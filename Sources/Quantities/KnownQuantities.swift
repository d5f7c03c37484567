import JobContract

/// The measures of this project, in the order in which `describe` lists them.
package enum KnownQuantities {
    package static let all: [MeasureEntry] = [
        .memorization, .copies, .gaussianDistance, .linearity, .distances, .denoising, .loss,
        .rawLoss, .distillation, .posterior, .projection, .jacobian, .agreement, .trajectories, .ownTrajectory,
        .modes, .mutualInformation, .sampleQuality, .samples, .subsetInformation,
    ]

    /// Whether all that a measure of this name gives is taken by products with the Jacobian.
    package static func needsDerivative(_ measure: String) -> Bool {
        all.first { $0.name == measure }?.quantities.allSatisfy { $0.needs.contains(.derivative) } ?? false
    }
}

/// The declarations of quantities: those of the workers that measured them, as the catalogue keeps them, and this project's
/// own for measures of its names whose workers declared nothing.
package struct QuantityBook: Sendable {
    private struct Version: Hashable {
        var measure: String
        var version: Int
    }
    private var declared: [Version: [QuantityDeclaration]] = [:]
    private static let ours = Dictionary(uniqueKeysWithValues: KnownQuantities.all.map { ($0.name, $0.declarations) })

    package init() {}

    package mutating func add(_ declaration: QuantityDeclaration, measure: String, version: Int) {
        declared[Version(measure: measure, version: version), default: []].append(declaration)
    }

    /// The declaration of a quantity; nil where neither its worker nor this project declares it.
    package func declaration(of quantity: String, measure: String, version: Int) -> QuantityDeclaration? {
        let own = declared[Version(measure: measure, version: version)]
        return own?.declaration(of: quantity) ?? Self.ours[measure]?.declaration(of: quantity)
    }
}
