import JobContract
import SweepModel

/// One allocation of a queue: what stands of it in the directory that nodes and login node share, and its node while it
/// runs. To a coordinator it is a host that comes once.
final class SimulatedAllocation {
    let name: String
    let seat: HostSpec
    /// The agent there: the pilot's, and afterwards the one that tells what it left.
    private(set) lazy var host = SimulatedHost(
        spec: seat, speed: queue.speed(of: seat), world: queue.world, log: queue.log, scenario: queue.scenario,
        mutant: queue.mutant, beside: queue.ground, allocation: self)
    private unowned let queue: SimulatedQueue

    // In its folder.
    /// Whoever begins in it finds that it is wanted.
    var isWanted = true
    /// The queue's number for it was kept.
    var job: Int?
    private(set) var hasStarted = false
    private(set) var hasEnded = false
    private(set) var beats = 0
    var isClosed = false
    /// It was submitted for a coordinator that had gone by then: the next relay may not know of it.
    var isLate = false
    /// Its pilot ended, and held nothing.
    private(set) var leftNothing = false

    /// Its pilot and workers live.
    private(set) var isAlive = false
    /// It was found to be over.
    private(set) var isGivenUp = false
    private var leavesAt = Instant(nanoseconds: 0)
    private var idleSince = Instant(nanoseconds: 0)

    private static let idleSeconds = 600.0
    /// Seconds that a beat may be unseen.
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

    /// What its agent says of it.
    var loan: NodeLoan {
        isAlive && !host.isLeaving
            ? NodeLoan(node: "node of \(name)", secondsLeft: max(0, leavesAt.seconds(since: world.now)))
            : NodeLoan(node: "", secondsLeft: 0)
    }

    /// Whether a session with its agent comes about, if a relay answers.
    var answers: Bool { host.answers && (isAlive || isGivenUp) }

    // MARK: On the node

    /// The queue starts its job; false where nothing is to begin.
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
        // As long before its end as real pilots begin to save.
        leavesAt = world.now.advanced(bySeconds: seconds - min(120, max(25, seconds / 6)))
        idleSince = world.now
        queue.hasBegun(self)
        look()
        return true
    }

    /// What its pilot does all the time.
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

    /// Asked to end, with time to save.
    func isWarned() {
        guard isAlive else { return }
        host.isFrozen ? world.at(host.frozenUntil) { [self] in isWarned() } : host.leave()
    }

    /// The node, or all that runs in it, is ended.
    func dies() {
        guard isAlive else { return }
        world.note("\(name) dies")
        isAlive = false
        host.goDown()
    }

    // MARK: In the shared directory

    /// A relay found that it is over: nothing more begins, and what it left is told by an agent on the login node.
    func isFoundOver() {
        guard !isGivenUp else { return }
        isClosed = true
        isGivenUp = true
        if isAlive {
            // Its next beat is not to be seen at once.
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

    /// Nothing begins here any more, and what runs is asked to save.
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

    /// The node is gone, and what ran on it.
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
        // Nobody ends the session in order: it is missed some time later.
        if let link { world.after(world.random.seconds(0.1...40)) { link.sever() } }
    }

    /// The node is alive and cut off; what runs there ends as soon as it sees the directory again.
    func leavesProcessesBehind() {
        for (number, held) in inOrder {
            guard let process = held.process else { continue }
            process.isCutShort(number)
            log.disown(.init(owner: held.owner, attempt: number))
            held.process = nil
            world.at(frozenUntil.advanced(bySeconds: 1)) { process.vanish() }
        }
    }

    /// Nothing of the allocation is left.
    func goAway() {
        isUp = false
        agentIsUp = false
        link?.sever()
    }

    /// All that it held was heard of, and is not needed any more.
    var isToldAndForgotten: Bool { wasServedLeaving && disk.isEmpty }

    /// Its attempts are told by an agent that begins nothing.
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
