import JobContract
import SweepModel

extension Scheduler {
    mutating func setPhase(_ index: Int, _ phase: JobState.Phase) {
        let before = jobs[index].phase
        guard before != phase else { return }
        if before == .ready { readyCount -= 1 }
        let wasOver = jobs[index].isOver
        jobs[index].phase = phase
        if !wasOver, jobs[index].isOver, !jobs[index].isTraining { measuresLeft -= 1 }
        if phase == .ready {
            readyCount += 1
            enqueue(index)
        }
    }

    mutating func enqueue(_ index: Int) {
        guard !jobs[index].isQueued else { return }
        jobs[index].isQueued = true
        let cost = jobs[index].isTraining ? max(costLeft(of: index), 1) : 0
        let (again, isNew) = ready.insert(
            ReadyQueue.Entry(faults: jobs[index].troubles.faults.count, cost: cost, job: index),
            jobs[index].kind)
        if isNew { fleetHasChanged = true }
        for host in again { invite(hostOrder[host]) }
    }

    /// Ends a job whose units are all recorded, and whatever else still works on it.
    mutating func finishIfComplete(_ index: Int, reportedBy reporter: AttemptNumber?) {
        guard jobs[index].isComplete, jobs[index].phase != .done else { return }
        setPhase(index, .done)
        // A training that was to go further for a length that is no longer wanted stops here.
        if let reporter, attempts[reporter]?.record.trials.contains(where: { graph.trials[$0] == nil }) == true {
            abandon(reporter)
        }
        for other in jobs[index].live.sorted() where other != reporter { abandon(other) }
    }

    /// Gives up what a job failed at: of a training its trials, and what depends on them; else the measure that was next,
    /// as they are taken in their order. The order is that of `attempt`, where it is given: another attempt may have failed
    /// at the same measure since.
    mutating func setAside(_ index: Int, reason: String, by attempt: AttemptState? = nil) {
        guard !jobs[index].isOver else { return }
        if case .measure(let task)? = attempt?.assignment?.task ?? attempt?.record.task {
            for measure in task.measures {
                if jobs[index].measures.contains(measure) {
                    return lose(measure, of: index, reason: reason, reportedBy: nil)
                }
                let isLost =
                    failedMeasures[task.trial]?[measure] != nil
                    || failedComparisons.contains(.init(trial: task.trial, request: measure))
                if isLost { return }
            }
        }
        if let measure = jobs[index].measures.first {
            return lose(measure, of: index, reason: reason, reportedBy: nil)
        }
        setPhase(index, .failed)
        for attempt in jobs[index].live.sorted() { abandon(attempt) }
        for milestone in jobs[index].milestones { fail(milestone.trial, reason: reason) }
    }

    /// A measure, or a comparison, that cannot be taken costs itself alone: what else the job has goes on, uncharged.
    mutating func lose(
        _ measure: MeasureRequest, of index: Int, reason: String, reportedBy reporter: AttemptNumber?
    ) {
        guard !jobs[index].isOver, jobs[index].measures.contains(measure), let trial = graph.jobs[index].trials.first
        else { return }
        jobs[index].measures.removeAll { $0 == measure }
        jobs[index].troubles = JobState.Troubles()
        // A measure whose numbers are recorded does not fail because its files cannot be made again.
        if !lostMeasures.contains(.init(trial: trial, request: measure)) {
            actions.append(.record(.measureFailed(trial, measure, reason: reason)))
            actions.append(.notice(.measureFailed(trial, measure, reason: reason)))
            if measure.isComparison {
                failedComparisons.insert(.init(trial: trial, request: measure))
            } else {
                failedMeasures[trial, default: [:]][measure] = reason
            }
        }
        finishIfComplete(index, reportedBy: reporter)
        refresh(trial)
    }

    /// Gives up what is left to measure of weights that are lost for good. Training again gave other weights, and no
    /// measure of those belongs to the milestone that stands.
    mutating func giveUp(
        _ index: Int, without standing: Digest, for other: Digest, reportedBy reporter: AttemptNumber
    ) {
        for measure in jobs[index].measures {
            lose(
                measure, of: index,
                reason: "the weights \(standing.short) are lost, and training again gave others, \(other.short)",
                reportedBy: reporter)
        }
    }

    private mutating func fail(_ trial: TrialID, reason: String) {
        guard let place = graph.trials.place(of: trial), case let wanted = graph.trials[place] else { return }
        // Nothing is compared with a trial that failed.
        for measure in (wanted.measureJob.map { [$0] } ?? []) + graph.comparisons[trial, default: []]
        where !jobs[measure].isOver {
            setPhase(measure, .failed)
            for attempt in jobs[measure].live.sorted() { abandon(attempt) }
        }
        failedMeasures[trial] = nil
        guard setState(place, .failed, reason: reason) else { return }
        actions.append(.notice(.trialFailed(trial, reason: reason)))
    }

    /// Records a wanted trial's state if it changed.
    mutating func refresh(_ trial: TrialID) {
        if let place = graph.trials.place(of: trial) { refresh(at: place) }
    }

    mutating func refresh(at place: Int) {
        let wanted = graph.trials[place]
        let lost = failedMeasures[wanted.id]
        // A trial that failed for its measures has all else, and may get these.
        guard trialStates[place] != .failed || lost != nil else { return }
        let isTrained = weights[wanted.id] != nil
        let isMeasured = wanted.measureJob.map { jobs[$0].phase == .done } ?? true
        if isTrained && isMeasured {
            guard let lost, !lost.isEmpty else {
                setState(place, .succeeded, reason: nil)
                return
            }
            setState(place, .failed, reason: nil)
            return
        }
        let working = isTrained ? wanted.measureJob : wanted.trainJob
        let isRunning = working.map { jobs[$0].live.contains { attempts[$0]?.isRunning == true } } ?? false
        setState(place, isRunning ? .running : .waiting, reason: nil)
    }

    @discardableResult
    private mutating func setState(_ place: Int, _ state: TrialState, reason: String?) -> Bool {
        let known = trialStates[place]
        guard known != state else { return false }
        trialStates[place] = state
        trialCounts[known ?? .waiting, default: 0] -= 1
        trialCounts[state, default: 0] += 1
        if known == .succeeded || known == .failed { unsettled += 1 }
        if state == .succeeded || state == .failed { unsettled -= 1 }
        actions.append(.record(.trialState(graph.trials[place].id, state, reason: reason)))
        return true
    }

    /// Refreshes the trials a job serves.
    mutating func refreshTrials(of index: Int) {
        switch graph.jobs[index].work {
        case .train(let milestones): for milestone in milestones { refresh(milestone.trial) }
        case .measure(let trial, _, _): refresh(trial)
        case .compare: break
        }
    }
}
