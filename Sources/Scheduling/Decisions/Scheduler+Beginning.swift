import JobContract
import SweepModel

extension Scheduler {
    mutating func addTrials(_ holdings: Holdings) {
        for state in graph.settled.values { trialCounts[state, default: 0] += 1 }
        trialStates = Array(repeating: .waiting, count: graph.trials.count)
        for id in holdings.succeeded {
            if let place = graph.trials.place(of: id) { trialStates[place] = .succeeded }
        }
        let succeeded = trialStates.count { $0 == .succeeded }
        unsettled = trialStates.count - succeeded
        for (state, count) in [TrialState.succeeded: succeeded, .waiting: unsettled] where count > 0 {
            trialCounts[state, default: 0] += count
        }
        weights.reserveCapacity(holdings.milestones.reduce(0) { $0 + $1.value.count })
        for place in graph.trials.indices where graph.trials[place].trainJob == nil {
            let trial = graph.trials[place]
            weights[trial.id] = holdings.milestones[trial.training]?.first { $0.steps == trial.steps }?.weights
        }
        // The catalogue says "running" only of trials with an open attempt, and of those it may say either.
        // What is to be made again may have succeeded.
        // One that misses measures only for good has failed, whatever it says.
        for trial in holdings.openAttempts.flatMap(\.trials) + holdings.lost.keys + graph.failedMeasures.keys {
            if let place = graph.trials.place(of: trial), trialStates[place] == .waiting { trialStates[place] = nil }
        }
        for (training, point) in holdings.states { states[training] = [StoredState(point: point)] }
        for (training, points) in holdings.shorterStates {
            for point in points { addState(point, keptBy: nil, of: training) }
        }
        for (training, kept) in holdings.keptStates { addState(kept.point, keptBy: kept.host, of: training) }
    }

    mutating func addJobs(_ holdings: Holdings) {
        jobs.reserveCapacity(graph.jobs.count)
        for (index, job) in graph.jobs.enumerated() {
            jobs.append(JobState(job, phase: .ready))
            guard jobs[index].isTraining else {
                measuresLeft += 1
                continue
            }
            jobs[index].costPerStep = graph.trainings[job.training]?.costPerStep ?? 0
            jobs[index].cost = costLeft(of: index)
            workWanted += jobs[index].cost
        }
        for place in graph.trials.indices {
            let trial = graph.trials[place]
            if trial.trainJob != nil, let measure = trial.measureJob { jobs[measure].phase = .blocked }
            for comparison in graph.comparisons[trial.id] ?? [] where trial.trainJob != nil {
                jobs[comparison].phase = .blocked
            }
        }
        readyCount = jobs.count { $0.phase == .ready }
    }

    /// What earlier runs learned of the hosts. Silence is counted on from where it was recorded, but every host gets
    /// time to be reached by this coordinator: that it was down says nothing of the host.
    mutating func recall(_ known: [HostName: Holdings.KnownHost], at now: Instant) {
        for (name, host) in known {
            // It may have left the hosts file.
            guard hosts[name] != nil else { continue }
            hosts[known: name].remembered = host.facts
            hosts[known: name].pace = host.pace
            hosts[known: name].recordedPace = host.pace
            let counted = min(host.silentSeconds, max(0, policy.leaseSeconds - policy.connectSeconds))
            hosts[known: name].note { ($0.before, $0.recorded) = (counted, counted) }
        }
    }

    /// Charges jobs with what happened to them in earlier runs.
    mutating func addFaults(_ holdings: Holdings) {
        for fault in holdings.faults {
            guard let index = servedJob(fault.job, kind: fault.kind, fault.trials) else { continue }
            switch fault.outcome {
            case .jobFault(let reason):
                jobs[index].troubles.faults.append(.init(attempt: fault.attempt, host: fault.host, reason: reason))
            case .hostFault(let reason):
                jobs[index].troubles.hostFaults += 1
                jobs[index].troubles.lastHostFault = reason
            case .killed: giveMoreMemory(to: index, killedOn: fault.host)
            case .succeeded, .paused, .cancelled: break
            }
        }
    }

    /// Takes up what an earlier coordinator intended: the hosts will say what became of it.
    mutating func addOpenAttempts(_ holdings: Holdings, at now: Instant) {
        openTrials = holdings.openTrials
        // Nobody knows what memory an attempt needs that no job here wants: until it ends it may hold as much as any job.
        let largest = holdings.openAttempts.isEmpty ? nil : jobs.lazy.compactMap(\.needs.memory).max()
        for record in holdings.openAttempts.sorted(by: { $0.attempt < $1.attempt }) {
            let index = graph.kept[record.attempt] ?? servedJob(record.job, kind: record.kind, record.trials)
            var attempt = AttemptState(
                record: record, host: record.host, service: service(of: record, job: index), assignment: nil,
                predicted: nil, needs: index.map { jobs[$0].needs } ?? JobNeeds(memory: largest), at: now)
            if holdings.startedAttempts.contains(record.attempt) { attempt.startRecord = .told }
            add(attempt)
            if nextAttempt <= record.attempt, record.attempt < .mostGiven {
                nextAttempt = AttemptNumber(record.attempt.value + 1)
            }
            guard let index else { continue }
            jobs[index].live.insert(record.attempt)
            setPhase(index, .leased)
        }
    }

    /// - Parameter job: of this run, that wants its results.
    private func service(of record: AttemptRecord, job: Int?) -> AttemptState.Service {
        if record.kind == .probe { return .probe(nil) }
        let isOthers = record.trials.contains { isWantedElsewhere($0) }
        if let job { return .job(job, isShared: isOthers) }
        let isOurs = record.trials.contains { graph.trials[$0] != nil || graph.settled[$0] != nil }
        return isOthers && !isOurs ? .others : .noJob(isShared: isOthers)
    }

    /// Whether only sweeps that are not part of this run want the trial; one that nobody knows is left to them.
    private func isWantedElsewhere(_ trial: TrialID) -> Bool {
        graph.trials[trial] == nil && graph.settled[trial] == nil && openTrials[trial]?.isWanted != false
    }

    /// The job an earlier attempt's results serve; nil when none of them is wanted any more.
    private func servedJob(_ id: JobID, kind: AttemptKind, _ trials: [TrialID]) -> Int? {
        for trial in trials {
            guard let wanted = graph.trials[trial] else { continue }
            let job: Int? =
                switch kind {
                case .train: wanted.trainJob
                case .measure: wanted.measureJob
                case .compare: graph.comparisons[trial]?.first { graph.jobs[$0].id == id }
                case .probe, .adopt: nil
                }
            if let job { return job }
        }
        return nil
    }

    /// `Training.cost` of what is recorded of the wanted trainings.
    func workRecorded(in holdings: Holdings) -> Double {
        graph.trials.trainings.reduce(0) { sum, wanted in
            let reached = [holdings.milestones[wanted.id]?.last?.steps, holdings.states[wanted.id]?.steps]
            guard let steps = reached.compactMap(\.self).max() else { return sum }
            return sum + (graph.trainings[wanted.id]?.cost(steps: steps) ?? 0)
        }
    }

    /// `Training.cost` of what a training job has left, from the state it would continue from.
    func costLeft(of index: Int) -> Double {
        guard let last = jobs[index].milestones.last else { return 0 }
        let from = resumePoint(of: index, on: nil)?.steps ?? 0
        return Double(last.steps - from) * jobs[index].costPerStep
    }
}
