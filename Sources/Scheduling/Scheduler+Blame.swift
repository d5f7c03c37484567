import SweepModel

/// Whose fault it was. A job's own faults set it aside; a host's faults rest and then drain the host.
///
/// A host on which several different jobs fail at once, with no success between, is taken for broken: it is drained
/// and these failures are no longer held against the jobs. No probe decides between the two as yet: jobs that fail on
/// the next host too are charged there.
extension Scheduler {
    mutating func charge(_ job: Int, _ attempt: AttemptState, _ outcome: AttemptOutcome, at now: Instant) {
        guard !jobs[job].isOver else { return }
        switch outcome {
        case .succeeded, .paused, .cancelled: return
        case .hostFault(let reason), .killed(let reason):
            jobs[job].hostFaults += 1
            if jobs[job].hostFaults >= policy.hostFaultLimit {
                setAside(job, reason: "given up after \(jobs[job].hostFaults) attempts cut short, the last: \(reason)")
            }
        case .jobFault(let reason):
            let began = attempt.startedAt ?? now
            let isQuick = !attempt.isHopeless && now.seconds(since: began) < policy.quickFailureSeconds
            if isQuick, hosts[attempt.host]?.isSuspect == true { return }
            jobs[job].faults.append(JobState.Fault(host: attempt.host, reason: reason, isQuick: isQuick))
            if isQuick { suspect(attempt.host, job, reason) }
            if attempt.isHopeless || jobs[job].faults.count >= policy.jobFaultLimit { setAside(job, reason: reason) }
        }
    }

    private mutating func suspect(_ name: HostName, _ job: Int, _ reason: String) {
        hosts[name]?.quickFailures.insert(job)
        guard let failed = hosts[name]?.quickFailures, failed.count >= policy.quickFailureJobs else { return }
        hosts[name]?.isSuspect = true
        for index in failed { jobs[index].faults.removeAll { $0.host == name && $0.isQuick } }
        giveUp(
            name,
            reason: "\(failed.count) different jobs failed there within \(Int(policy.quickFailureSeconds)) s of their "
                + "start, the last: \(reason)")
    }

    mutating func praise(_ name: HostName) {
        hosts[name]?.strikes = 0
        hosts[name]?.quickFailures = []
    }

    /// A host refused a job, or failed one by itself: it rests, each time longer, and is drained in the end.
    mutating func strike(_ name: HostName, _ reason: String, drains: Bool, at now: Instant) {
        guard let host = hosts[name], !host.isUnusable else { return }
        let strikes = host.strikes + 1
        hosts[name]?.strikes = strikes
        if drains && strikes >= policy.refusalLimit {
            giveUp(name, reason: "\(strikes) jobs in a row could not be done there, the last: \(reason)")
            return
        }
        var rest = policy.restSeconds
        for _ in 1..<max(1, min(strikes, 10)) { rest = min(rest * 2, policy.longestRestSeconds) }
        let until = now.advanced(bySeconds: rest)
        hosts[name]?.standing = .resting(until: until)
        arm(until)
    }
}
