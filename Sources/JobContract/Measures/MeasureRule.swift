/// What a measure needs of the trials that it is taken of, beside what its quantities need
/// (`QuantityDeclaration.Need`): `plan` and `launch` refuse by it what the worker would.
package struct MeasureRule: Hashable, Sendable, Codable {
    /// What a trial's keys say.
    package enum Fact: String, Hashable, Sendable, Codable {
        /// How many images it trains on, `dataset.size`.
        case training
        /// How many images are held out, `dataset.held_out`.
        case heldOut = "held_out"
        /// How many numbers an image has.
        case pixels
        /// The noise levels that its network is for (`WorkerDescription.levels`).
        case levels
        /// Of a comparison, the shape of images: it must be one.
        case shape
        /// How its network was trained: not elsewhere.
        case recipe
    }

    package var fact: Fact
    /// The least that a count may be.
    package var least: Int?
    /// Of a count, the parameter that may not be above it where it is asked for; of `levels`, that which lists levels: one
    /// of them at least must be among those that the network is for.
    package var parameter: String?
    /// Where it holds (`ParameterDeclaration.when`); nil: always.
    package var when: [String: [String]]?

    package init(_ fact: Fact, least: Int? = nil, parameter: String? = nil, when: [String: [String]]? = nil) {
        self.fact = fact
        self.least = least
        self.parameter = parameter
        self.when = when
    }
}

/// The noise levels from `least` to `most`; nil has no end.
package struct LevelRange: Hashable, Sendable, Codable {
    package var least: Double
    package var most: Double?

    package init(least: Double, most: Double?) {
        self.least = least
        self.most = most
    }

    package func contains(_ level: Double) -> Bool { level >= least && most.map { level <= $0 } ?? true }
}

extension MeasureRule {
    /// As part of a sentence that begins with "needs".
    package var inWords: String {
        let condition = when.map { " where \($0.inWords)" } ?? ""
        switch fact {
        case .training, .heldOut, .pixels:
            let what =
                fact == .training ? "training images" : fact == .heldOut ? "held-out images" : "numbers in an image"
            let least = self.least.map { "at least \($0) \($0 == 1 ? String(what.dropLast()) : what)" }
            let most = parameter.map { "as many \(what) as `\($0)`, if that is asked for" }
            return [least, most].compactMap(\.self).joined(separator: " and ") + condition
        case .levels: return "one of `\(parameter ?? "")` among the noise levels that the network is for\(condition)"
        case .shape: return "images of one shape\(condition)"
        case .recipe: return "networks of which it is known how they were trained\(condition)"
        }
    }
}
