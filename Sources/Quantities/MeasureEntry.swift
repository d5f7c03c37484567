import JobContract

/// A measure of this project. The worker's declarations, tables, intervals and docs/measures.md all take its quantities from
/// here.
package struct MeasureEntry: Sendable {
    package var name: String
    /// Rises when the values of a quantity change.
    package var version: Int
    /// One sentence on what it measures.
    package var about: String
    /// What each version after the first changed, in order.
    package var changes: [String] = []
    /// Files that it leaves for people.
    package var artifacts: [String] = []
    package var quantities: [QuantityEntry]

    package var declarations: [QuantityDeclaration] { quantities.flatMap(\.declarations) }

    /// Whether it takes a network that can be sampled from, whichever quantity is asked for.
    package var samplesAlways: Bool { quantities.allSatisfy { $0.needs.contains(.sampler) } }
}

/// A quantity, or several that differ by a part of their names.
package struct QuantityEntry: Sendable {
    /// The name that docs/measures.md shows; capitals stand for parts that parameters name.
    package var name: String
    /// The names in rows (`QuantityDeclaration.name`).
    package var names: [String]
    package var kind: QuantityDeclaration.Kind
    package var fact: QuantityDeclaration.Fact
    package var unit: String?
    package var bySigma: Bool
    package var position: String?
    package var needs: [QuantityDeclaration.Need]
    package var formula: String
    package var source: String
    /// The sample that the standard error is over.
    package var error: String
    /// The control to compare the measure with.
    package var control: String

    package init(
        _ name: String, names: [String]? = nil, _ kind: QuantityDeclaration.Kind = .mean,
        of fact: QuantityDeclaration.Fact = .network, unit: String? = nil, bySigma: Bool = false,
        position: String? = nil, needs: [QuantityDeclaration.Need], formula: String, source: String = "ours",
        error: String = "none", control: String = "none"
    ) {
        self.name = name
        self.names = names ?? [name]
        self.kind = kind
        self.fact = fact
        self.unit = unit
        self.bySigma = bySigma
        self.position = position
        self.needs = needs
        self.formula = formula
        self.source = source
        self.error = error
        self.control = control
    }

    package var declarations: [QuantityDeclaration] {
        names.map {
            QuantityDeclaration(
                name: $0, kind: kind, fact: fact, unit: unit, bySigma: bySigma ? true : nil, position: position,
                needs: needs.isEmpty ? nil : needs)
        }
    }
}

extension MeasureEntry {
    static let latentsBySeed = "Latents and noise are keyed by the training's seed too (`draws`)."
    static let noiseBySeed = "Noise is keyed by the training's seed too (`draws`)."
}
