import JobContract
import SweepModel

extension Scheduler {
    /// Asks an attempt to stop. Remembered, and asked again whenever its host connects, until it ends.
    mutating func cancel(_ number: AttemptNumber, _ reason: AttemptState.CancelReason) {
        let attempt = attempts[known: number]
        noteCancelling(number, reason)
        guard isConnected(attempt.host) else { return }
        actions.append(.cancel(number, on: attempt.host))
        guard attempt.cancellation?.sentAt == nil else { return }
        attempts[known: number].cancellation = .init(reason: attempt.cancelling ?? reason, sentAt: present)
        timers.add(.attempt(number), at: present.advanced(bySeconds: policy.cancelSeconds))
    }

    /// Asks an attempt to stop that nothing of this run needs any more; one that serves other sweeps too goes on.
    mutating func abandon(_ number: AttemptNumber) {
        if !attempts[known: number].isShared { cancel(number, .unwanted) }
    }

    /// An attempt of another sweep is over: it takes up no place, and its results stay on the host.
    mutating func leaveToOthers(_ attempt: AttemptState) {
        othersEnded.insert(attempt.number)
        remove(attempt.number)
    }

    mutating func ended(
        _ number: AttemptNumber, _ end: AttemptEnd, diagnostics: String, on host: HostName, at now: Instant
    ) {
        if hosts[known: host].losesStray(number) { invite(host) }
        if othersEnded.contains(number) { return }
        if let attempt = attempts[number], attempt.isForeign, attempt.host == host { return leaveToOthers(attempt) }
        // Also for an attempt not known any more: its end is recorded, so its directory may go.
        actions.append(.release(number, on: host))
        guard let attempt = attempts[number], attempt.host == host else { return }
        if !diagnostics.isEmpty { actions.append(.record(.attemptSaid(number, diagnostics))) }
        if attempt.isProbe { return probeEnded(attempt, end, diagnostics, at: now) }
        let outcome = attempt.lastWord?.outcome ?? judge(attempt, end, diagnostics)
        close(number, outcome, at: now)
        // Its GPU gets no more: the next jobs do not meet it.
        if attempt.gpuFault == nil, case .hostFault(let reason) = outcome, isOfLastingCause(end, attempt),
            !isMended(attempt)
        {
            strike(attempt.host, reason, drains: true, at: now)
        }
    }

    private mutating func probeEnded(
        _ probe: AttemptState, _ end: AttemptEnd, _ diagnostics: String, at now: Instant
    ) {
        guard let name = probedHost(probe.number), probe.cancelling != .unwanted else {
            return close(probe.number, .cancelled, at: now)
        }
        let fault = fault(of: probe, end, diagnostics)
        decide(name, fault: fault, at: now)
        close(probe.number, fault.map(AttemptOutcome.hostFault) ?? .succeeded, at: now)
    }

    /// What an end without a last word means.
    private func judge(
        _ attempt: AttemptState, _ end: AttemptEnd, _ diagnostics: String
    ) -> AttemptOutcome {
        switch attempt.cancelling {
        case .hung(let reason): return .jobFault(reason)
        case .unwanted: return .cancelled
        case nil: break
        }
        let tail = Self.tail(of: diagnostics)
        switch end {
        case .exited(0): return .jobFault("the worker ended without saying \"finished\"\(tail)")
        case .exited(75): return .hostFault("the worker could not read its job or write its events\(tail)")
        case .exited(let code): return .jobFault("the worker ended with exit code \(code)\(tail)")
        case .signalled(9):
            let reason = "killed by a signal 9 that did not come from here, perhaps for its memory\(tail)"
            return attempt.job.map { jobs[$0].troubles.wasKilled } == true ? .jobFault(reason) : .killed(reason)
        // A program that traps in its own code dies of this signal too.
        case .signalled(4) where attempt.startRecord != .told:
            return .hostFault("illegal instruction: this CPU lacks what the worker needs")
        case .signalled(let signal) where [1, 2, 15].contains(signal):
            return .hostFault("stopped by signal \(signal) that did not come from here")
        case .signalled(let signal): return .jobFault("the worker died of signal \(signal)\(tail)")
        case .stopped(.cancelled, _): return .cancelled
        case .stopped(.noSpace, let exit):
            return .hostFault(
                "the host's disk was nearly full: its agent stopped the worker, \(words(of: exit))\(tail)")
        case .stopped(.hostLeft, _): return .paused
        case .stopped(.misbehaved, let exit):
            return .jobFault("the worker broke the job contract and its agent stopped it, \(words(of: exit))\(tail)")
        case .vanished: return .hostFault("the process is gone and nobody saw how")
        case .neverStarted where attempt.isRevoked: return .cancelled
        case .neverStarted(let reason): return .hostFault("not started: \(reason)")
        }
    }

    /// What a worker said last on standard error: first the line that names the cause, where a reason has room for one
    /// line, then what led to it.
    private static func tail(of diagnostics: String) -> String {
        let said = diagnostics.suffix(2000)
        let lines = said.split(whereSeparator: \.isNewline).filter { $0.contains { !$0.isWhitespace } }
        guard let last = lines.last else { return "" }
        guard lines.count > 1 else { return ": \(said)" }
        // Python names the error below the calls that led to it, which are indented; more may have been said since.
        let calls = lines.lastIndex { $0.hasPrefix("Traceback (most recent call last)") }
        let named = calls.flatMap { lines[($0 + 1)...].first { $0.first?.isWhitespace == false } }
        return ": \(named ?? last)\n\(said)"
    }

    private func words(of exit: Int?) -> String {
        switch exit {
        case nil: "and nobody saw how it ended"
        case let exit? where exit < 0: "by signal \(-exit) in the end"
        case let exit?: "which it did with exit code \(exit)"
        }
    }

    /// Whether a host's fault is likely to meet the next job too. A process that vanished with its agent, in a reboot
    /// or by someone's signal was in no way refused: the host is back and may be fine.
    private func isOfLastingCause(_ end: AttemptEnd, _ attempt: AttemptState) -> Bool {
        if attempt.lastWord != nil { return true }
        switch end {
        case .neverStarted, .signalled(4), .exited(75), .stopped(.noSpace, _): return true
        case .exited, .signalled, .stopped, .vanished: return false
        }
    }

    /// Whether the job met a damaged file on its host, for the first time since it got further: the host has put it aside
    /// and gets it again, so that others need not meet it. Where the same job meets damage again, the disk is no good.
    private func isMended(_ attempt: AttemptState) -> Bool {
        let isOfDamage =
            attempt.lastWord?.meaning == .metDamage
            || hosts[known: attempt.host].damagedAt.map { $0 >= attempt.givenAt } ?? false
        return isOfDamage && attempt.job.map { jobs[$0].troubles.hostFaults <= 1 } ?? true
    }

    /// The attempt is over: records it, charges whom it must, and lets the job go on. Its own last word, if it had one,
    /// stands before `judged`.
    mutating func close(_ number: AttemptNumber, _ judged: AttemptOutcome, at now: Instant) {
        let attempt = attempts[known: number]
        let outcome = (attempt.lastWord?.outcome ?? judged).excused(by: attempt.gpuFault)
        recordEnd(of: number, outcome)
        if probedHost(number) != nil { giveUpProbe(of: attempt.host) }
        remove(number)
        switch outcome {
        case .jobFault(let reason), .hostFault(let reason), .killed(let reason):
            actions.append(.notice(.attemptFailed(number, attempt.host, reason: reason)))
        case .succeeded, .paused, .cancelled: break
        }
        if outcome == .succeeded { praise(attempt.host) }
        guard let job = attempt.job else { return }
        preferKeeper(of: attempt, job)
        jobs[job].live.remove(number)
        charge(job, attempt, outcome, at: now)
        letGo(job)
        refreshTrials(of: job)
    }

    /// A job that nobody is at work on any more waits for a host, or for checkpoints that were lost meanwhile.
    private mutating func letGo(_ job: Int) {
        guard !jobs[job].isOver, jobs[job].live.isEmpty else { return }
        setPhase(job, hasCheckpoints(job) ? .ready : .blocked)
    }

    /// Lets others have the jobs of a host that was silent for too long. Its attempts stay open in the catalogue, for
    /// only the host can say how they ended, and what they found may still come; unless the host is gone for good.
    mutating func expireLeases(of name: HostName, at now: Instant) {
        hosts[known: name].note { $0.leasesExpired = true }
        let host = hosts[known: name]
        let held = host.attempts.sorted().filter {
            let attempt = attempts[known: $0]
            return attempt.holdsLease && !attempt.isForeign
        }
        guard !held.isEmpty else { return }
        actions.append(.notice(.leasesExpired(name, held)))
        actions.append(.record(.hostSilent(name, seconds: policy.leaseSeconds)))
        for number in held {
            if !host.isListed { recordEnd(of: number, .hostFault("the host is no longer used")) }
            attempts[known: number].holdsLease = false
            guard let job = attempts[known: number].job else { continue }
            jobs[job].live.remove(number)
            letGo(job)
            refreshTrials(of: job)
        }
    }

    /// Stops everything that runs or waits on a host.
    mutating func cancelEverything(at now: Instant) {
        stopping = stopping ?? now
        cancelling = cancelling ?? now
        for (number, attempt) in attempts.sorted(by: { $0.key < $1.key }) where !attempt.isForeign {
            abandon(number)
        }
    }
}

extension AttemptOutcome {
    /// A failure that is held against a GPU of the host instead, if there is a reason to.
    fileprivate func excused(by fault: String?) -> AttemptOutcome {
        guard let fault else { return self }
        return switch self {
        case .jobFault(let reason), .killed(let reason): .hostFault("\(reason) (\(fault))")
        case .succeeded, .paused, .cancelled, .hostFault: self
        }
    }
}
