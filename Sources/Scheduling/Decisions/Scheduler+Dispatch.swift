import JobContract
import SweepModel

extension Scheduler {
    /// Gives waiting jobs to hosts, each time to the one that would begin it soonest: free slots first, so that no host
    /// queues what another could run, then backlog places.
    mutating func dispatch(at now: Instant) {
        guard stopping == nil, ending == nil, readyCount > 0 else { return }
        if fleetHasChanged { surveyFleet(at: now) } else { surveyArrived(at: now) }
        if let before = shareBefore, shareOfSlot.map({ $0 > before }) ?? true { surveyFleet(at: now) }
        while readyCount > 0, let load = ready.nextHost {
            let name = hostOrder[load.host]
            let host = hosts[known: name]
            if load.isFull, let share = shareOfSlot, host.backlog >= share * host.slots {
                // The host asks again when the share grows.
                ready.withdraw(load.host)
            } else if let job = takeJob(for: host) {
                start(job, on: name, at: now)
            }
        }
        shareBefore = shareOfSlot
    }

    /// How many jobs may wait for each slot while some hosts are not connected yet, so that jobs are left for these; nil:
    /// any number.
    private var shareOfSlot: Int? {
        slotsToCome > 0 ? (readyCount + backlogTotal) / (usableSlots + slotsToCome) : nil
    }

    /// The most urgent job the host may run; among the first few, one whose checkpoint it has goes first.
    private mutating func takeJob(for host: HostState) -> Int? {
        var passed: [ReadyQueue.Entry] = []
        var chosen: ReadyQueue.Entry?
        var looked = 0
        let mayTrain = asksForMore(host)
        let places = ready.fitting {
            $0.isOpen(to: host, training: mayTrain) && host.hasRoom(for: $0.needs)
        }
        let slots = max(1, usableSlots + slotsToCome)
        let end = ready.isEndNear(of: places, slots: slots) ? endOfWork : nil
        while looked < 32,
            let entry = ready.popFirst(of: places, slots: slots, draw: Self.draw(nextAttempt, looked), end: end)
        {
            guard jobs[entry.job].phase == .ready else {
                jobs[entry.job].isQueued = false
                continue
            }
            looked += 1
            guard mayTry(entry.job, on: host), !outlasts(host, entry.job) else {
                passed.append(entry)
                continue
            }
            let preferred = jobs[entry.job].preferredHost
            if preferred == nil || preferred == host.spec.name || hosts[preferred ?? ""]?.isConnected != true {
                if let earlier = chosen { passed.append(earlier) }
                chosen = entry
                break
            }
            if chosen == nil { chosen = entry } else { passed.append(entry) }
        }
        for entry in passed { ready.putBack(entry, jobs[entry.job].kind) }
        guard let chosen else {
            ready.passOver(host.index, lookedAt: places)
            return nil
        }
        jobs[chosen.job].isQueued = false
        return chosen.job
    }

    /// A job that failed on the host by itself is first tried on another where there is one.
    func mayTry(_ index: Int, on host: HostState) -> Bool {
        let faulty = jobs[index].faultyHosts
        guard faulty.contains(host.spec.name) else { return true }
        return !hosts.values.contains { other in
            other.isReady && !faulty.contains(other.spec.name) && other.suits(jobs[index].needs)
        }
    }

    /// A number that says nothing, the same for the same attempt: which job it gets where any is as good.
    private static func draw(_ attempt: AttemptNumber, _ looked: Int) -> UInt64 {
        var bits = UInt64(attempt.value) &* 0x9e37_79b9_7f4a_7c15 &+ UInt64(looked) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        return bits ^ (bits >> 31)
    }

    private mutating func start(_ index: Int, on name: HostName, at now: Instant) {
        let host = hosts[known: name]
        guard let task = task(of: index, on: name) else { return }
        let job = graph.jobs[index]
        let trials = jobs[index].isTraining ? jobs[index].milestones.map(\.trial) : job.trials
        let record = AttemptRecord(
            attempt: takeNumber(), job: job.id, training: job.training, kind: job.work.kind, trials: trials,
            host: name, machine: host.facts?.machine ?? "", boot: host.facts?.boot ?? "", cpu: host.facts?.cpu ?? "",
            task: task)
        let assignment = Assignment(
            attempt: record.attempt, host: name, job: job.id, training: job.training, threads: host.spec.threads,
            gpus: jobs[index].needs.gpus, turn: turn(of: index, on: host), purpose: .work(task))
        add(
            AttemptState(
                record: record, host: name, service: .job(index, isShared: false), assignment: assignment,
                predicted: predictedSeconds(index, on: host), needs: jobs[index].needs, at: now))
        jobs[index].live.insert(record.attempt)
        setPhase(index, .leased)
        actions.append(.record(.attemptIntended(record)))
        actions.append(.start(assignment))
    }

    mutating func takeNumber() -> AttemptNumber {
        while claimed.contains(nextAttempt) { nextAttempt = AttemptNumber(nextAttempt.value + 1) }
        defer { nextAttempt = AttemptNumber(nextAttempt.value + 1) }
        return nextAttempt
    }

    /// What is left to do of a job that is ready.
    private func task(of index: Int, on host: HostName) -> JobTask? {
        let state = jobs[index]
        switch graph.jobs[index].work {
        case .train:
            return .train(
                TrainTask(
                    milestones: state.milestones.map(\.steps), resume: resumePoint(of: index, on: host),
                    checkpointSeconds: policy.checkpointSeconds, measures: measuresOfTraining(index)))
        case .measure(let trial, let steps, _):
            guard let checkpoint = weights[trial] else { return nil }
            return .measure(
                MeasureTask(
                    trial: trial, steps: steps, checkpoint: checkpoint, measures: measuresOfOneWorker(index)))
        case .compare(let trial, let others, let steps, _):
            guard let checkpoint = weights[trial] else { return nil }
            let compared = others.compactMap { other in
                graph.trials[other].flatMap { wanted in
                    weights[other].map {
                        MeasureTask.Other(
                            trial: other, training: wanted.training, steps: wanted.steps, checkpoint: $0)
                    }
                }
            }
            guard compared.count == others.count else { return nil }
            return .measure(
                MeasureTask(
                    trial: trial, steps: steps, checkpoint: checkpoint, measures: measuresOfOneWorker(index),
                    others: compared))
        }
    }

    /// Whether a training was ordered before measures were asked for that it alone can take, at lengths that are not recorded.
    func lacksMeasures(_ attempt: AttemptState) -> Bool {
        guard attempt.mayRun, !attempt.isShared, let job = attempt.job, case .train(let task)? = attempt.record.task
        else { return false }
        return (measuresOfTraining(job) ?? []).contains { wanted in
            let ordered = task.measures?.first { $0.trial == wanted.trial }?.measures ?? []
            return attempt.record.trials.contains(wanted.trial) && !wanted.measures.allSatisfy(ordered.contains)
        }
    }

    /// What a training is to measure of itself at its milestones; nil: nothing.
    private func measuresOfTraining(_ index: Int) -> [TrainTask.AtMilestone]? {
        guard let training = graph.trainings[graph.jobs[index].training] else { return nil }
        let asked = jobs[index].milestones.compactMap { milestone -> TrainTask.AtMilestone? in
            guard let job = graph.trials[milestone.trial]?.measureJob else { return nil }
            let own = jobs[job].measures.filter { $0.isOfTraining && graph.measuring($0, of: training) == nil }
            return own.isEmpty ? nil : .init(steps: milestone.steps, trial: milestone.trial, measures: own)
        }
        return asked.isEmpty ? nil : asked
    }

    /// The measures that a job has left, as far as the worker of the first of them takes them: the others are another
    /// attempt's.
    private func measuresOfOneWorker(_ index: Int) -> [MeasureRequest] {
        let measures = jobs[index].measures
        guard let first = measures.first, let training = graph.trainings[graph.jobs[index].training] else {
            return measures
        }
        let worker = graph.measuring(first, of: training)
        return measures.filter { graph.measuring($0, of: training) == worker }
    }
}
