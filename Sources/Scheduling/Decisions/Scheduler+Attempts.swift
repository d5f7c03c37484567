import JobContract
import SweepModel

// The books of what hosts hold: every change of them goes through here, so that no event has to look at all attempts.
extension Scheduler {
    mutating func add(_ attempt: AttemptState) {
        attempts[attempt.number] = attempt
        backlogTotal -= hosts[attempt.host]?.backlog ?? 0
        hosts[attempt.host]?.take(attempt)
        backlogTotal += hosts[attempt.host]?.backlog ?? 0
        if hosts[attempt.host]?.isConnected == true { reachable += attempt.tally }
        if attempt.waits {
            waitingTotal += 1
            timers.add(.balance, at: present.advanced(bySeconds: policy.balanceSeconds))
        }
        invite(attempt.host)
    }

    mutating func remove(_ number: AttemptNumber) {
        guard let attempt = attempts.removeValue(forKey: number) else { return }
        timers.remove(.attempt(number))
        backlogTotal -= hosts[attempt.host]?.backlog ?? 0
        hosts[attempt.host]?.drop(attempt)
        backlogTotal += hosts[attempt.host]?.backlog ?? 0
        if hosts[attempt.host]?.isConnected == true { reachable -= attempt.tally }
        if attempt.waits { waitingTotal -= 1 }
        invite(attempt.host)
    }

    /// The attempt is on another host than was thought.
    mutating func move(_ number: AttemptNumber, to name: HostName) {
        guard var attempt = attempts[number] else { return }
        remove(number)
        attempt.host = name
        add(attempt)
    }

    /// The attempt runs, or is over.
    mutating func stopWaiting(_ number: AttemptNumber) {
        guard let attempt = attempts[number], attempt.waits else { return }
        attempts[number]?.waits = false
        attempts[number]?.isRevoked = false
        waitingTotal -= 1
        hosts[attempt.host]?.beginOne(attempt)
        invite(attempt.host)
    }

    mutating func noteCancelling(_ number: AttemptNumber, _ reason: AttemptState.CancelReason) {
        guard let attempt = attempts[number], attempt.cancelling == nil else { return }
        attempts[number]?.cancelling = reason
        hosts[attempt.host]?.cancelOne()
        if hosts[attempt.host]?.isConnected == true { reachable.cancelling += 1 }
    }

    mutating func setConnected(_ name: HostName) {
        guard let host = hosts[name], !host.isConnected else { return }
        hosts[name]?.link = .connected
        reachable += host.tally
        fleetHasChanged = true
    }

    /// A repeated failure does not begin the silence anew.
    mutating func setSilent(_ name: HostName, _ failure: HostFailure, at now: Instant) {
        guard let host = hosts[name] else { return }
        if case .silent(let since, _) = host.link {
            hosts[name]?.link = .silent(since: since, failure)
            return
        }
        hosts[name]?.link = .silent(since: now, failure)
        reachable -= host.tally
        fleetHasChanged = true
        timers.add(.host(name), at: nextLook(after: host.leaseSilence, at: now))
    }

    /// When to look again at a host that has been silent for so long: to record the silence, or as the leases expire.
    func nextLook(after silence: Double, at now: Instant) -> Instant {
        now.advanced(bySeconds: max(0.001, min(policy.leaseSeconds - silence, policy.silenceRecordSeconds)))
    }

    mutating func setStanding(_ name: HostName, _ standing: HostState.Standing) {
        guard hosts[name]?.standing != standing else { return }
        hosts[name]?.standing = standing
        fleetHasChanged = true
    }

    /// Lets a host ask for jobs, if it may have more, by how much it has to do.
    mutating func invite(_ name: HostName) {
        guard let host = hosts[name] else { return }
        guard host.isReady, asksForMore(host) else { return ready.withdraw(host.index) }
        let load = HostQueue.Load(
            isFull: host.attempts.count >= host.slots, seconds: host.load, host: host.index)
        ready.ask(load) { host.suits($0) }
    }

    func asksForMore(_ host: HostState) -> Bool {
        if host.attempts.count < host.slots { return true }
        return host.backlog < min(policy.backlogLimit, max(host.slots, policy.backlogTotal / max(1, hostOrder.count)))
            && min(host.waitingUnknown, host.backlog) < policy.backlogPerSlot * host.slots
            && host.load < policy.backlogSeconds
    }

    /// Counts the slots there are and those still to come, and lets every host ask.
    mutating func surveyFleet(at now: Instant) {
        fleetHasChanged = false
        usableSlots = 0
        slotsToCome = 0
        // A host may have told of other slots than were thought.
        backlogTotal = hosts.values.reduce(0) { $0 + $1.backlog }
        for name in hostOrder {
            invite(name)
            guard let host = hosts[name], host.isListed, !host.isUnusable else { continue }
            if host.isConnected {
                usableSlots += host.slots
            } else if case .silent(let since, _) = host.link, host.facts == nil,
                now.seconds(since: since) < policy.connectSeconds
            {
                slotsToCome += host.slots
            }
        }
    }
}
