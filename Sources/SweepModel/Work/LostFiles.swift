import JobContract

/// A file of a recorded result that what is left to do would read.
package struct NeededFile: Hashable, Sendable {
    package enum Role: Hashable, Sendable {
        /// The weights of a training after so many steps.
        case weights(TrainingID, steps: Int)
        case state(TrainingID, steps: Int)
        /// A file that a measure of a trial left, which waits for it to be made again.
        case artifact(TrialID)
    }
    package var digest: Digest
    package var role: Role
}

/// Files can be lost or damaged after they were recorded. A file that nothing reads any more is not missed, and the numbers
/// that were measured with it stand.
extension Holdings {
    /// The lost files that remaining work of the sweeps would read, in no order.
    package func lostFiles(of sweeps: [ExpandedSweep], isLost: (Digest) -> Bool) -> [NeededFile] {
        let measured = withoutLostMeasures(isLost)
        var lost = artifacts.flatMap { unit, files in
            files.filter(isLost).map { NeededFile(digest: $0, role: .artifact(unit.trial)) }
        }
        var trained: [TrainingID: Int] = [:]
        for (training, steps) in measured.stepsToRead(by: sweeps) {
            for checkpoint in milestones[training] ?? [] where steps.contains(checkpoint.steps) {
                guard isLost(checkpoint.weights) else { continue }
                lost.append(
                    NeededFile(digest: checkpoint.weights, role: .weights(training, steps: checkpoint.steps)))
                trained[training] = max(checkpoint.steps, trained[training] ?? 0)
            }
        }
        // A training goes on from a state, if there is one.
        for sweep in sweeps {
            for trial in sweep.trials where settled[trial.id] == nil && states[trial.training] != nil {
                if milestones[trial.training]?.contains(where: { $0.steps == trial.steps }) == true { continue }
                trained[trial.training] = max(trial.steps, trained[trial.training] ?? 0)
            }
        }
        for (training, longest) in trained {
            for state in allStates(of: training) where state.steps < longest && isLost(state.state) {
                lost.append(NeededFile(digest: state.state, role: .state(training, steps: state.steps)))
            }
        }
        return lost
    }

    /// Holdings less the lost files and what is only whole with them: a milestone that is still to be read goes back to
    /// waiting, and so does a measure of a trial that waits; trainings go on from the longest state that is left.
    package func less(_ isLost: (Digest) -> Bool, for sweeps: [ExpandedSweep]) -> Holdings {
        var result = withoutLostMeasures(isLost)
        var lost: [TrainingID: [Checkpoint]] = [:]
        for (training, steps) in result.stepsToRead(by: sweeps) {
            let gone = (milestones[training] ?? []).filter { steps.contains($0.steps) && isLost($0.weights) }
            if !gone.isEmpty { lost[training] = gone }
        }
        for (training, gone) in lost { result.milestones[training]?.removeAll(where: gone.contains) }
        if !lost.isEmpty { result.wait(for: lost, of: sweeps) }
        for (training, state) in states where isLost(state.state) {
            result.states[training] = shorterStates[training]?.filter { !isLost($0.state) }.max { $0.steps < $1.steps }
        }
        // Other trainings need their longest state alone.
        let needing = result.trainingsToGoBack(for: sweeps)
        result.shorterStates = shorterStates.filter { needing.contains($0.key) }.mapValues { states in
            states.filter { !isLost($0.state) }
        }
        return result
    }

    /// Trainings of which a length is wanted and missing that is not beyond their longest state.
    private func trainingsToGoBack(for sweeps: [ExpandedSweep]) -> Set<TrainingID> {
        var found: Set<TrainingID> = []
        for trial in sweeps.lazy.flatMap(\.trials) {
            guard let longest = states[trial.training], trial.steps <= longest.steps, settled[trial.id] == nil,
                milestones[trial.training]?.contains(where: { $0.steps == trial.steps }) != true
            else { continue }
            found.insert(trial.training)
        }
        return found
    }

    /// The trials that end at these checkpoints wait again. An open attempt that is not newer than the one that left the
    /// checkpoint is past it, and no longer has the trial.
    private mutating func wait(for lost: [TrainingID: [Checkpoint]], of sweeps: [ExpandedSweep]) {
        for trial in sweeps.lazy.flatMap(\.trials) {
            guard let checkpoint = lost[trial.training]?.first(where: { $0.steps == trial.steps }) else { continue }
            self.lost[trial.id] = checkpoint.weights
            succeeded.remove(trial.id)
            guard let left = checkpoint.attempt else { continue }
            for index in openAttempts.indices where openAttempts[index].attempt <= left {
                openAttempts[index].trials.removeAll { $0 == trial.id }
            }
        }
    }

    private func allStates(of training: TrainingID) -> [ResumePoint] {
        (states[training].map { [$0] } ?? []) + (shorterStates[training] ?? [])
    }

    private func withoutLostMeasures(_ isLost: (Digest) -> Bool) -> Holdings {
        var result = self
        for (unit, files) in artifacts where files.contains(where: isLost) {
            result.measured.remove(unit)
            result.lostMeasures.insert(unit)
        }
        return result
    }

    /// Lengths of recorded milestones whose weights are to be read, or whose trial is not done. A trial that lacks only
    /// measures that could not be taken is done.
    private func stepsToRead(by sweeps: [ExpandedSweep]) -> [TrainingID: Set<Int>] {
        var needed: [TrainingID: Set<Int>] = [:]
        var failed: [MeasureRequest: Set<TrialID>] = [:]
        for unit in failedMeasures.keys { failed[unit.request, default: []].insert(unit.trial) }
        let incomplete = failed.values.reduce(into: Set()) { $0.formUnion($1) }
        for sweep in sweeps {
            let measured = sweep.measures.map(self.measured.trials)
            let failed = sweep.measures.map { failed[$0] ?? [] }
            func isOver(_ trial: TrialID) -> Bool {
                let isKnown = succeeded.contains(trial) || incomplete.contains(trial)
                return isKnown && zip(measured, failed).allSatisfy { $0.contains(trial) || $1.contains(trial) }
            }
            var current: (training: TrainingID, isHeld: Bool)?
            for trial in sweep.trials {
                if current?.training != trial.training {
                    current = (trial.training, milestones[trial.training] != nil)
                }
                guard current?.isHeld == true, settled[trial.id] == nil, !isOver(trial.id) else { continue }
                needed[trial.training, default: []].insert(trial.steps)
            }
            let compared = trialsToCompare(of: sweep)
            guard !compared.isEmpty else { continue }
            for trial in sweep.trials where compared.contains(trial.id) {
                needed[trial.training, default: []].insert(trial.steps)
            }
        }
        return needed
    }

    /// Trials whose weights a comparison is to read. None is while one of its trials is cancelled or has failed.
    private func trialsToCompare(of sweep: ExpandedSweep) -> Set<TrialID> {
        var trials: Set<TrialID> = []
        for comparison in sweep.comparisons {
            let request = comparison.request
            let members = [comparison.trial] + request.others
            guard !measured.trials(with: request).contains(comparison.trial),
                failedMeasures[.init(trial: comparison.trial, request: request)] == nil,
                members.allSatisfy({ settled[$0] == nil })
            else { continue }
            trials.formUnion(members)
        }
        return trials
    }
}
