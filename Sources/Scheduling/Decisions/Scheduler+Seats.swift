import JobContract
import SweepModel

/// Decides how many allocations queues are asked for, and what the coming and going of allocations means. To all other
/// decisions a seat is a host.
extension Scheduler {
    mutating func handle(_ news: SeatNews, of name: HostName, at now: Instant) {
        guard let seat = hosts[known: name].seat else { return }
        switch news {
        case .vacant(let said):
            // A node that would not do is gone; the next allocation may have another.
            let fault = faultOfNode(name)
            if fault != nil { forgetNode(name) }
            let words = fault ?? said
            closeAttempts(ofGone: name, at: now)
            var callAt: Instant?
            if words.isEmpty {
                hosts[known: name].seat?.wasted = 0
            } else {
                hosts[known: name].seat?.wasted = seat.wasted + 1
                callAt = now.advanced(bySeconds: pause(after: seat.wasted + 1))
                actions.append(.notice(.allocationWasted(name, words: words)))
            }
            hosts[known: name].seat?.vacate(callAt: callAt)
            if !words.isEmpty { giveUpQueue(of: name, words: words) }
        case .waiting(_, let words): hosts[known: name].seat?.allocation = .waiting(words)
        case .begun: hosts[known: name].seat?.allocation = .begun
        case .refused(let words, let seconds):
            let pause = seconds.isFinite ? min(max(0, seconds), 86_400) : policy.longestRestSeconds
            hosts[known: name].seat?.vacate(callAt: now.advanced(bySeconds: pause))
            actions.append(.notice(.queueRefused(name, words: words, seconds: pause)))
        }
        timers.add(.staff, at: now)
    }

    /// Why the node of a seat's present allocation was given up; nil: it was not, or several were given up in a row, so that
    /// no node is to blame.
    func faultOfNode(_ name: HostName) -> String? {
        let host = hosts[known: name]
        guard let seat = host.seat, case .unusable(let reason) = host.standing, host.isConnected, host.isListed,
            drained[name] == nil, seat.wasted < policy.refusalLimit
        else { return nil }
        return reason
    }

    /// Gives a queue up where allocations come to nothing again and again, and none is at work.
    private mutating func giveUpQueue(of name: HostName, words: String) {
        guard let queue = hosts[known: name].spec.seat?.queue, let wasted = hosts[known: name].seat?.wasted,
            wasted >= policy.wasteLimit
        else { return }
        let seats = hostOrder.filter { hosts[known: $0].spec.seat?.queue == queue }
        guard seats.allSatisfy({ hosts[known: $0].seat?.allocation != .begun }) else { return }
        let reason = "\(wasted) allocations in a row were of no use, the last: \(words)"
        for seat in seats { giveUp(seat, reason: reason) }
    }

    /// Forgets what was held against a node: the seat has left it.
    private mutating func forgetNode(_ name: HostName) {
        hosts[known: name].strikes = 0
        hosts[known: name].quickFailures = [:]
        hosts[known: name].isSuspect = false
        hosts[known: name].vouchedUntil = nil
        setStanding(name, .usable)
    }

    /// Seconds before another allocation is asked for after so many in a row that were of no use.
    private func pause(after wasted: Int) -> Double {
        var pause = policy.restSeconds
        for _ in 1..<max(1, min(wasted, 10)) { pause = min(2 * pause, policy.longestRestSeconds) }
        return pause
    }

    /// Records an allocation whose agent answers. What was held against an earlier node says nothing of this one.
    mutating func fill(_ name: HostName, _ facts: HostFacts, at now: Instant) {
        let host = hosts[known: name]
        hosts[known: name].seat?.allocation = .begun
        if host.facts?.machine != facts.machine, drained[name] == nil { forgetNode(name) }
        hosts[known: name].seat?.endsAt = facts.loan?.secondsLeft.map { now.advanced(bySeconds: $0) }
        hosts[known: name].seat?.isLeaving = facts.loan?.secondsLeft.map { $0 <= 0 } ?? false
        if let endsAt = hosts[known: name].seat?.endsAt { timers.add(.host(name), at: max(now, endsAt)) }
    }

    /// Records that a seat's agent begins nothing more from now on.
    mutating func leave(_ name: HostName) {
        hosts[known: name].seat?.isLeaving = true
        fleetHasChanged = true
        invite(name)
    }

    /// Closes the attempts of an allocation of which nothing is left: they never began, and nobody is charged for them.
    private mutating func closeAttempts(ofGone name: HostName, at now: Instant) {
        setSilent(name, nil, at: now)
        for number in hosts[known: name].attempts.sorted() {
            let attempt = attempts[known: number]
            if attempt.isForeign { leaveToOthers(attempt) } else { close(number, .cancelled, at: now) }
        }
    }

    /// Whether a measure would take longer than a seat's host stays, and a fresh allocation would have clearly more time for
    /// it. Trainings never do: they can go on elsewhere.
    func outlasts(_ host: HostState, _ job: Int) -> Bool {
        guard let endsAt = host.seat?.endsAt, let whole = host.spec.seat?.settings.seconds, !jobs[job].isTraining,
            let seconds = predictedSeconds(job, on: host)
        else { return false }
        let left = endsAt.seconds(since: present)
        return host.load + seconds > left && left < 0.8 * Double(whole)
    }

    /// Asks for allocations that the waiting work would fill, and dismisses those that nobody needs. So as not to crowd a
    /// queue, only a few allocations wait in it at a time, and more once some have begun.
    mutating func staff(at now: Instant) {
        guard ending == nil else { return }
        timers.add(.staff, at: now.advanced(bySeconds: policy.staffSeconds))
        let queued = stopping == nil ? queuedNeeds() : [:]
        let waiting = stopping == nil ? readyCount + queued.values.reduce(0, +) : 0
        var lacking = waiting
        var seconds = Double(readyCount) * SchedulingPolicy.guessedSeconds
        var usable = 0
        for host in hosts.values where !host.isUnusable {
            // A host that suits none of the waiting jobs takes none of them, however idle it is.
            if readyCount > 0, ready.fitting({ host.suits($0.needs) }).isEmpty { continue }
            if host.isReady {
                lacking -= max(0, host.slots - host.attempts.count)
                seconds += host.waitingSeconds
                usable += host.slots
            } else if host.seat?.isComing == true {
                lacking -= host.slots
            }
        }
        // Where the usable hosts would be done before an allocation could begin, none is asked for.
        let isWorthIt = usable == 0 || seconds / Double(usable) > policy.callSeconds
        var coming: [HostName: Int] = [:]
        var begun: [HostName: Int] = [:]
        // What one seat met the next would meet.
        var pausing: Set<HostName> = []
        for host in hosts.values {
            guard let queue = host.spec.seat?.queue, let seat = host.seat else { continue }
            if seat.isComing { coming[queue, default: 0] += 1 }
            if seat.allocation == .begun { begun[queue, default: 0] += 1 }
            if seat.isEmpty, !host.isUnusable, !seat.mayBeCalled(at: now) { pausing.insert(queue) }
        }
        for name in hostOrder {
            let host = hosts[known: name]
            guard let queue = host.spec.seat?.queue, let seat = host.seat else { continue }
            if seat.isComing, waiting == 0 && stopping == nil || host.isUnusable {
                dismiss(name)
            } else if host.isUnusable, host.isConnected, host.attempts.isEmpty, !seat.isDismissed, !seat.isLeaving {
                dismiss(name)
            } else if lacking > 0, isWorthIt, !host.isUnusable, seat.mayBeCalled(at: now),
                begun[queue, default: 0] > 0 || !pausing.contains(queue),
                coming[queue, default: 0] < 2 + 2 * begun[queue, default: 0],
                hasWork(for: host, queued)
            {
                hosts[known: name].seat?.allocation = .called
                actions.append(.call(name))
                coming[queue, default: 0] += 1
                lacking -= host.slots
            }
        }
    }

    /// The needs of jobs that wait in hosts' backlogs, and how many jobs have each.
    func queuedNeeds() -> [JobNeeds: Int] {
        var needs: [JobNeeds: Int] = [:]
        for attempt in attempts.values where attempt.waits && attempt.holdsLease && !attempt.isForeign {
            if let job = attempt.job, !jobs[job].isOver { needs[jobs[job].needs, default: 0] += 1 }
        }
        return needs
    }

    /// Whether a job that suits the host waits, here or in a host's backlog.
    func hasWork(for host: HostState, _ queued: [JobNeeds: Int]) -> Bool {
        !ready.fitting { host.suits($0.needs) }.isEmpty || queued.keys.contains { host.suits($0) }
    }

    private mutating func dismiss(_ name: HostName) {
        hosts[known: name].seat?.isDismissed = true
        actions.append(.dismiss(name))
    }
}
