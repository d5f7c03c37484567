import JobContract
import SweepModel

/// Whose fault it was. A job's own faults set it aside; a host's faults rest and then drain the host.
///
/// Where several different jobs fail at once on one host, with no success between, a probe decides: if the worker cannot
/// even describe itself there, the host is drained and the failures are held against it, else against the jobs.
extension Scheduler {
    mutating func charge(_ job: Int, _ attempt: AttemptState, _ outcome: AttemptOutcome, at now: Instant) {
        guard !jobs[job].isOver else { return }
        switch outcome {
        case .succeeded, .cancelled: return
        case .paused:
            guard filledItsAllocation(attempt, at: now) else { return }
            jobs[job].troubles.filledAllocations += 1
        case .hostFault(let reason):
            jobs[job].troubles.hostFaults += 1
            jobs[job].troubles.lastHostFault = reason
        case .killed: giveMoreMemory(to: job, killedOn: attempt.host)
        case .jobFault(let reason):
            guard attempt.lastWord?.meaning != .hopeless else { return setAside(job, reason: reason, by: attempt) }
            if isQuick(attempt, at: now), hosts[known: attempt.host].isSuspect {
                return excuse([HostState.QuickFailure(attempt: attempt.number, reason: reason)], on: attempt.host)
            }
            jobs[job].troubles.faults.append(
                JobState.Fault(attempt: attempt.number, host: attempt.host, reason: reason))
            if isQuick(attempt, at: now) { suspect(attempt, job, reason, at: now) }
            // A probe decides whose failures these are: the job is judged after it.
            if case .probing = hosts[known: attempt.host].standing { return }
        }
        judge(job)
    }

    /// Gives up what a job failed at that was charged too often.
    mutating func judge(_ job: Int) {
        let troubles = jobs[job].troubles
        if troubles.hostFaults >= policy.hostFaultLimit {
            setAside(
                job,
                reason: "given up after \(troubles.hostFaults) attempts cut short, the last: \(troubles.lastHostFault)")
        } else if troubles.filledAllocations >= policy.filledAllocationLimit, !hasHostThatStays(for: job) {
            setAside(
                job,
                reason: "\(troubles.filledAllocations) allocations ended before it did, which had nearly all of each: "
                    + "give the queue a longer `time`, or hosts of your own")
        } else if let last = troubles.faults.last, troubles.faults.count >= policy.jobFaultLimit,
            jobs[job].faultyHosts.count > 1 || troubles.faults.count >= 2 * policy.jobFaultLimit
                || !isOtherHost(for: job)
        {
            setAside(job, reason: last.reason)
        }
    }

    /// Whether a measure that was stopped for the end of its allocation had begun when that did. Trainings keep what they did
    /// and go on in the next one; a measure would begin anew without end.
    private func filledItsAllocation(_ attempt: AttemptState, at now: Instant) -> Bool {
        guard attempt.record.kind != .train, let began = attempt.beginning?.since,
            let whole = hosts[known: attempt.host].spec.seat?.settings.seconds
        else { return false }
        return now.seconds(since: began) >= 0.8 * Double(whole)
    }

    /// Whether a host that is no allocation might have the job.
    private func hasHostThatStays(for job: Int) -> Bool {
        hosts.values.contains {
            $0.spec.seat == nil && $0.isListed && !$0.isUnusable && $0.suits(jobs[job].needs)
        }
    }

    /// Whether a host on which the job has not failed might still have it: then it is tried there first.
    private func isOtherHost(for job: Int) -> Bool {
        let faulty = jobs[job].faultyHosts
        return hosts.values.contains { host in
            guard host.isListed, !host.isUnusable, !faulty.contains(host.spec.name), host.suits(jobs[job].needs) else {
                return false
            }
            return host.silence.map { present.seconds(since: $0.since) < policy.connectSeconds } ?? true
        }
    }

    /// A job whose worker was killed is tried again with twice the memory, as far as there is a host that has it.
    mutating func giveMoreMemory(to job: Int, killedOn name: HostName) {
        guard !jobs[job].troubles.wasKilled else { return }
        jobs[job].troubles.wasKilled = true
        let host = hosts[name]
        guard let before = jobs[job].needs.memory ?? host.flatMap({ host in host.memory.map { $0 / host.slots } })
        else { return }
        let tags = JobNeeds(memory: nil, tags: jobs[job].needs.tags, gpus: jobs[job].needs.gpus)
        let most = hosts.values.filter { !$0.isUnusable && $0.suits(tags) }.compactMap(\.memory).max()
        jobs[job].needs.memory = max(before, min(2 * before, most ?? 2 * before))
    }

    private func isQuick(_ attempt: AttemptState, at now: Instant) -> Bool {
        guard let beginning = attempt.beginning else { return true }
        return beginning.isSeen && now.seconds(since: beginning.since) < policy.quickFailureSeconds
    }

    private mutating func suspect(_ attempt: AttemptState, _ job: Int, _ reason: String, at now: Instant) {
        let name = attempt.host
        hosts[known: name].quickFailures[job] = HostState.QuickFailure(attempt: attempt.number, reason: reason)
        let host = hosts[known: name]
        guard host.quickFailures.count >= policy.quickFailureJobs, host.isConnected else { return }
        switch host.standing {
        case .usable, .resting: break
        case .probing, .unusable: return
        }
        if let until = host.vouchedUntil, now < until { return }
        probe(name, training: attempt.record.training, at: now)
    }

    /// A GPU of the host gets no jobs any more: what failed on it is held against it, also what is still to end.
    mutating func gpuFailed(_ gpu: FailedGPU, on name: HostName) {
        let numbers = Set(gpu.attempts)
        var failures: [HostState.QuickFailure] = []
        for job in jobs.indices where jobs[job].hasFaults {
            let found = jobs[job].troubles.faults.filter { $0.host == name && numbers.contains($0.attempt) }
            guard !found.isEmpty else { continue }
            failures += found.map { .init(attempt: $0.attempt, reason: $0.reason) }
            jobs[job].troubles.faults.removeAll { found.contains($0) }
            hosts[known: name].quickFailures[job] = nil
        }
        excuse(failures.sorted { $0.attempt < $1.attempt }, on: "GPU \(gpu.id) of \(name)")
        for number in numbers where attempts[number]?.host == name {
            attempts[known: number].gpuFault = "GPU \(gpu.id) of the host fails: \(gpu.reason)"
        }
        if let place = hosts[known: name].facts?.gpus?.firstIndex(where: { $0.id == gpu.id }) {
            hosts[known: name].facts?.gpus?[place].setAside = gpu.reason
            if let facts = hosts[known: name].facts { actions.append(.record(.hostSeen(name, facts))) }
        }
        fleetHasChanged = true
        actions.append(.notice(.gpuFailed(name, gpu)))
    }

    /// Holds faults against the host instead of their jobs.
    mutating func excuse(_ failures: [HostState.QuickFailure], on name: String) {
        for failure in failures {
            actions.append(
                .record(.attemptExcused(failure.attempt, reason: "\(failure.reason) (held against \(name))")))
        }
    }

    mutating func praise(_ name: HostName) {
        hosts[known: name].strikes = 0
        hosts[known: name].quickFailures = [:]
    }

    /// A host refused a job, or failed one by itself: it rests, each time longer, and is drained in the end.
    mutating func strike(_ name: HostName, _ reason: String, drains: Bool, at now: Instant) {
        let host = hosts[known: name]
        guard !host.isUnusable else { return }
        if case .probing = host.standing { return }
        let strikes = host.strikes + 1
        hosts[known: name].strikes = strikes
        if drains && strikes >= policy.refusalLimit {
            giveUp(name, reason: "\(strikes) jobs in a row could not be done there, the last: \(reason)")
            return
        }
        var rest = policy.restSeconds
        for _ in 1..<max(1, min(strikes, 10)) { rest = min(rest * 2, policy.longestRestSeconds) }
        let until = now.advanced(bySeconds: rest)
        setStanding(name, .resting(until: until))
        timers.add(.host(name), at: until)
    }
}
