import JobContract
import SweepModel

/// The probe: the worker is asked on the host, in the ordinary way of an attempt, to describe itself. Every worker can,
/// needs no input for it, and says which numbers its arithmetic gives there.
extension Scheduler {
    /// Begins to find out whether the training's worker runs on the host, which gets no jobs until that is known.
    mutating func probe(_ name: HostName, training: TrainingID, at now: Instant) {
        guard stopping == nil else { return }
        let host = hosts[known: name]
        let job = JobID(Digest(of: "probe of \(name)".utf8))
        let record = AttemptRecord(
            attempt: takeNumber(), job: job, training: training, kind: .probe, trials: [], host: name,
            machine: host.facts?.machine ?? "", boot: host.facts?.boot ?? "", cpu: host.facts?.cpu ?? "")
        let assignment = Assignment(
            attempt: record.attempt, host: name, job: job, training: training, threads: host.spec.threads,
            gpus: host.spec.gpus == nil ? 0 : host.leastGPUs, turn: nil, purpose: .probe)
        setStanding(name, .probing(record.attempt))
        // What waits there is taken back, so that the probe is next.
        for number in host.attempts.sorted() { revoke(number) }
        add(
            AttemptState(
                record: record, host: name, service: .probe(nil), assignment: assignment, predicted: 1,
                needs: JobNeeds(),
                at: now))
        actions.append(.record(.attemptIntended(record)))
        actions.append(.start(assignment))
    }

    /// The host whose standing waits for this attempt; nil for one that nobody waits for any more.
    func probedHost(_ number: AttemptNumber) -> HostName? {
        guard let name = attempts[number]?.host, hosts[known: name].standing == .probing(number) else { return nil }
        return name
    }

    /// The probe is over: `fault` says what it showed to be wrong with the host.
    mutating func decide(_ name: HostName, fault: String?, at now: Instant) {
        let failures = hosts[known: name].quickFailures.sorted { $0.key < $1.key }
        hosts[known: name].quickFailures = [:]
        setStanding(name, .usable)
        guard let fault else {
            hosts[known: name].vouchedUntil = now.advanced(bySeconds: policy.vouchSeconds)
            for (job, _) in failures where !jobs[job].isOver && jobs[job].live.isEmpty { judge(job) }
            return
        }
        hosts[known: name].isSuspect = true
        for (job, failure) in failures { jobs[job].troubles.faults.removeAll { $0.attempt == failure.attempt } }
        excuse(failures.map(\.value), on: name)
        giveUp(
            name,
            reason: "\(failures.count) different jobs failed there within \(Int(policy.quickFailureSeconds)) s of "
                + "their start, and a probe, which asks the worker there to describe itself, found: \(fault)")
    }

    /// The probe ended without showing anything: the host is used as before.
    mutating func giveUpProbe(of name: HostName) {
        if case .probing = hosts[known: name].standing { setStanding(name, .usable) }
    }

    /// What a probe's end shows to be wrong; nil: the host is fine.
    func fault(of probe: AttemptState, _ end: AttemptEnd, _ diagnostics: String) -> String? {
        let tail = diagnostics.isEmpty ? "" : ": \(diagnostics.suffix(2000))"
        if case .hung(let reason)? = probe.cancelling { return reason + tail }
        switch end {
        case .exited(0): break
        case .exited(let code): return "exit code \(code)\(tail)"
        case .signalled(let signal): return "signal \(signal)\(tail)"
        case .stopped(let reason, _): return "its agent stopped it (\(reason.rawValue))\(tail)"
        case .vanished: return "its process is gone and nobody saw how\(tail)"
        case .neverStarted(let reason): return reason
        }
        guard case .probe(let described?) = probe.service else { return "it printed no description\(tail)" }
        let said = (described.name, described.numerics, described.contract)
        if let named = graph.trainings[probe.record.training]?.worker, let words = Self.mismatch(of: said, with: named)
        {
            return "it is \(words)"
        }
        if let expected = checks[described.name], described.check != expected {
            return "its check gives \(described.check.prefix(12)), expected \(expected.prefix(12)): results of this "
                + "host would differ from those of others"
        }
        return nil
    }
}
