import JobContract
import SweepModel

/// A training's full states in the store.
struct StoredStates {
    struct Entry {
        var point: ResumePoint
        var isMilestone: Bool
    }
    /// The states of milestones, by their lengths.
    var ofMilestones: [Int: Digest] = [:]
    /// The state between milestones.
    var recovery: ResumePoint?

    /// All states by their lengths; of equal lengths the milestone's is last.
    var all: [Entry] {
        var entries = ofMilestones.map { Entry(point: .init(steps: $0, state: $1), isMilestone: true) }
        if let recovery { entries.append(Entry(point: recovery, isMilestone: false)) }
        return entries.sorted { ($0.point.steps, $0.isMilestone ? 1 : 0) < ($1.point.steps, $1.isMilestone ? 1 : 0) }
    }
}

/// The catalogue keeps a training's longest state, and the states from which a wanted milestone that is missing would be
/// trained.
extension ModelCatalogue {
    /// Adds the states from which trainings go on.
    func addStates(to holdings: inout Holdings) {
        for (training, stored) in rows.states {
            var points = stored.all.map(\.point)
            holdings.states[training] = points.popLast()
            if !points.isEmpty { holdings.shorterStates[training] = points }
        }
        holdings.keptStates = rows.keptStates.filter { $0.value.point.steps > holdings.states[$0.key]?.steps ?? 0 }
    }

    /// Records, once, the state that came with the milestone that stands.
    func reach(_ checkpoint: WorkerEvent.Checkpoint, of training: TrainingID, by attempt: AttemptNumber, isNew: Bool) {
        let standing = rows.content.results[.milestone(training, checkpoint.steps)]?.first?.given.digest
        if isNew || standing == checkpoint.weights?.digest, let state = checkpoint.state,
            rows.states[training]?.ofMilestones[checkpoint.steps] == nil
        {
            rows.states[training, default: .init()].ofMilestones[checkpoint.steps] = state.digest
            retireStates(of: training, reportedBy: attempt)
        } else if isNew {
            retireStates(of: training, reportedBy: attempt)
        }
    }

    func reach(_ point: ResumePoint, of training: TrainingID, by attempt: AttemptNumber) {
        let standing = rows.states[training]?.recovery
        if point.steps > standing?.steps ?? -1 {
            if let standing, isAlone(attempt, on: training),
                !isMilestoneMissing(of: training, after: standing.steps, through: point.steps)
            {
                retired.insert(standing.state)
            }
            rows.states[training, default: .init()].recovery = point
        }
        retireStates(of: training, reportedBy: attempt)
    }

    private func retireStates(of training: TrainingID, reportedBy attempt: AttemptNumber) {
        guard let states = rows.states[training]?.all, let longest = states.last else { return }
        if let kept = rows.keptStates[training], kept.point.steps <= longest.point.steps {
            rows.keptStates[training] = nil
        }
        guard states.count > 1, isAlone(attempt, on: training) else { return }
        for (state, longer) in zip(states, states.dropFirst())
        where !isMilestoneMissing(of: training, after: state.point.steps, through: longer.point.steps) {
            if state.isMilestone {
                rows.states[training]?.ofMilestones[state.point.steps] = nil
            } else {
                rows.states[training]?.recovery = nil
            }
            retired.insert(state.point.state)
        }
    }

    /// Whether no other attempt works on the training: one may be on its way to a host with an older state.
    private func isAlone(_ attempt: AttemptNumber, on training: TrainingID) -> Bool {
        !rows.attempts.values.contains {
            $0.training == training && $0.kind == .train && $0.attempt != attempt && rows.ends[$0.attempt] == nil
        }
    }

    private func isMilestoneMissing(of training: TrainingID, after low: Int, through high: Int) -> Bool {
        sweep.trials.contains {
            $0.training == training && $0.steps > low && $0.steps <= high
                && rows.content.results[.milestone(training, $0.steps)] == nil
        }
    }

    /// Removes states from the coordinator's store that changes made superfluous and nothing else names.
    func removeRetired() {
        guard !retired.isEmpty else { return }
        let named = referencedFiles()
        for state in retired.sorted() where !named.contains(state) {
            world?.census.count(.stateRetired)
            world?.store.retire(state)
        }
        retired = []
    }
}
