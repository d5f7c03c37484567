import JobContract
import SweepModel

extension Scheduler {
    /// Does what time limits that have passed ask for.
    mutating func passTime(at now: Instant) {
        while let limit = timers.popDue(at: now) {
            switch limit {
            case .host(let name): passTime(for: name, at: now)
            case .attempt(let number): passTime(for: number, at: now)
            case .balance: balance(at: now)
            case .staff: staff(at: now)
            // Every event ends with that question.
            case .ending: break
            }
        }
    }

    private mutating func passTime(for name: HostName, at now: Instant) {
        let host = hosts[known: name]
        if case .resting(let until) = host.standing {
            if until <= now { setStanding(name, .usable) } else { timers.add(.host(name), at: until) }
        }
        if let strays = host.strays {
            if strays.until <= now {
                hosts[known: name].strays = nil
                invite(name)
            } else {
                timers.add(.host(name), at: strays.until)
            }
        }
        if let endsAt = host.seat?.endsAt, host.seat?.isLeaving == false {
            if endsAt <= now { leave(name) } else { timers.add(.host(name), at: endsAt) }
        }
        guard let silence = host.silence else { return }
        if !silence.leasesExpired {
            let seconds = silence.seconds(at: now)
            if seconds >= policy.leaseSeconds {
                expireLeases(of: name, at: now)
            } else {
                record(seconds, of: host)
                timers.add(.host(name), at: nextLook(after: seconds, at: now))
            }
        }
        guard host.facts == nil else { return }
        let patience = silence.since.advanced(bySeconds: policy.connectSeconds)
        if patience > now { timers.add(.host(name), at: patience) } else { fleetHasChanged = true }
    }

    /// Remembers how long a host with attempts has been silent, so that a later coordinator counts on.
    private mutating func record(_ seconds: Double, of host: HostState) {
        guard let silence = host.silence, !host.attempts.isEmpty,
            seconds - silence.recorded >= policy.silenceRecordSeconds
        else { return }
        hosts[known: host.spec.name].note { $0.recorded = seconds }
        actions.append(.record(.hostSilent(host.spec.name, seconds: seconds)))
    }

    /// Ignores attempts on hosts that do not answer: their limits begin anew when they do.
    private mutating func passTime(for number: AttemptNumber, at now: Instant) {
        let attempt = attempts[known: number]
        guard !attempt.isForeign, isConnected(attempt.host) else { return }
        if let asked = attempt.cancellation?.sentAt, attempt.isUnanswered {
            // The order was given up before the host had it, so no end will be told. Should it be there all the
            // same, its first word is answered with another cancel.
            let limit = asked.advanced(bySeconds: policy.cancelSeconds)
            if limit > now { timers.add(.attempt(number), at: limit) } else { close(number, .cancelled, at: now) }
            return
        }
        // Also one that said its last word and does not go: its job waits for it.
        guard attempt.cancellation == nil, !attempt.isOver, let since = attempt.beginning?.since else { return }
        let seconds = attempt.isProbe ? policy.probeSeconds : policy.hungSeconds
        let limit = (attempt.isProbe ? since : attempt.heardAt).advanced(bySeconds: seconds)
        if limit > now { return timers.add(.attempt(number), at: limit) }
        cancel(number, .hung("it ran for \(Int(seconds / 60)) minutes without a word"))
    }

    /// Finds out whether there is anything left to wait for.
    mutating func decideEnding(at now: Instant) {
        guard ending == nil else { return }
        if let cancelling {
            if reachable.cancelling == 0 || now.seconds(since: cancelling) >= policy.cancelSeconds {
                ending = .cancelled
            }
            timers.add(.ending, at: cancelling.advanced(bySeconds: policy.cancelSeconds))
        } else if unsettled == 0, measuresLeft == 0 {
            let since = settledAt ?? now
            settledAt = since
            let stillHeld = reachable.ours > 0 || hosts.values.contains(where: holdsOursAndMayCome)
            if !stillHeld || stopping != nil || now.seconds(since: since) >= policy.windDownSeconds {
                ending = .settled
            }
            timers.add(.ending, at: since.advanced(bySeconds: policy.windDownSeconds))
        } else if let stopping {
            if now.seconds(since: stopping) >= policy.stopSeconds { ending = .interrupted }
            timers.add(.ending, at: stopping.advanced(bySeconds: policy.stopSeconds))
        } else if let reason = hopelessness(at: now) {
            ending = .noUsableHost(reason: reason)
        }
    }

    /// Whether the host is only just being connected to, and what nobody wants any more there is to be stopped.
    private func holdsOursAndMayCome(_ host: HostState) -> Bool {
        guard host.isListed, host.tally.ours > 0, let silence = host.silence else { return false }
        return silence.failure == nil
    }

    /// Why nothing more can happen; nil while something can.
    private func hopelessness(at now: Instant) -> String? {
        if reachable.all > 0 { return nil }
        var reasons: [String] = []
        var connected = false
        for name in hostOrder {
            let host = hosts[known: name]
            guard host.isListed else { continue }
            if case .unusable(let reason) = host.standing {
                if faultOfNode(name) != nil { return nil }
                // One that is only drained may come and tell of what it holds.
                if !host.attempts.isEmpty, let silence = host.silence, silence.failure?.isTransient != false,
                    now.seconds(since: silence.since) < policy.connectSeconds
                {
                    return nil
                }
                reasons.append("\(name): \(HostFailure.words(reason, beside: name))")
                continue
            }
            switch host.link {
            case _ where host.seat?.mayCome == true:
                // The seat's allocation may wait for days.
                if hasWork(for: host, queuedNeeds()) { return nil }
                connected = true
            case .connected:
                if host.standing != .usable || host.strays != nil { return nil }
                connected = true
            case .silent(let silence):
                let patience = host.facts == nil ? policy.connectSeconds : policy.leaseSeconds
                if now.seconds(since: silence.since) < patience { return nil }
                reasons.append("\(name): \(silence.failure?.words(beside: name) ?? "it does not answer")")
            }
        }
        if connected {
            // A usable host with nothing to do: jobs may be on silent hosts, whose leases will expire; or none suits.
            guard attempts.values.allSatisfy({ !$0.holdsLease || $0.isForeign }), readyCount > 0 else { return nil }
            reasons.append("no host that answers offers the memory, GPUs and tags that the waiting jobs need")
        }
        return reasons.isEmpty ? "there is no host" : reasons.joined(separator: "; ")
    }
}
