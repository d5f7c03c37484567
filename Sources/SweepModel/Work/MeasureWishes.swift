import JobContract

/// The measures that are wanted of each trial. There are only few different lists; each trial has the place of its own.
struct MeasureWishes {
    private var lists: [[MeasureRequest]] = []
    private var places: [[MeasureRequest]: Int32] = [:]
    /// The place of each sweep's list; then, by the places of two lists, the place of their union.
    private var ofSweeps: [Int32] = []
    private var unions: [[Int32]: Int32] = [:]
    private var ofTrials: [Int32] = []
    /// For each list the trials that have each of its measures.
    private var measured: [[Set<TrialID>]] = []
    /// For each trial, whether it has any measure that is wanted of some trial.
    private var hasSome: [Bool] = []

    init(_ sweeps: [[MeasureRequest]]) {
        for sweep in sweeps { ofSweeps.append(place(of: Self.union([], sweep))) }
    }

    mutating func add(_ sweep: Int, at trial: Int, isNew: Bool) {
        let added = ofSweeps[sweep]
        guard !isNew else { return ofTrials.append(added) }
        let known = ofTrials[trial]
        guard known != added else { return }
        if unions[[known, added]] == nil {
            unions[[known, added]] = place(of: Self.union(lists[Int(known)], lists[Int(added)]))
        }
        ofTrials[trial] = unions[[known, added]] ?? known
    }

    /// Notes what is measured already. No trial is added after that.
    mutating func noteMeasured(_ units: Holdings.MeasuredUnits, among trials: WantedTrials) {
        measured = lists.map { $0.map { units.trials(with: $0) } }
        hasSome = Array(repeating: false, count: ofTrials.count)
        for request in Set(lists.joined()) {
            for trial in units.trials(with: request) {
                if let place = trials.place(of: trial) { hasSome[place] = true }
            }
        }
    }

    func missing(of trial: TrialID, at place: Int) -> [MeasureRequest] {
        let list = Int(ofTrials[place])
        // Most trials lack all measures: they share the list.
        guard hasSome[place] else { return lists[list] }
        return zip(lists[list], measured[list]).filter { !$1.contains(trial) }.map(\.0)
    }

    private mutating func place(of list: [MeasureRequest]) -> Int32 {
        if let known = places[list] { return known }
        lists.append(list)
        places[list] = Int32(lists.count - 1)
        return Int32(lists.count - 1)
    }

    private static func union(_ known: [MeasureRequest], _ added: [MeasureRequest]) -> [MeasureRequest] {
        added.reduce(into: known) { if !$0.contains($1) { $0.append($1) } }
    }
}
