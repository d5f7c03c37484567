import JobContract
import SweepModel

/// One allocation of a queue: its files in the directory that nodes and login node share, and its node while it runs. To a
/// coordinator it is a host that comes once.
final class SimulatedAllocation {
    let name: String
    let seat: HostSpec
    /// The pilot's agent, and afterwards the collector's.
    private(set) lazy var host = SimulatedHost(
        spec: seat, speed: queue.speed(of: seat), world: queue.world, log: queue.log, scenario: queue.scenario,
        mutant: queue.mutant, beside: queue.ground, allocation: self)
    private unowned let queue: SimulatedQueue

    // What stands in its folder:

    /// Whoever begins in it finds that it is wanted.
    var isWanted = true
    /// The queue's number for its job, as its files have it.
    var job: Int?
    private(set) var hasStarted = false
    private(set) var hasEnded = false
    private(set) var beats = 0
    var isClosed = false
    /// Its coordinator had gone when it was submitted: the next relay may not know of it.
    var isLate = false
    /// Whether its pilot has ended and left nothing.
    private(set) var leftNothing = false

    /// Whether its pilot and workers live.
    private(set) var isAlive = false
    /// Whether a relay has found that it is over.
    private(set) var isGivenUp = false
    private var leavesAt = Instant(nanoseconds: 0)
    private var idleSince = Instant(nanoseconds: 0)

    private static let idleSeconds = 600.0
    /// Seconds for which a beat may be unseen.
    private static let unseenSeconds = 10.0
    private static let lookSeconds = 2.0
    private var world: World { queue.world }

    init(_ name: String, _ seat: HostSpec, _ queue: SimulatedQueue) {
        self.name = name
        self.seat = seat
        self.queue = queue
        host.isUp = false
        host.agentIsUp = false
    }

    func end() { host.end() }

    var seconds: Double { Double(seat.seat?.settings.seconds ?? 0) }

    /// What its agent says of the allocation.
    var loan: NodeLoan {
        isAlive && !host.isLeaving
            ? NodeLoan(node: "node of \(name)", secondsLeft: max(0, leavesAt.seconds(since: world.now)))
            : NodeLoan(node: "", secondsLeft: 0)
    }

    /// Whether a session with its agent comes about, where a relay answers.
    var answers: Bool { host.answers && (isAlive || isGivenUp) }

    var siblings: [SimulatedHost] { queue.siblings(of: self) }

    // MARK: On the node

    /// Begins the queue's job; false: nothing is to begin.
    func begin() -> Bool {
        guard isWanted, !isClosed else {
            world.census.count(.pilotUnwanted)
            return false
        }
        guard !hasStarted else {
            world.census.count(.pilotRepeated)
            return false
        }
        world.note("\(name) begins")
        world.census.count(.allocationBegan)
        hasStarted = true
        isAlive = true
        host.isUp = true
        host.agentIsUp = true
        // Its agent leaves as long before the limit as real pilots do.
        leavesAt = world.now.advanced(bySeconds: seconds - min(120, max(25, seconds / 6)))
        idleSince = world.now
        queue.hasBegun(self)
        look()
        return true
    }

    /// Looks at the directory again and again, as a pilot does.
    private func look() {
        guard isAlive else { return }
        defer { world.after(Self.lookSeconds) { [self] in look() } }
        guard !host.isFrozen else { return }
        beats += 1
        if world.now >= leavesAt, !host.isLeaving { world.census.count(.allocationTimedOut) }
        if isClosed || !isWanted || world.now >= leavesAt { host.leave() }
        if host.hasWork { idleSince = world.now }
        if host.isLeaving, !host.hasWork || world.now.seconds(since: idleSince) > Self.idleSeconds {
            return endInOrder()
        }
        if world.now.seconds(since: idleSince) > Self.idleSeconds {
            world.census.count(.allocationIdle)
            endInOrder()
        }
    }

    private func endInOrder() {
        hasEnded = true
        leftNothing = host.disk.isEmpty
        isAlive = false
        host.goDown()
        world.note("\(name) ends in order")
        queue.jobEnded(self, "COMPLETED")
    }

    /// Asks it to end, with time to save.
    func isWarned() {
        guard isAlive else { return }
        host.isFrozen ? world.at(host.frozenUntil) { [self] in isWarned() } : host.leave()
    }

    /// Ends the node, or all that runs on it.
    func dies() {
        guard isAlive else { return }
        world.note("\(name) dies")
        isAlive = false
        host.goDown()
    }

    // MARK: In the shared directory

    /// Records that a relay has found it over: nothing more begins, and an agent on the login node tells what it left.
    func isFoundOver() {
        guard !isGivenUp else { return }
        isClosed = true
        isGivenUp = true
        if isAlive {
            // The pilot's next beat must not be seen at once.
            let isSilent =
                host.frozenUntil.advanced(bySeconds: Self.unseenSeconds) > world.now
                && world.now.seconds(since: host.frozenSince) > 30
            guard isSilent || world.hasCopies else {
                return world.violation("\(name) is at work and taken for over")
            }
            world.census.count(.cutOffNodeGivenUp)
            host.leavesProcessesBehind()
            isAlive = false
        }
        host.isCollected()
    }
}

extension SimulatedHost {
    /// Whether anything runs or waits to.
    var hasWork: Bool { disk.values.contains { !$0.isOver } }

    /// Lets nothing begin here any more, and asks workers to save.
    func leave() {
        guard isUp, agentIsUp else { return }
        isLeaving = true
        for (number, held) in inOrder {
            switch held.state {
            case .backlog: finish(number, held, .stopped(.hostLeft, exit: nil))
            case .running: held.process?.stop(.hostLeft)
            case .ended: break
            }
        }
    }

    /// Takes away the node and all that ran on it.
    func goDown() {
        for (number, held) in inOrder {
            guard let process = held.process else { continue }
            world.census.count(.killedWithAllocation)
            process.isCutShort(number)
            process.vanish()
            held.process = nil
        }
        isUp = false
        agentIsUp = false
        // Nobody ends the session in order: the coordinator misses it some time later.
        if let link { world.after(world.random.seconds(0.1...40)) { link.sever() } }
    }

    /// Cuts the node off. It lives, and its workers end as soon as it sees the directory again.
    func leavesProcessesBehind() {
        for (number, held) in inOrder {
            guard let process = held.process else { continue }
            process.isCutShort(number)
            log.disown(.init(owner: held.owner, attempt: number))
            held.process = nil
            world.at(frozenUntil.advanced(bySeconds: 1)) { process.vanish() }
        }
    }

    /// Removes everything of the allocation.
    func goAway() {
        isUp = false
        agentIsUp = false
        link?.sever()
    }

    /// Whether a coordinator has heard of all that it held, and needs nothing of it any more.
    var isToldAndForgotten: Bool { wasServedLeaving && disk.isEmpty }

    /// Lets a collector tell of its attempts, which begins nothing.
    func isCollected() {
        world.census.count(.allocationCollected)
        link?.sever()
        lastLink?.sever()
        isUp = true
        agentIsUp = true
        isLeaving = true
        (cutUntil, frozenUntil) = (Instant(nanoseconds: 0), Instant(nanoseconds: 0))
        (toHostLostUntil, toCoordinatorLostUntil) = (Instant(nanoseconds: 0), Instant(nanoseconds: 0))
        foreignAgentUntil = Instant(nanoseconds: 0)
        for (_, held) in inOrder where !held.isOver {
            held.lines?.isTakenOver(from: held.acknowledged)
            held.state = .ended(held.state == .running ? endByLastWord(of: held) : .stopped(.hostLeft, exit: nil))
            if case .ended(.vanished) = held.state { held.state = .ended(.stopped(.hostLeft, exit: nil)) }
            if held.isToBeReleased { disk = disk.filter { $0.value !== held } }
        }
    }
}
