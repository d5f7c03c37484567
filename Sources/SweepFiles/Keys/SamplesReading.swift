import JobContract
import SweepModel

extension SamplesSource {
    static let shape = "{samples: TRIAL, count: n}"
    /// The most that the measure draws.
    static let mostImages = 1_000_000

    /// Reads `{samples: TRIAL, count: n, seed: s, sampler: heun, steps: 18}`.
    init(_ members: [YAMLTree.Member], of tree: YAMLTree) throws(SweepFileError) {
        let key = "dataset.source"
        let known = ["samples", "count", "seed", "sampler", "steps"]
        var given: [String: YAMLTree] = [:]
        for member in members {
            guard known.contains(member.key) else {
                throw SweepFileError(
                    "no such part of a source: \(member.key)" + NearestName.advice(for: member.key, among: known),
                    key: key, at: member.origin)
            }
            guard given.updateValue(member.value, forKey: member.key) == nil else {
                throw SweepFileError("\(member.key) is given twice", key: key, at: member.origin)
            }
        }
        guard let trial = given["samples"], let count = given["count"] else {
            throw tree.failure("expected \(Self.shape), a path or a built-in generator", key: key)
        }
        self.init(trial: try Self.trial(trial), count: try count.integer("count", in: 1...Self.mostImages))
        if let value = given["seed"] { seed = try value.integer("seed", in: 0...9_007_199_254_740_991) }
        if let value = given["steps"] { steps = try value.integer("steps", in: 1...10_000) }
        if let value = given["sampler"] {
            sampler = try value.text("heun or euler")
            guard sampler == "heun" || sampler == "euler" else {
                throw value.failure("expected heun or euler, got \(sampler.prefix(80))", key: key)
            }
        }
    }

    /// The digits of an ID may look like a number.
    private static func trial(_ tree: YAMLTree) throws(SweepFileError) -> String {
        if case .scalar(let text, _) = tree.content, !text.isEmpty { return text }
        throw tree.failure("expected the first digits of a trial's ID, or its place", key: "dataset.source")
    }
}

extension SpecKey {
    /// A value as the file's author is shown it.
    func shown(_ value: JSONValue) -> JSONValue {
        guard name == "dataset.source", let text = value.stringValue, let samples = SamplesSource(text) else {
            return value
        }
        return .string(samples.words)
    }
}
