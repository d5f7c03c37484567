import JobContract
import SweepModel

extension Scheduler {
    mutating func addTrials(_ holdings: Holdings) {
        for state in graph.settled.values { trialCounts[state, default: 0] += 1 }
        for id in graph.order {
            let state: TrialState = holdings.succeeded.contains(id) ? .succeeded : .waiting
            trialStates[id] = .some(state)
            trialCounts[state, default: 0] += 1
            if state == .waiting { unsettled += 1 }
        }
        // The catalogue says "running" only of trials with an open attempt, and of those it may say either.
        for record in holdings.openAttempts {
            for trial in record.trials where trialStates[trial] == .some(.waiting) { trialStates[trial] = .some(nil) }
        }
        for id in graph.order {
            guard let trial = graph.trials[id], trial.trainJob == nil else { continue }
            weights[id] = holdings.milestones[trial.training]?.first { $0.steps == trial.steps }?.weights
        }
        for (training, point) in holdings.states { states[training] = [StoredState(point: point)] }
        for (training, kept) in holdings.keptStates { addState(kept.point, keptBy: kept.host, of: training) }
    }

    mutating func addJobs(_ holdings: Holdings) {
        for job in graph.jobs {
            var state = JobState(job: job, cost: 0, phase: .ready)
            switch job.work {
            case .train:
                state.costPerStep = graph.trainings[job.training]?.costPerStep ?? 0
                state.cost = costLeft(of: state)
                workWanted += state.cost
            case .measure(let trial, _, _):
                measuresLeft += 1
                if weights[trial] == nil { state.phase = .blocked }
            }
            jobs.append(state)
            if state.phase == .ready { readyCount += 1 }
        }
        for index in jobs.indices where jobs[index].phase == .ready { enqueue(index) }
    }

    /// Takes up what an earlier coordinator intended: the hosts will say what became of it.
    mutating func addOpenAttempts(_ holdings: Holdings, at now: Instant) {
        openTrials = holdings.openTrials
        for record in holdings.openAttempts.sorted(by: { $0.attempt < $1.attempt }) {
            if hosts[record.host] == nil {
                hosts[record.host] = HostState(
                    spec: HostSpec(name: record.host, transport: .libssh), isListed: false,
                    link: .silent(since: now, nil), standing: .unusable(reason: "not in the hosts file"))
                hostOrder.append(record.host)
            }
            let index = servedJob(record)
            attempts[record.attempt] = AttemptState(
                record: record, host: record.host, job: index, assignment: nil, lastWord: now)
            let isOthers = record.trials.contains { isWantedElsewhere($0) }
            let isOurs = record.trials.contains { graph.trials[$0] != nil || graph.settled[$0] != nil }
            attempts[record.attempt]?.isForeign = isOthers && !isOurs
            attempts[record.attempt]?.servesOthers = isOthers && isOurs
            hosts[record.host]?.attempts.insert(record.attempt)
            if nextAttempt <= record.attempt { nextAttempt = AttemptNumber(record.attempt.value + 1) }
            guard let index else { continue }
            jobs[index].live.insert(record.attempt)
            setPhase(index, .leased)
        }
    }

    /// Whether only sweeps that are not part of this run want the trial; one that nobody knows is left to them.
    private func isWantedElsewhere(_ trial: TrialID) -> Bool {
        graph.trials[trial] == nil && graph.settled[trial] == nil && openTrials[trial]?.isWanted != false
    }

    /// The job an earlier attempt's results serve; nil when none of them is wanted any more.
    private func servedJob(_ record: AttemptRecord) -> Int? {
        for trial in record.trials {
            guard let wanted = graph.trials[trial] else { continue }
            if let job = record.kind == "train" ? wanted.trainJob : wanted.measureJob { return job }
        }
        return nil
    }

    /// `Training.cost` of what a training job has left, from the state it would continue from.
    func costLeft(of state: JobState) -> Double {
        guard let last = state.milestones.last else { return 0 }
        let from = resumePoint(of: state, on: nil)?.steps ?? 0
        return Double(last.steps - from) * state.costPerStep
    }
}
