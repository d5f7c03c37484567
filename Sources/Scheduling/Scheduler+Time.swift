import SweepModel

extension Scheduler {
    mutating func arm(_ instant: Instant) {
        alarm = alarm.map { min($0, instant) } ?? instant
    }

    /// Does what time limits that have passed ask for, and finds the next.
    mutating func passTime(at now: Instant) {
        guard let alarm, alarm <= now else { return }
        self.alarm = nil
        for name in hostOrder { passTime(for: name, at: now) }
        passTimeForAttempts(at: now)
        for (since, seconds) in [
            (stopping, policy.stopSeconds), (cancelling, policy.cancelSeconds), (settledAt, policy.windDownSeconds),
        ] {
            if let since, case let limit = since.advanced(bySeconds: seconds), limit > now { arm(limit) }
        }
    }

    private mutating func passTime(for name: HostName, at now: Instant) {
        guard let host = hosts[name] else { return }
        if case .resting(let until) = host.standing {
            if until <= now { hosts[name]?.standing = .usable } else { arm(until) }
        }
        guard case .silent(let since, _) = host.link else { return }
        if !host.leasesExpired {
            let expiry = since.advanced(bySeconds: policy.leaseSeconds)
            if expiry <= now { expireLeases(of: name, at: now) } else { arm(expiry) }
        }
        let patience = since.advanced(bySeconds: policy.connectSeconds)
        if host.facts == nil, patience > now { arm(patience) }
    }

    private mutating func passTimeForAttempts(at now: Instant) {
        for number in attempts.keys.sorted() {
            guard let attempt = attempts[number], !attempt.isForeign, hosts[attempt.host]?.isConnected == true else {
                continue
            }
            if let asked = attempt.cancelSentAt, attempt.phase == .intended {
                // The order was given up before the host had it, so no end will be told. Should it be there all the
                // same, its first word is answered with another cancel.
                let limit = asked.advanced(bySeconds: policy.cancelSeconds)
                if limit <= now { close(number, .cancelled, at: now) } else { arm(limit) }
            }
            // Also one that said its last word and does not go: its job waits for it.
            guard attempt.startedAt != nil, !attempt.isOverThere, attempt.cancelling == nil else { continue }
            let limit = attempt.lastWord.advanced(bySeconds: policy.hungSeconds)
            if limit <= now {
                cancel(number, .hung("it ran for \(Int(policy.hungSeconds / 60)) minutes without a word"))
            } else {
                arm(limit)
            }
        }
    }

    /// Finds out whether there is anything left to wait for.
    mutating func decideEnding(at now: Instant) {
        guard ending == nil else { return }
        if let cancelling {
            let stillHeld = attempts.values.contains { $0.cancelling != nil && hosts[$0.host]?.isConnected == true }
            if !stillHeld || now.seconds(since: cancelling) >= policy.cancelSeconds { ending = .cancelled }
            arm(cancelling.advanced(bySeconds: policy.cancelSeconds))
        } else if unsettled == 0 {
            let since = settledAt ?? now
            settledAt = since
            let stillHeld = attempts.values.contains {
                !$0.isForeign && !$0.servesOthers && mayBeHeardOf($0.host)
            }
            if !stillHeld || stopping != nil || now.seconds(since: since) >= policy.windDownSeconds {
                ending = .settled
            }
            arm(since.advanced(bySeconds: policy.windDownSeconds))
        } else if let stopping {
            if now.seconds(since: stopping) >= policy.stopSeconds { ending = .interrupted }
            arm(stopping.advanced(bySeconds: policy.stopSeconds))
        } else if let reason = hopelessness(at: now) {
            ending = .noUsableHost(reason: reason)
        }
    }

    /// Whether the host answers, or is only just being connected to: what nobody wants any more there is to be stopped.
    private func mayBeHeardOf(_ name: HostName) -> Bool {
        guard let host = hosts[name] else { return false }
        switch host.link {
        case .connected: return true
        case .silent(_, let failure): return host.isListed && failure == nil
        }
    }

    /// Why nothing more can happen; nil while something can.
    private func hopelessness(at now: Instant) -> String? {
        if attempts.values.contains(where: { hosts[$0.host]?.isConnected == true }) { return nil }
        var reasons: [String] = []
        var connected = false
        for name in hostOrder {
            guard let host = hosts[name], host.isListed else { continue }
            if case .unusable(let reason) = host.standing {
                // One that is only drained may come and tell of what it holds.
                if !host.attempts.isEmpty, case .silent(let since, let failure) = host.link,
                    failure?.isTransient != false, now.seconds(since: since) < policy.connectSeconds
                {
                    return nil
                }
                reasons.append("\(name): \(reason)")
                continue
            }
            switch host.link {
            case .connected:
                if host.standing != .usable { return nil }
                connected = true
            case .silent(let since, let failure):
                let patience = host.facts == nil ? policy.connectSeconds : policy.leaseSeconds
                if now.seconds(since: since) < patience { return nil }
                reasons.append("\(name): \(failure?.message ?? "it does not answer")")
            }
        }
        if connected {
            // A usable host with nothing to do: jobs may be on silent hosts, whose leases will expire; or none suits.
            guard attempts.values.allSatisfy({ !$0.holdsLease || $0.isForeign }), readyCount > 0 else { return nil }
            reasons.append("no host that answers offers the memory and tags that the waiting jobs need")
        }
        return reasons.isEmpty ? "there is no host" : reasons.joined(separator: "; ")
    }
}
