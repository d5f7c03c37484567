import JobContract
import SweepModel

extension Scheduler {
    /// Gives waiting jobs to hosts: free slots first, then backlog places, so that no host queues what another could
    /// run.
    mutating func dispatch(at now: Instant) {
        guard stopping == nil, ending == nil, readyCount > 0 else { return }
        let usable = hostOrder.filter { hosts[$0].map { $0.isConnected && $0.standing == .usable } ?? false }
        guard !usable.isEmpty else { return }
        for name in usable {
            fill(name, places: hosts[name]?.slots ?? 0, at: now)
            if readyCount == 0 { return }
        }
        // Backlogs share what is left evenly, also with hosts that may still come: their slots are left their part.
        let slots = hostOrder.reduce(0) { sum, name in
            guard let host = hosts[name], host.isListed, !host.isUnusable else { return sum }
            return sum + host.slots
        }
        let depth = min(policy.backlogPerSlot, readyCount / max(1, slots))
        guard depth > 0 else { return }
        for name in usable {
            guard let host = hosts[name] else { continue }
            fill(name, places: host.slots * (1 + depth), at: now)
        }
    }

    private mutating func fill(_ name: HostName, places: Int, at now: Instant) {
        while let host = hosts[name], host.attempts.count < places, let job = takeJob(for: host) {
            start(job, on: name, at: now)
        }
    }

    /// The most urgent job the host may run; among the first few, one whose checkpoint it has goes first.
    private mutating func takeJob(for host: HostState) -> Int? {
        var passed: [ReadyQueue.Entry] = []
        var chosen: ReadyQueue.Entry?
        var looked = 0
        let places = ready.fitting { host.suits($0) && hasRoom(host, for: $0) }
        while looked < 32, let entry = ready.popFirst(of: places) {
            guard jobs[entry.job].phase == .ready else {
                jobs[entry.job].isQueued = false
                continue
            }
            guard mayTry(entry.job, on: host) else {
                passed.append(entry)
                continue
            }
            looked += 1
            let preferred = jobs[entry.job].preferredHost
            if preferred == nil || preferred == host.spec.name || hosts[preferred ?? ""]?.isConnected != true {
                if let earlier = chosen { passed.append(earlier) }
                chosen = entry
                break
            }
            if chosen == nil { chosen = entry } else { passed.append(entry) }
        }
        for entry in passed { ready.insert(entry, needs: jobs[entry.job].job.needs) }
        guard let chosen else { return nil }
        jobs[chosen.job].isQueued = false
        return chosen.job
    }

    /// Whether the host's memory holds one more such job whatever runs beside it: the host starts what it was given as
    /// its slots become free, so of all that it holds any `slots` may run at once.
    private func hasRoom(_ host: HostState, for needs: JobNeeds) -> Bool {
        guard let wanted = needs.memory, let memory = host.memory else { return true }
        let held = host.attempts.compactMap { attempts[$0]?.job.flatMap { jobs[$0].job.needs.memory } }
        let beside = held.sorted(by: >).prefix(host.slots - 1)
        return beside.reduce(Double(wanted)) { $0 + Double($1) } <= Double(memory)
    }

    /// A job that failed on the host by itself is first tried on another where there is one.
    private func mayTry(_ index: Int, on host: HostState) -> Bool {
        let job = jobs[index]
        let faulty = job.faultyHosts
        guard faulty.contains(host.spec.name) else { return true }
        return !hosts.values.contains { other in
            other.isConnected && other.standing == .usable && !faulty.contains(other.spec.name)
                && other.suits(job.job.needs)
        }
    }

    private mutating func start(_ index: Int, on name: HostName, at now: Instant) {
        guard let host = hosts[name], let task = task(of: jobs[index], on: name) else { return }
        let number = nextAttempt
        nextAttempt = AttemptNumber(number.value + 1)
        let job = jobs[index].job
        let trials =
            switch job.work {
            case .train: jobs[index].milestones.map(\.trial)
            case .measure(let trial, _, _): [trial]
            }
        let record = AttemptRecord(
            attempt: number, job: job.id, training: job.training, kind: jobs[index].kind, trials: trials, host: name,
            machine: host.facts?.machine ?? "", boot: host.facts?.boot ?? "", cpu: host.facts?.cpu ?? "")
        let assignment = Assignment(
            attempt: number, host: name, job: job.id, training: job.training, threads: host.spec.threads, task: task)
        attempts[number] = AttemptState(record: record, host: name, job: index, assignment: assignment, lastWord: now)
        hosts[name]?.attempts.insert(number)
        jobs[index].live.insert(number)
        setPhase(index, .leased)
        actions.append(.record(.attemptIntended(record)))
        actions.append(.start(assignment))
    }

    /// What is left to do of a job that is ready.
    private func task(of state: JobState, on host: HostName) -> JobTask? {
        switch state.job.work {
        case .train:
            return .train(
                TrainTask(
                    milestones: state.milestones.map(\.steps), resume: resumePoint(of: state, on: host),
                    checkpointSeconds: policy.checkpointSeconds))
        case .measure(let trial, let steps, _):
            guard let checkpoint = weights[trial] else { return nil }
            return .measure(
                MeasureTask(trial: trial, steps: steps, checkpoint: checkpoint, measures: state.measures))
        }
    }
}
