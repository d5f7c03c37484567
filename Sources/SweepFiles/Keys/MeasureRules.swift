import JobContract
import SweepModel

extension ResolvedWish {
    /// Refuses keys after `across` of which it is plain by their names that the measure cannot compare trials over them.
    func checkKeys() throws(SweepFileError) {
        guard let across else { return }
        let shapes = across.filter { ["dataset.resolution", "dataset.channels"].contains($0) }
        if rules.contains(where: { $0.fact == .shape }), !shapes.isEmpty {
            throw failure(
                "it compares networks of images of one shape, but across \(shapes.joined(separator: ", ")) they have "
                    + "several: expected other keys after across")
        }
        // Trials that differ in no key of their images have the same ones.
        guard isOfSubsets, !across.contains(where: { $0.hasPrefix("dataset.") && $0 != "dataset.flip" }) else { return }
        throw failure(
            "it tells apart what networks of different images made, but across \(across.joined(separator: ", ")) they are "
                + "of the same images, and it is zero by construction; compare across dataset.part or dataset.subset_seed"
        )
    }

    func failure(_ message: String) -> SweepFileError {
        SweepFileError(message, key: "measures.\(name)", at: origin)
    }
}

/// The rules by which the measures of a sweep need something of its trials.
struct MeasureRules {
    let wishes: [ResolvedWish]
    /// The noise levels of the worker's networks, by preconditioning, and of the worker's beside it.
    private let levels: [String: LevelRange]
    private let otherLevels: [String: LevelRange]
    private let table: KeyTable
    /// The keys that the rules look at.
    let keys: [String]
    /// The key that only networks have which were trained elsewhere.
    private static let weights = "model.weights"

    init(_ wishes: [ResolvedWish], by worker: WorkerDescription, beside table: KeyTable) {
        self.wishes = wishes
        self.table = table
        levels = worker.levels ?? [:]
        otherLevels = table.other?.levels ?? [:]
        let facts = Set(wishes.flatMap(\.rules).map(\.fact))
        var keys: [String] = []
        if facts.contains(.training) { keys.append("dataset.size") }
        if facts.contains(.heldOut) { keys.append("dataset.held_out") }
        if facts.contains(.recipe) { keys.append(Self.weights) }
        if facts.contains(.pixels) { keys += ["dataset.resolution", "dataset.channels"] }
        if facts.contains(.levels) || wishes.contains(where: \.samples) {
            keys += ["model.architecture", "training.noise", "training.preconditioning"]
        }
        self.keys = keys
    }

    /// Throws for a trial that lacks what a measure needs. Returns the noise levels that its network is for; nil where they
    /// are not known, and for a network of one level, to which measures keep.
    func check(_ values: [String: JSONValue]) throws(SweepFileError) -> LevelRange? {
        let isForOneLevel = values["training.noise"] == "fixed"
        if isForOneLevel, let architecture = values["model.architecture"]?.stringValue,
            SpecKey.architectures.contains(architecture), let wish = wishes.first(where: \.samples)
        {
            throw wish.failure(
                "draws samples, which takes a network of all noise levels; trainings here have one (training.noise is "
                    + "fixed, architecture \(architecture)): expected another sweep for these")
        }
        let known = table.isOthers(values) ? otherLevels : levels
        let range = isForOneLevel ? nil : known[values["training.preconditioning"]?.stringValue ?? ""]
        for wish in wishes {
            for rule in wish.rules where rule.when?.holds(of: wish.request.parameters) != false {
                switch rule.fact {
                case .training: try check(wish, rule, values, ["dataset.size"], "training images")
                case .heldOut: try check(wish, rule, values, ["dataset.held_out"], "held-out images")
                case .pixels:
                    let keys = ["dataset.channels", "dataset.resolution", "dataset.resolution"]
                    try check(wish, rule, values, keys, "numbers in an image")
                case .levels: try check(wish, rule, range, values["training.preconditioning"])
                // A rule of comparisons, which `checkKeys` checks.
                case .shape: break
                case .recipe:
                    guard let weights = values[Self.weights], weights != SpecKey.named(Self.weights)?.fallback else {
                        break
                    }
                    throw wish.failure(
                        "needs networks of which it is known how they were trained, but \(Self.weights) is "
                            + "\(weights.flowYAML), a network that was trained elsewhere")
                }
            }
        }
        return range
    }

    /// Checks a rule about a count, which is the product of the values of `keys`.
    private func check(
        _ wish: ResolvedWish, _ rule: MeasureRule, _ values: [String: JSONValue], _ keys: [String], _ what: String
    ) throws(SweepFileError) {
        let counts = keys.map { values[$0]?.integerValue ?? 0 }
        let count = counts.reduce(1, *)
        let said =
            keys.count == 1
            ? "\(keys[0]) is \(count)" : "an image has \(counts.map(String.init).joined(separator: " × ")) = \(count)"
        if let least = rule.least, count < least {
            let condition = (rule.when ?? [:]).keys.sorted()
                .map { "with \($0) \((wish.request.parameters[$0] ?? .null).flowYAML) " }.joined()
            throw wish.failure(
                "\(condition)it needs at least \(least) \(least == 1 ? String(what.dropLast()) : what), but \(said)")
        }
        guard let parameter = rule.parameter, let tree = wish.given[parameter],
            let value = wish.request.parameters[parameter]?.doubleValue, value > Double(count)
        else { return }
        throw tree.failure(
            "expected at most as many as there are \(what): \(said); got \(tree.value.flowYAML)",
            key: "\(wish.name).\(parameter)")
    }

    private func check(
        _ wish: ResolvedWish, _ rule: MeasureRule, _ range: LevelRange?, _ preconditioning: JSONValue?
    ) throws(SweepFileError) {
        guard let range, let parameter = rule.parameter else { return }
        let levels = (wish.request.parameters[parameter]?.arrayValue ?? []).compactMap(\.doubleValue)
        guard !levels.isEmpty, !levels.contains(where: range.contains) else { return }
        let message =
            "expected a noise level that networks are for whose training.preconditioning is "
            + "\((preconditioning ?? .null).flowYAML): \(range.inWords)"
        throw wish.given[parameter]?.failure(message, key: "\(wish.name).\(parameter)") ?? wish.failure(message)
    }

    /// Throws for a level that the file gives and that lies in none of these ranges: it would be left out everywhere.
    func checkLevels(_ ranges: Set<LevelRange>) throws(SweepFileError) {
        guard !ranges.isEmpty else { return }
        for wish in wishes {
            for rule in wish.rules where rule.fact == .levels {
                guard let parameter = rule.parameter, let trees = wish.given[parameter]?.list else { continue }
                for tree in trees {
                    guard let level = tree.value.doubleValue, !ranges.contains(where: { $0.contains(level) }) else {
                        continue
                    }
                    let known = ranges.map(\.inWords).sorted().joined(separator: ", or ")
                    throw tree.failure(
                        "no network of this sweep is for the noise level \(tree.value.flowYAML): expected \(known)",
                        key: "\(wish.name).\(parameter)")
                }
            }
        }
    }
}

extension LevelRange {
    var inWords: String {
        let least = JSONValue.number(least).canonical.flowYAML
        return most.map { "\(least) to \(JSONValue.number($0).canonical.flowYAML)" } ?? "at least \(least)"
    }
}
