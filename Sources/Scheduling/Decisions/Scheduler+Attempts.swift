import JobContract
import SweepModel

// The books of what hosts hold: every change of them goes through here, so that no event has to look at all attempts.
extension Scheduler {
    mutating func add(_ attempt: AttemptState) {
        attempts[attempt.number] = attempt
        let before = hosts[known: attempt.host].backlog
        hosts[known: attempt.host].add(attempt)
        backlogTotal += hosts[known: attempt.host].backlog - before
        if isConnected(attempt.host) { reachable += attempt.tally }
        if attempt.waits {
            waitingTotal += 1
            timers.add(.balance, at: present.advanced(bySeconds: policy.balanceSeconds))
        }
        invite(attempt.host)
    }

    mutating func remove(_ number: AttemptNumber) {
        let attempt = attempts[known: number]
        attempts[number] = nil
        timers.remove(.attempt(number))
        let before = hosts[known: attempt.host].backlog
        hosts[known: attempt.host].drop(attempt)
        backlogTotal += hosts[known: attempt.host].backlog - before
        if isConnected(attempt.host) { reachable -= attempt.tally }
        if attempt.waits { waitingTotal -= 1 }
        invite(attempt.host)
    }

    /// Moves the attempt to the host that turned out to hold it.
    mutating func move(_ number: AttemptNumber, to name: HostName) {
        var attempt = attempts[known: number]
        remove(number)
        attempt.host = name
        add(attempt)
    }

    /// Changes an attempt, which must be known. By the change a waiting attempt may begin or be over, but none may begin to
    /// wait.
    mutating func update(_ number: AttemptNumber, _ change: (inout AttemptState) -> Void) {
        let waited = attempts[known: number].waits
        change(&attempts[known: number])
        guard waited, !attempts[known: number].waits else { return }
        let attempt = attempts[known: number]
        waitingTotal -= 1
        hosts[known: attempt.host].beginOne(attempt)
        invite(attempt.host)
    }

    mutating func noteCancelling(_ number: AttemptNumber, _ reason: AttemptState.CancelReason) {
        let attempt = attempts[known: number]
        guard attempt.cancellation == nil else { return }
        attempts[known: number].cancellation = .init(reason: reason)
        hosts[known: attempt.host].cancelOne()
        if isConnected(attempt.host) { reachable.cancelling += 1 }
    }

    /// The host must be known.
    func isConnected(_ name: HostName) -> Bool { hosts[known: name].isConnected }

    mutating func setConnected(_ name: HostName) {
        let host = hosts[known: name]
        guard !host.isConnected else { return }
        hosts[known: name].link = .connected
        reachable += host.tally
    }

    /// A repeated failure does not begin the silence anew.
    mutating func setSilent(_ name: HostName, _ failure: HostFailure?, at now: Instant) {
        let host = hosts[known: name]
        guard host.isConnected else { return hosts[known: name].note { $0.failure = failure } }
        hosts[known: name].link = .silent(.init(since: now, failure: failure))
        reachable -= host.tally
        fleetHasChanged = true
        timers.add(.host(name), at: nextLook(after: 0, at: now))
    }

    /// When to look again at a host that has been silent for so long: to record the silence, or as the leases expire.
    func nextLook(after silence: Double, at now: Instant) -> Instant {
        now.advanced(bySeconds: max(0.001, min(policy.leaseSeconds - silence, policy.silenceRecordSeconds)))
    }

    mutating func setStanding(_ name: HostName, _ standing: HostState.Standing) {
        guard hosts[known: name].standing != standing else { return }
        hosts[known: name].standing = standing
        fleetHasChanged = true
    }

    /// Lets a host ask for jobs, if it may have more, by how much it has to do.
    mutating func invite(_ name: HostName) {
        let host = hosts[known: name]
        guard host.isReady, hasPlaces(host) else { return ready.withdraw(host.index) }
        let load = HostQueue.Load(
            isFull: host.attempts.count >= host.slots, seconds: host.load, host: host.index)
        let mayTrain = asksForMore(host)
        ready.ask(load) { $0.isOpen(to: host, training: mayTrain) }
    }

    /// Whether the host may have more jobs at all. Measures need no more: however long its trainings take, they begin as
    /// soon as a slot is free.
    private func hasPlaces(_ host: HostState) -> Bool {
        if host.attempts.count < host.slots { return true }
        return host.backlog < min(policy.backlogLimit, max(host.slots, policy.backlogTotal / max(1, hostOrder.count)))
    }

    /// Whether it may have more trainings.
    func asksForMore(_ host: HostState) -> Bool {
        if host.attempts.count < host.slots { return true }
        return hasPlaces(host) && min(host.waitingUnknown, host.backlog) < policy.backlogPerSlot * host.slots
            && host.load < policy.backlogSeconds
    }

    /// Counts the slots there are and those still to come, and lets every host ask.
    mutating func surveyFleet(at now: Instant) {
        fleetHasChanged = false
        arrived = []
        // A host may have told of other slots than were thought.
        backlogTotal = hosts.values.reduce(0) { $0 + $1.backlog }
        for name in hostOrder { survey(name, at: now) }
    }

    /// Does of the survey what hosts that came for the first time ask for: to look at all for each of thousands would
    /// take minutes. That there is one more lets no other host have a job that it could not have before.
    mutating func surveyArrived(at now: Instant) {
        for name in arrived { survey(name, at: now) }
        arrived = []
    }

    private mutating func survey(_ name: HostName, at now: Instant) {
        invite(name)
        let host = hosts[known: name]
        var found = HostState.CountedSlots()
        if host.isListed, !host.isUnusable {
            if host.isConnected {
                found.usable = host.slots
            } else if host.seat == nil, let silence = host.silence, host.facts == nil,
                now.seconds(since: silence.since) < policy.connectSeconds
            {
                found.toCome = host.slots
            }
        }
        usableSlots += found.usable - host.counted.usable
        slotsToCome += found.toCome - host.counted.toCome
        hosts[known: name].counted = found
    }
}
