import JobContract
import SweepModel

extension Scheduler {
    mutating func handle(_ report: HostReport, from name: HostName, at now: Instant) {
        guard hosts[name] != nil else { return }
        switch report {
        case .connected(let facts, let held): connected(name, facts, held, at: now)
        case .disconnected(let failure): disconnected(name, failure, at: now)
        case .awaited(let seconds): awaited(name, seconds, at: now)
        case .accepted(let number):
            guard heard(of: number, from: name, at: now), attempts[known: number].isUnanswered else { return }
            attempts[known: number].isAccepted()
            repeatCancel(number)
            if isGivingBack(hosts[known: name]), probedHost(number) == nil { revoke(number) }
        case .running(let number):
            guard heard(of: number, from: name, at: now) else { return }
            began(number, isSeen: true, at: now)
            repeatCancel(number)
        case .refused(let number, let failure): refused(number, failure, by: name, at: now)
        case .event(let number, let event, let end): record(event, of: number, end: end, from: name, at: now)
        case .stateKept(let number, let point, let bytes):
            guard heard(of: number, from: name, at: now) else { return }
            keep(point, bytes: bytes, of: number, on: name)
        case .progress(let number, let progress):
            guard heard(of: number, from: name, at: now) else { return }
            began(number, at: now)
            attempts[known: number].progress = progress
        case .gpuFailed(let gpu): gpuFailed(gpu, on: name)
        case .seat(let news): handle(news, of: name, at: now)
        case .storeDamaged(let words):
            hosts[known: name].damagedAt = now
            actions.append(.notice(.storeDamaged(name, words)))
        case .ended(let number, let end, let diagnostics):
            ended(number, end, diagnostics: diagnostics, on: name, at: now)
        }
    }

    /// Notes a sign of life of an attempt. False for one that is not known to be open: then it is told to stop, unless
    /// another run is to collect it.
    mutating func heard(of number: AttemptNumber, from host: HostName, at now: Instant) -> Bool {
        if othersEnded.contains(number) { return false }
        guard attempts[number]?.host == host else {
            actions.append(.cancel(number, on: host))
            return false
        }
        attempts[known: number].heardAt = now
        return true
    }

    /// A cancel may have overtaken the order it was for.
    private mutating func repeatCancel(_ number: AttemptNumber) {
        let attempt = attempts[known: number]
        if attempt.cancellation != nil { actions.append(.cancel(number, on: attempt.host)) }
    }

    /// Notes that an attempt runs, once.
    mutating func began(_ number: AttemptNumber, isSeen: Bool = false, at now: Instant) {
        let attempt = attempts[known: number]
        guard attempt.beginning == nil else { return }
        update(number) { $0.begins(.init(since: now, isSeen: isSeen)) }
        timers.add(
            .attempt(number),
            at: now.advanced(bySeconds: attempt.isProbe ? policy.probeSeconds : policy.hungSeconds))
        recordStart(of: number, nil)
        if let job = attempt.job { refreshTrials(of: job) }
    }

    mutating func recordStart(of number: AttemptNumber, _ started: WorkerEvent.Started?) {
        guard attempts[known: number].startRecord == .none || started != nil else { return }
        attempts[known: number].startRecord = started == nil ? .bare : .told
        actions.append(.record(.attemptStarted(number, started)))
    }

    private mutating func connected(_ name: HostName, _ facts: HostFacts, _ held: [HeldAttempt], at now: Instant) {
        setConnected(name)
        // One that is known may be another than it was: then others may have its jobs.
        let isNew = hosts[known: name].facts == nil && hosts[known: name].seat == nil
        if isNew { arrived.append(name) } else { fleetHasChanged = true }
        if hosts[known: name].seat != nil { fill(name, facts, at: now) }
        let backlog = hosts[known: name].backlog
        hosts[known: name].facts = facts
        backlogTotal += hosts[known: name].backlog - backlog
        actions.append(.record(.hostSeen(name, facts)))
        actions.append(.notice(.hostConnected(name)))
        note(Set(held.map(\.attempt).filter { $0 >= nextAttempt }), claimedBy: name)
        let states = Dictionary(held.map { ($0.attempt, $0.state) }, uniquingKeysWith: { _, last in last })
        for attempt in held.sorted(by: { $0.attempt < $1.attempt }) { settle(attempt, on: name, at: now) }
        for number in hosts[known: name].attempts.sorted() where states[number] == nil { denied(number, at: now) }
        for (number, state) in states.sorted(by: { $0.key < $1.key }) {
            reconcile(number, state, on: name, at: now)
        }
        let strays = states.filter { $0.value == .running && attempts[$0.key]?.host != name }
        hosts[known: name].strays = nil
        if !strays.isEmpty {
            let until = now.advanced(bySeconds: policy.cancelSeconds)
            hosts[known: name].strays = .init(attempts: Set(strays.keys), until: until)
            timers.add(.host(name), at: until)
        }
    }

    /// Finds out whose a held attempt is. One known under a host's earlier name follows the machine that holds it. A
    /// coordinator on a copy of this catalogue may have given the same number to another job.
    private mutating func settle(_ held: HeldAttempt, on name: HostName, at now: Instant) {
        if attempts[held.attempt].map({ $0.record.job == held.job }) ?? true {
            bringHome(held.attempt, to: name)
        } else if attempts[held.attempt]?.host == name {
            close(held.attempt, .hostFault("the host has that number from a copy of this catalogue"), at: now)
        }
    }

    /// A coordinator on a copy of this catalogue may have given numbers to come.
    private mutating func note(_ numbers: Set<AttemptNumber>, claimedBy name: HostName) {
        guard numbers != hosts[known: name].claimed else { return }
        hosts[known: name].claimed = numbers
        claimed = hosts.values.reduce(into: []) { $0.formUnion($1.claimed) }
    }

    private mutating func bringHome(_ number: AttemptNumber, to name: HostName) {
        guard let attempt = attempts[number], attempt.host != name, !isConnected(attempt.host) else { return }
        // Another machine may say anything; where it ran was not always recorded.
        let machine = attempt.record.machine
        guard machine.isEmpty || machine == hosts[known: name].facts?.machine else { return }
        move(number, to: name)
    }

    /// The host does not know an attempt of its own.
    private mutating func denied(_ number: AttemptNumber, at now: Instant) {
        // It may have been closed as one of a copy of this catalogue.
        guard let attempt = attempts[number] else { return }
        if attempt.cancellation != nil || attempt.isProbe || hosts[known: attempt.host].seat?.isLeaving == true {
            close(number, .cancelled, at: now)
        } else if attempt.isUnanswered, let assignment = attempt.assignment, attempt.holdsLease,
            stopping == nil
        {
            // The order was dropped with its connection, or has not arrived: it is idempotent, so it is sent again.
            actions.append(.start(assignment))
        } else if attempt.isUnanswered {
            close(number, .hostFault("the host never received it"), at: now)
        } else {
            close(number, .hostFault("the host no longer knows it"), at: now)
        }
    }

    private mutating func reconcile(
        _ number: AttemptNumber, _ state: HeldAttempt.State, on name: HostName, at now: Instant
    ) {
        if othersEnded.contains(number) { return }
        guard let attempt = attempts[number], attempt.host == name else {
            // Recorded as over, or none of this catalogue's.
            if case .ended = state {
                actions.append(.release(number, on: name))
            } else {
                actions.append(.cancel(number, on: name))
            }
            return
        }
        attempts[known: number].heardAt = now
        switch state {
        case .backlog: attempts[known: number].isAccepted()
        case .running:
            began(number, at: now)
            timers.add(.attempt(number), at: now.advanced(bySeconds: policy.hungSeconds))
        case .ended: return isFoundOver(number)
        }
        goesOn(number, isWaiting: state == .backlog)
    }

    private mutating func isFoundOver(_ number: AttemptNumber) {
        let attempt = attempts[known: number]
        if attempt.isForeign { leaveToOthers(attempt) } else { update(number) { $0.isFoundOver() } }
    }

    /// Finds out whether what a host that connects has not ended may go on.
    private mutating func goesOn(_ number: AttemptNumber, isWaiting: Bool) {
        let attempt = attempts[known: number]
        if attempt.isForeign || probedHost(number) != nil { return }
        if attempt.cancellation != nil {
            cancel(number, .unwanted)
        } else if let job = attempt.job, !jobs[job].isOver {
            renewLease(number, of: job)
            keepOne(of: job)
            // It leaves its state, from which the training goes on by an order that has them.
            if lacksMeasures(attempts[known: number]) { return cancel(number, .unwanted) }
            // Whether the host heard before that it was to give it back is not known.
            if isWaiting, attempt.isRevoked || isGivingBack(hosts[known: attempt.host]) { revoke(number) }
        } else {
            abandon(number)
        }
    }

    /// Whether the host is to have nothing that waits.
    private func isGivingBack(_ host: HostState) -> Bool {
        switch host.standing {
        case .usable, .resting: false
        case .probing, .unusable: true
        }
    }

    /// A host that was silent for too long is back with the attempt: it may go on.
    private mutating func renewLease(_ number: AttemptNumber, of job: Int) {
        guard !attempts[known: number].holdsLease else { return }
        attempts[known: number].holdsLease = true
        jobs[job].live.insert(number)
        setPhase(job, .leased)
        refreshTrials(of: job)
    }

    /// Of several attempts of one job, the one that got furthest stays: running before waiting before unanswered,
    /// among equals the earliest.
    private mutating func keepOne(of job: Int) {
        let rivals = jobs[job].live.compactMap { attempts[$0] }.filter(\.mayRun)
        guard rivals.count > 1 else { return }
        func rank(_ attempt: AttemptState) -> (Int, Int) {
            switch attempt.phase {
            case .running, .over: (0, attempt.number.value)
            case .waiting(let isHeld, _): (isHeld ? 1 : 2, attempt.number.value)
            }
        }
        for loser in rivals.sorted(by: { rank($0) < rank($1) }).dropFirst() { cancel(loser.number, .unwanted) }
    }

    private mutating func disconnected(_ name: HostName, _ failure: HostFailure, at now: Instant) {
        let isNews = hosts[known: name].silence?.failure != failure
        setSilent(name, failure, at: now)
        hosts[known: name].note { silence in
            silence.nextTry = nil
            if isNews { silence.toldWait = 0 }
        }
        if isNews {
            actions.append(.notice(.hostLost(name, failure)))
        }
        if !failure.isTransient { giveUp(name, reason: failure.message) }
    }

    /// Waits grow up to a bound: people are told of each that is half as long again as the longest they know of.
    private mutating func awaited(_ name: HostName, _ seconds: Double, at now: Instant) {
        guard let silence = hosts[known: name].silence, seconds.isFinite, (0...86_400).contains(seconds) else { return }
        hosts[known: name].note { $0.nextTry = now.advanced(bySeconds: seconds) }
        guard seconds > silence.toldWait * 1.5 else { return }
        hosts[known: name].note { $0.toldWait = seconds }
        actions.append(.notice(.hostAwaited(name, seconds: seconds)))
    }

    /// Gives the host no more jobs in this run, and takes back those it has not begun.
    mutating func giveUp(_ name: HostName, reason: String) {
        let host = hosts[known: name]
        guard !host.isUnusable else { return }
        setStanding(name, .unusable(reason: reason))
        actions.append(.notice(.hostUnusable(name, reason: reason)))
        for number in host.attempts.sorted() {
            let attempt = attempts[known: number]
            guard !attempt.isForeign, !attempt.isProbe, attempt.beginning == nil else { continue }
            if attempt.isInBacklog {
                revoke(number)
            } else if !host.isConnected {
                cancel(number, .unwanted)
            }
            // One that the host has not answered yet may have begun there; if it waits, it is taken back on its answer.
        }
    }

    private mutating func refused(
        _ number: AttemptNumber, _ failure: HostFailure, by name: HostName, at now: Instant
    ) {
        guard let attempt = attempts[number], attempt.host == name else { return }
        guard attempt.cancellation == nil else { return close(number, .cancelled, at: now) }
        if failure.kind == .missingFile { return lacksFile(attempt, at: now) }
        if attempt.isProbe {
            if let probed = probedHost(number) { decide(probed, fault: failure.message, at: now) }
            return close(number, .hostFault(failure.message), at: now)
        }
        forgetKeptState(of: attempt)
        close(number, .hostFault(failure.message), at: now)
        strike(name, failure.message, drains: !failure.isTransient, at: now)
    }
}
