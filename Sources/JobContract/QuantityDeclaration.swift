/// What a worker says of a quantity of one of its measures: tables, intervals and refusals go by it.
package struct QuantityDeclaration: Hashable, Sendable, Codable {
    /// How its values are counted.
    package enum Kind: String, Hashable, Sendable, Codable {
        /// The share of `n` draws for which something holds.
        case share
        /// Any other number.
        case mean
    }

    /// What a value is a fact of: trials that share it have one value of it, not several.
    package enum Fact: String, Hashable, Sendable, Codable {
        /// The trial's network.
        case network
        /// The images alone, of a comparison those of all its trials; networks trained on them do not change it.
        case subset
        /// The networks of a comparison together.
        case pair
    }

    /// What it takes.
    package enum Need: String, Hashable, Sendable, Codable {
        /// A network of all noise levels.
        case sampler
        /// Backward passes.
        case derivative
        /// The images that the network was trained on.
        case training
        /// Images that no network was trained on.
        case heldOut = "held_out"
        /// Every image of the dataset but those held out.
        case source
        /// A comparison needs trials of different images.
        case subsets
    }

    /// As in rows; `*` stands for one or more characters.
    package var name: String
    package var kind: Kind
    package var fact: Fact
    /// Nil: a pure number.
    package var unit: String?
    /// Whether it has a value for each noise level.
    package var bySigma: Bool?
    /// What its `position` counts; nil where it has none.
    package var position: String?
    package var needs: [Need]?

    package init(
        name: String, kind: Kind, fact: Fact, unit: String? = nil, bySigma: Bool? = nil, position: String? = nil,
        needs: [Need]? = nil
    ) {
        self.name = name
        self.kind = kind
        self.fact = fact
        self.unit = unit
        self.bySigma = bySigma
        self.position = position
        self.needs = needs
    }

    /// Whether it speaks of the quantity of this name.
    package func covers(_ quantity: String) -> Bool {
        guard name.utf8.contains(UInt8(ascii: "*")) else { return name == quantity }
        return Self.matches(Array(name.utf8)[...], Array(quantity.utf8)[...])
    }

    /// Whether it takes that somebody says which images the network was trained on.
    package var takesKnownImages: Bool {
        needs?.contains { $0 == .training || $0 == .heldOut || $0 == .subsets } ?? false
    }

    private static func matches(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        guard !text.isEmpty else { return false }
        if first != UInt8(ascii: "*") {
            return first == text.first && matches(pattern.dropFirst(), text.dropFirst())
        }
        return matches(pattern.dropFirst(), text.dropFirst()) || matches(pattern, text.dropFirst())
    }
}

extension Sequence<QuantityDeclaration> {
    /// The one that speaks of the quantity of this name: that of its very name, else the one that leaves least open.
    package func declaration(of quantity: String) -> QuantityDeclaration? {
        filter { $0.covers(quantity) }.max { ($0.literal, $1.name) < ($1.literal, $0.name) }
    }
}

extension QuantityDeclaration {
    /// Characters that are given; a whole name has more than any other.
    fileprivate var literal: Int { name.utf8.contains(UInt8(ascii: "*")) ? name.utf8.count : .max }
}

extension WorkerDescription {
    /// Whether a measure is none for networks of one noise level: it draws samples whichever quantity is asked for.
    package func samples(_ measure: String) -> Bool {
        let declared = quantities?[measure] ?? []
        return sampling?.contains(measure) == true
            || !declared.isEmpty && declared.allSatisfy { $0.needs?.contains(.sampler) == true }
    }
}
