import JobContract
import SweepModel

/// Allocations of queues: how many are asked for, and what their coming and going means. To all else a seat is a host.
extension Scheduler {
    mutating func handle(_ news: SeatNews, of name: HostName, at now: Instant) {
        guard let seat = hosts[known: name].seat else { return }
        switch news {
        case .vacant(let said):
            // A node that would not do is gone: the next may be another.
            let fault = faultOfNode(name)
            if fault != nil { forgetNode(name) }
            let words = fault ?? said
            isVacated(name, at: now)
            var callAt: Instant?
            if words.isEmpty {
                hosts[known: name].seat?.wasted = 0
            } else {
                hosts[known: name].seat?.wasted = seat.wasted + 1
                callAt = now.advanced(bySeconds: pause(after: seat.wasted + 1))
                actions.append(.notice(.allocationWasted(name, words: words)))
            }
            hosts[known: name].seat?.isVacant(callAt: callAt)
        case .waiting(_, let words): hosts[known: name].seat?.allocation = .waiting(words)
        case .begun: hosts[known: name].seat?.allocation = .begun
        case .refused(let words, let seconds):
            let pause = seconds.isFinite ? min(max(0, seconds), 86_400) : policy.longestRestSeconds
            hosts[known: name].seat?.isVacant(callAt: now.advanced(bySeconds: pause))
            actions.append(.notice(.queueRefused(name, words: words, seconds: pause)))
        }
        timers.add(.staff, at: now)
    }

    /// Why the node of its present allocation was given up. After several in a row it is no node's fault.
    func faultOfNode(_ name: HostName) -> String? {
        let host = hosts[known: name]
        guard let seat = host.seat, case .unusable(let reason) = host.standing, host.isConnected, host.isListed,
            drained[name] == nil, seat.wasted < policy.refusalLimit
        else { return nil }
        return reason
    }

    private mutating func forgetNode(_ name: HostName) {
        hosts[known: name].strikes = 0
        hosts[known: name].quickFailures = [:]
        hosts[known: name].isSuspect = false
        hosts[known: name].vouchedUntil = nil
        setStanding(name, .usable)
    }

    private func pause(after wasted: Int) -> Double {
        var pause = policy.restSeconds
        for _ in 1..<max(1, min(wasted, 10)) { pause = min(2 * pause, policy.longestRestSeconds) }
        return pause
    }

    /// An allocation has come, and its agent answers. What was held against the node before says nothing of this one.
    mutating func isFilled(_ name: HostName, _ facts: HostFacts, at now: Instant) {
        let host = hosts[known: name]
        hosts[known: name].seat?.allocation = .begun
        if host.facts?.machine != facts.machine, drained[name] == nil { forgetNode(name) }
        hosts[known: name].seat?.endsAt = facts.loan?.secondsLeft.map { now.advanced(bySeconds: $0) }
        hosts[known: name].seat?.isLeaving = facts.loan?.secondsLeft.map { $0 <= 0 } ?? false
        if let endsAt = hosts[known: name].seat?.endsAt { timers.add(.host(name), at: max(now, endsAt)) }
    }

    /// Its agent begins nothing more from now on.
    mutating func leave(_ name: HostName) {
        hosts[known: name].seat?.isLeaving = true
        fleetHasChanged = true
        invite(name)
    }

    /// Nothing is left of the allocation: what was on its way there never began, and nobody is charged for it.
    private mutating func isVacated(_ name: HostName, at now: Instant) {
        setSilent(name, nil, at: now)
        for number in hosts[known: name].attempts.sorted() {
            let attempt = attempts[known: number]
            if attempt.isForeign { leaveToOthers(attempt) } else { close(number, .cancelled, at: now) }
        }
    }

    /// Whether a measure would take longer than the host stays. It is begun all the same where the host stays as long as
    /// its allocations ever do; trainings can go on elsewhere.
    func outlasts(_ host: HostState, _ job: Int) -> Bool {
        guard let endsAt = host.seat?.endsAt, let whole = host.spec.seat?.settings.seconds, !jobs[job].isTraining,
            let seconds = predictedSeconds(job, on: host)
        else { return false }
        let left = endsAt.seconds(since: present)
        return host.load + seconds > left && left < 0.8 * Double(whole)
    }

    /// Asks for allocations that the waiting work would fill, and sends away those that nobody needs. Queues are met
    /// politely: a few allocations wait at a time, more once some have begun.
    mutating func staff(at now: Instant) {
        guard ending == nil else { return }
        timers.add(.staff, at: now.advanced(bySeconds: policy.staffSeconds))
        let queued = stopping == nil ? queuedNeeds() : [:]
        let waiting = stopping == nil ? readyCount + queued.values.reduce(0, +) : 0
        var lacking = waiting
        var seconds = Double(readyCount) * SchedulingPolicy.guessedSeconds
        var usable = 0
        for host in hosts.values where !host.isUnusable {
            // Idle hosts that the waiting jobs do not suit take none of them.
            if readyCount > 0, ready.fitting({ host.suits($0) }).isEmpty { continue }
            if host.isReady {
                lacking -= max(0, host.slots - host.attempts.count)
                seconds += host.waitingSeconds
                usable += host.slots
            } else if host.seat?.isComing == true {
                lacking -= host.slots
            }
        }
        // Where others would be done before a queue has answered, none is asked for.
        let isWorthIt = usable == 0 || seconds / Double(usable) > policy.callSeconds
        var coming: [HostName: Int] = [:]
        var begun: [HostName: Int] = [:]
        for host in hosts.values {
            guard let queue = host.spec.seat?.queue, let seat = host.seat else { continue }
            if seat.isComing { coming[queue, default: 0] += 1 }
            if seat.allocation == .begun { begun[queue, default: 0] += 1 }
        }
        for name in hostOrder {
            let host = hosts[known: name]
            guard let queue = host.spec.seat?.queue, let seat = host.seat else { continue }
            if seat.isComing, waiting == 0 && stopping == nil || host.isUnusable {
                dismiss(name)
            } else if host.isUnusable, host.isConnected, host.attempts.isEmpty, !seat.isDismissed, !seat.isLeaving {
                dismiss(name)
            } else if lacking > 0, isWorthIt, !host.isUnusable, seat.mayBeCalled(at: now),
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

    /// What the jobs need that wait with hosts which may still begin them, and how many there are of each.
    func queuedNeeds() -> [JobNeeds: Int] {
        var needs: [JobNeeds: Int] = [:]
        for attempt in attempts.values where attempt.waits && attempt.holdsLease && !attempt.isForeign {
            if let job = attempt.job, !jobs[job].isOver { needs[jobs[job].needs, default: 0] += 1 }
        }
        return needs
    }

    /// Whether a job waits that the host may have.
    func hasWork(for host: HostState, _ queued: [JobNeeds: Int]) -> Bool {
        !ready.fitting { host.suits($0) }.isEmpty || queued.keys.contains { host.suits($0) }
    }

    private mutating func dismiss(_ name: HostName) {
        hosts[known: name].seat?.isDismissed = true
        actions.append(.dismiss(name))
    }
}
