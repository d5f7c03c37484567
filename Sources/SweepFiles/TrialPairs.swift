import JobContract
import SweepModel

/// A measure over several trials as asked for: of which trials follows from the grid.
struct ComparisonWish: Sendable {
    /// With every parameter but the compared trials resolved.
    var request: MeasureRequest
    /// Keys in which compared trials differ; in all other axes they are alike.
    var across: [String]
    var origin: TextOrigin

    /// Parts of one dataset: the papers compare trainings on disjoint halves.
    static let usualKeys = ["dataset.part"]

    /// Every two trials that differ in no axis but those of `across`, or all such trials together, in the order of the
    /// trials. Throws where there are none.
    func comparisons(among trials: [Trial]) throws(SweepFileError) -> [Comparison] {
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
        let isTogether = request.parameters[MeasureRequest.together]?.boolValue == true
        let pairs = groups.flatMap { group in
            guard !isTogether else { return group.count > 1 ? [Comparison(of: group, by: request)] : [] }
            return group.indices.flatMap { first in
                group[(first + 1)...].map { Comparison(of: [group[first], $0], by: request) }
            }
        }
        if pairs.isEmpty {
            throw SweepFileError(
                "it compares trials that differ in \(across.joined(separator: " or ")) only, and no two of this sweep "
                    + "do: expected such an axis, or other keys after across", key: "measures.\(request.measure)",
                at: origin)
        }
        return pairs
    }
}

extension Comparison {
    /// Recorded of the smallest of `members`.
    fileprivate init(of members: [TrialID], by request: MeasureRequest) {
        let sorted = members.sorted()
        self.init(trial: sorted[0], request: request.comparing(with: sorted.dropFirst()))
    }
}
