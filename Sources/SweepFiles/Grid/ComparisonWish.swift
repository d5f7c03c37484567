import JobContract
import SweepModel

/// A comparison as a sweep file asks for it. Which trials are compared follows from the grid.
struct ComparisonWish: Sendable {
    private let wish: ResolvedWish
    /// Keys in which compared trials differ; in all other axes they are alike.
    private let across: [String]

    /// What `across` is where the file says nothing: parts of one dataset, as the papers compare trainings on disjoint
    /// halves.
    static let usualKeys = ["dataset.part"]

    /// Nil for a measure of one trial.
    init?(_ wish: ResolvedWish) {
        guard let across = wish.across else { return nil }
        self.wish = wish
        self.across = across
    }

    private var request: MeasureRequest { wish.request }

    /// Comparisons of every two trials that differ in no axis but those of `across`, or of all such trials together, in the
    /// order of the trials. Throws where there are no such trials, where a key that the file names is no axis, and where a
    /// measure that tells images apart would compare trials of the same images.
    func comparisons(
        among trials: [Trial], of trainings: [TrainingID: Training], axes: Set<String>
    ) throws(SweepFileError) -> [Comparison] {
        if let tree = wish.given["across"], let key = across.first(where: { !axes.contains($0) }) {
            throw tree.failure(
                "no axis of this sweep is \(key), so that no two trials differ in it: expected other keys",
                key: "\(wish.name).across")
        }
        var places: [String: Int] = [:]
        var groups: [[Trial]] = []
        for trial in trials {
            let name = JSONValue.object(trial.asked.filter { !across.contains($0.key) }).flowYAML
            let place = places[name] ?? groups.count
            if place == groups.count {
                places[name] = place
                groups.append([])
            }
            groups[place].append(trial)
        }
        try checkSubsets(groups, trainings)
        let isTogether = request.parameters[MeasureRequest.together]?.boolValue == true
        let found = groups.flatMap { group in
            guard !isTogether else { return group.count > 1 ? [comparison(of: group)] : [] }
            return group.indices.flatMap { first in
                group[(first + 1)...].map { comparison(of: [group[first], $0]) }
            }
        }
        if found.isEmpty {
            throw wish.failure(
                "it compares trials that differ in \(across.joined(separator: " or ")) only, and no two of this sweep "
                    + "do: expected such an axis, or other keys after across")
        }
        return found
    }

    /// The comparison is recorded of the least of `members` in the keys of `across`, so that in all pairs the first member
    /// is of the same side. Replicates have no sides: their comparison is recorded of the least identity.
    private func comparison(of members: [Trial]) -> Comparison {
        let sides = across.filter { !Trial.replicateKeys.contains($0) }.sorted()
        let sorted = members.sorted { first, second in
            for key in sides {
                let (a, b) = (first.asked[key], second.asked[key])
                if a != b, let a, let b { return Self.isLess(a, b) }
            }
            return first.id < second.id
        }.map(\.id)
        return Comparison(trial: sorted[0], request: request.comparing(with: sorted.dropFirst()))
    }

    private static func isLess(_ a: JSONValue, _ b: JSONValue) -> Bool {
        if let a = a.doubleValue, let b = b.doubleValue { return a < b }
        return a.flowYAML < b.flowYAML
    }

    private func checkSubsets(
        _ groups: [[Trial]], _ trainings: [TrainingID: Training]
    ) throws(SweepFileError) {
        guard wish.isOfSubsets else { return }
        for group in groups {
            var known: [[String: JSONValue]: TrialID] = [:]
            for trial in group {
                let spec = trainings[trial.training]?.spec ?? [:]
                let images = spec.filter { $0.key.hasPrefix("dataset.") && $0.key != "dataset.flip" }
                if let other = known.updateValue(trial.id, forKey: images) {
                    throw wish.failure(
                        "it tells apart what networks of different images made, but across "
                            + "\(across.joined(separator: ", ")) the trials \(other.short) and \(trial.id.short) are of the same: "
                            + "expected across dataset.part or dataset.subset_seed alone")
                }
            }
        }
    }
}
