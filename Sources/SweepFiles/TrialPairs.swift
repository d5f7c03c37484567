import JobContract
import SweepModel

/// A measure over several trials as asked for: of which trials follows from the grid.
struct ComparisonWish: Sendable {
    private let wish: ResolvedWish
    /// Keys in which compared trials differ; in all other axes they are alike.
    private let across: [String]

    /// Parts of one dataset: the papers compare trainings on disjoint halves.
    static let usualKeys = ["dataset.part"]

    /// Nil of a measure of one trial.
    init?(_ wish: ResolvedWish) {
        guard let across = wish.across else { return nil }
        self.wish = wish
        self.across = across
    }

    private var request: MeasureRequest { wish.request }

    /// Every two trials that differ in no axis but those of `across`, or all such trials together, in the order of the
    /// trials. Throws where there are none, where a key that the file names is no axis, and where a measure that tells
    /// images apart would compare trials of the same ones.
    func comparisons(
        among trials: [Trial], of trainings: [TrainingID: Training], axes: Set<String>
    ) throws(SweepFileError) -> [Comparison] {
        if let tree = wish.given["across"], let key = across.first(where: { !axes.contains($0) }) {
            throw tree.failure(
                "no axis of this sweep is \(key), so that no two trials differ in it: expected other keys",
                key: "\(wish.name).across")
        }
        var places: [String: Int] = [:]
        var groups: [[TrialID]] = []
        for trial in trials {
            let name = JSONValue.object(trial.asked.filter { !across.contains($0.key) }).flowYAML
            let place = places[name] ?? groups.count
            if place == groups.count {
                places[name] = place
                groups.append([])
            }
            groups[place].append(trial.id)
        }
        try checkSubsets(groups, trials, trainings)
        let isTogether = request.parameters[MeasureRequest.together]?.boolValue == true
        let pairs = groups.flatMap { group in
            guard !isTogether else { return group.count > 1 ? [Comparison(of: group, by: request)] : [] }
            return group.indices.flatMap { first in
                group[(first + 1)...].map { Comparison(of: [group[first], $0], by: request) }
            }
        }
        if pairs.isEmpty {
            throw wish.failure(
                "it compares trials that differ in \(across.joined(separator: " or ")) only, and no two of this sweep "
                    + "do: expected such an axis, or other keys after across")
        }
        return pairs
    }

    private func checkSubsets(
        _ groups: [[TrialID]], _ trials: [Trial], _ trainings: [TrainingID: Training]
    ) throws(SweepFileError) {
        guard wish.isOfSubsets else { return }
        let trainingOf = Dictionary(trials.map { ($0.id, $0.training) }, uniquingKeysWith: { first, _ in first })
        for group in groups {
            var known: [[String: JSONValue]: TrialID] = [:]
            for trial in group {
                let spec = trainingOf[trial].flatMap { trainings[$0] }?.spec ?? [:]
                let images = spec.filter { $0.key.hasPrefix("dataset.") && $0.key != "dataset.flip" }
                if let other = known.updateValue(trial, forKey: images) {
                    throw wish.failure(
                        "it tells apart what networks of different images made, but across "
                            + "\(across.joined(separator: ", ")) the trials \(other.short) and \(trial.short) are of the same: "
                            + "expected across dataset.part or dataset.subset_seed alone")
                }
            }
        }
    }
}

extension Comparison {
    /// Recorded of the smallest of `members`.
    fileprivate init(of members: [TrialID], by request: MeasureRequest) {
        let sorted = members.sorted()
        self.init(trial: sorted[0], request: request.comparing(with: sorted.dropFirst()))
    }
}
