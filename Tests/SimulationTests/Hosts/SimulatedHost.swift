import JobContract
import SweepModel

/// A value that several objects hold.
final class Shared<Value> {
    var value: Value
    init(_ value: Value) { self.value = value }
}

/// A host with its agent. Its disk and its workers outlive the agent; the disk alone outlives a reboot.
final class SimulatedHost {
    /// An attempt's directory on the host's disk.
    final class Held {
        let order: StartOrder
        let owner: Owner
        var state: HeldAttempt.State = .backlog
        var spool: [(event: WorkerEvent, end: Int)] = []
        var acknowledged = 0
        var written = 0
        /// The process, while it lives.
        var process: SimulatedProcess?
        var isToBeReleased = false
        var lastWord: WorkerEvent?
        /// Reads the worker's lines, where a schedule has them as bytes.
        let lines: SimulatedLines?

        init(_ order: StartOrder, _ owner: Owner, _ lines: SimulatedLines?) {
            self.order = order
            self.owner = owner
            self.lines = lines
        }
        var isOver: Bool { if case .ended = state { true } else { false } }
        var key: JobKey { JobKey(order.description) }
    }

    /// The coordinator that calls: of which catalogue, and with what programs.
    struct Caller {
        let owner: Owner
        let coordinator: Int
        let ownership: HostOwnership

        init(owner: Owner, coordinator: Int, generation: Int, nonce: UInt64) {
            self.owner = owner
            self.coordinator = coordinator
            ownership = HostOwnership(
                generation: generation, nonce: "\(nonce)",
                place: CataloguePlace(machine: "m", host: "m", path: "copy \(owner)", file: UInt64(owner)),
                leaseSeconds: HostLog.leaseSeconds)
        }
    }

    let spec: HostSpec
    /// The allocation that the host is, where it is one.
    private(set) weak var allocation: SimulatedAllocation?
    /// Whether nothing begins there any more, because its allocation ends or is over.
    var isLeaving = false
    /// Whether a coordinator has heard what the host holds since it began to leave.
    private(set) var wasServedLeaving = false
    let speed: Double
    let world: World
    let log: HostLog
    let broken: Set<TrainingID>
    let unmeasurable: [Unit: Scenario.MeasureFailure]
    /// The trainings' specs, as the sweep has them.
    let specs: [TrainingID: [String: JSONValue]]
    /// What every job of the sweep needs.
    let needs: JobNeeds
    let mutant: Mutant
    /// Which bits its workers give.
    let kind: Int
    /// Whether its measures leave files for people.
    let leavesFiles: Bool
    var boot = 1
    var agentIsUp = true
    var isUp = true
    /// The host is cut off until then.
    var cutUntil = Instant(nanoseconds: 0)
    /// Everything on the host stands still until then.
    var frozenUntil = Instant(nanoseconds: 0)
    var frozenSince = Instant(nanoseconds: 0)
    /// The disk is full until then.
    var fullUntil = Instant(nanoseconds: 0)
    /// An agent of another protocol serves until then.
    var foreignAgentUntil = Instant(nanoseconds: 0)
    var agentIsOld = false
    /// Every job fails at once until then, and so does a probe, unless the worker can still describe itself.
    var brokenUntil = Instant(nanoseconds: 0)
    var describesWhenBroken = false
    var slowUntil = Instant(nanoseconds: 0)
    var extraDelay = 0.0
    var toHostLostUntil = Instant(nanoseconds: 0)
    var toCoordinatorLostUntil = Instant(nanoseconds: 0)
    /// When it last failed an attempt by its own fault.
    var faultedAt = Instant(nanoseconds: -1_000_000_000_000)
    /// The files of its store that the coordinator's may lack. The agents of all catalogues share it.
    private let sharedStore: Shared<SimulatedStore>
    /// The agents of all catalogues on the machine.
    private let machine: Shared<[SimulatedHost]>
    /// Damaged files that a mutant gave to workers.
    var spoilt: Set<Digest> = []
    var nextWorkerIsOther = false
    var losesNextFile = false
    private let attempts: Shared<[AttemptNumber: Held]>
    var link: SimulatedLink?
    /// The connection before the present one, over which something may still be on its way.
    var lastLink: SimulatedLink?
    /// What the agent remembers of coordinators, on disk.
    private(set) var memory: Caller?
    /// When it last heard of the coordinator that it works for and that is not connected.
    private var heard = Instant(nanoseconds: 0)
    /// The next time that it tells what it holds, it claims more.
    var isLying = false
    /// The next time that it tells facts of itself, they are false.
    var liesOfItself = false
    /// What it says more when an attempt is over.
    var afterwards: [Fault.Lie] = []
    /// Damage that its bytes are still to meet.
    var armed: [Fault.Bytes: Int] = [:]
    private var jobsByNumber: [HostLog.Held: JobKey] = [:]

    init(
        spec: HostSpec, speed: Double, world: World, log: HostLog, scenario: Scenario, mutant: Mutant = .none,
        beside other: SimulatedHost? = nil, allocation: SimulatedAllocation? = nil
    ) {
        self.allocation = allocation
        place = allocation?.name ?? spec.name
        sharedStore = other?.sharedStore ?? Shared(SimulatedStore())
        machine = other?.machine ?? Shared([])
        attempts = mutant == .cataloguesAreMixed && allocation == nil ? other?.attempts ?? Shared([:]) : Shared([:])
        self.spec = spec
        self.speed = speed
        self.world = world
        self.log = log
        broken = scenario.broken
        unmeasurable = scenario.unmeasurable
        needs = scenario.sweep.needs
        specs = scenario.sweep.trainings.mapValues(\.spec)
        self.mutant = mutant
        kind = scenario.kinds[spec.name] ?? 0
        leavesFiles = scenario.leavesFiles
        machine.value.append(self)
    }

    /// The agents of all catalogues on the machine.
    var agents: [SimulatedHost] { machine.value }

    var store: SimulatedStore {
        get { sharedStore.value }
        _modify { yield &sharedStore.value }
    }

    var disk: [AttemptNumber: Held] {
        get { attempts.value }
        _modify { yield &attempts.value }
    }

    /// Breaks the cycles of references.
    func end() {
        (link, lastLink) = (nil, nil)
        machine.value = []
    }

    var name: HostName { spec.name }
    /// The name of its machine.
    let place: HostName
    var slots: Int { spec.slots ?? 1 }
    var isFrozen: Bool { frozenUntil > world.now }
    var isFull: Bool { fullUntil > world.now }
    var isBroken: Bool { brokenUntil > world.now }
    var isSlow: Bool { slowUntil > world.now }
    /// Whether a new connection to it comes about.
    var answers: Bool {
        isUp && agentIsUp
            && max(cutUntil, frozenUntil, toHostLostUntil, toCoordinatorLostUntil) <= world.now
    }
    var inOrder: [(key: AttemptNumber, value: Held)] { disk.sorted { $0.key < $1.key } }

    private var facts: HostFacts {
        HostFacts(
            machine: "machine-\(place)", boot: "boot-\(place)-\(boot)", cores: slots, memory: 1 << 30, cpu: "simulated",
            free: 1 << 40, loan: allocation?.loan)
    }

    // MARK: The agent

    /// Why it will not serve the caller; nil: it will.
    func objection(to caller: Caller) -> HostFailure? {
        if foreignAgentUntil > world.now {
            world.census.count(.agentRefused)
            return HostFailure(.protocolViolation, "its agent speaks protocol 2")
        }
        guard mutant != .fencingIsMissing, let memory else { return nil }
        let silence = link?.isOpen == true ? 0 : world.now.seconds(since: heard)
        guard let objection = memory.ownership.objection(to: caller.ownership, after: [], silence: silence) else {
            return nil
        }
        if case .isAtWork = objection {
            if mutant == .ownerIsNotKept { return nil }
            world.census.count(.ownerKept)
        } else {
            world.census.count(caller.owner == 0 ? .originalFenced : .copyFenced)
        }
        return HostFailure(.protocolViolation, "a later coordinator or another copy has the host: \(objection)")
    }

    func connected(_ link: SimulatedLink, _ caller: Caller) {
        if let memory, memory.owner != caller.owner, self.link?.isOpen == true {
            world.violation("\(name) is taken from the coordinator of another copy that works with it")
        }
        if memory.map({ $0.ownership != caller.ownership }) ?? false,
            disk.values.contains(where: { $0.owner != caller.owner })
        {
            // An attempt that another copy of the catalogue has here is either unknown to this one, which ends it, or
            // known, and then this one swallows its results.
            for (number, held) in inOrder where held.owner != caller.owner {
                // A part of a training's results is then recorded and a part is not, which makes two jobs of it.
                log.hit(held.key, times: 2)
                log.disown(.init(owner: held.owner, attempt: number))
            }
        }
        if let memory, memory.owner != caller.owner {
            // A seat is told of one allocation's attempts at a time: this copy gives up its own in another of the seat.
            for sibling in allocation?.siblings ?? [] {
                for (number, held) in sibling.inOrder where held.owner == caller.owner {
                    log.hit(held.key)
                    log.lostTouch(.init(owner: held.owner, attempt: number))
                }
            }
            // One coordinator's acknowledgements mean nothing to the other.
            for held in disk.values { held.acknowledged = 0 }
        }
        memory = caller
        self.link?.sever()
        lastLink?.sever()
        lastLink = nil
        self.link = link
        if isLeaving { wasServedLeaving = true }
        tellAll()
    }

    /// Tells what it holds, and every event that is not acknowledged.
    private func tellAll() {
        guard let link else { return }
        let held = inOrder.map {
            HeldAttempt(attempt: $0.key, job: $0.value.order.description.job, state: $0.value.state)
        }
        link.report(.connected(liesOfItself ? otherFacts : facts, held: isLying ? held + lies(beside: held) : held))
        for (number, held) in inOrder {
            for entry in held.spool where entry.end > held.acknowledged {
                link.report(.event(number, entry.event, end: entry.end))
            }
            held.lines?.tell(from: held.acknowledged)
            readLines(of: number, held)
            if case .ended(let end) = held.state { link.report(.ended(number, end, diagnostics: "")) }
        }
        if isLying { tellOfOthers(link) }
        isLying = false
        liesOfItself = false
    }

    func receive(_ command: HostCommand, of owner: Owner) {
        guard isUp, agentIsUp else { return }
        world.note("\(name) hears \(command.summary)")
        switch command {
        case .start(let order): start(order, owner)
        case .cancel(let number): cancel(number)
        case .revoke(let number):
            guard let held = disk[number] else { return }
            if held.state == .running { world.census.count(.revokedTooLate) }
            guard held.state == .backlog else { return }
            world.census.count(.revoked)
            cancel(number)
        case .acknowledge(let number, let offset):
            guard let held = disk[number] else { return }
            if let lines = held.lines, offset > lines.position { return }
            held.acknowledged = max(held.acknowledged, offset)
        case .release(let number): release(number)
        case .enquire: tellAll()
        case .call, .dismiss: break
        }
    }

    /// Records that the connection of the coordinator that it works for is over.
    func isLeft() { heard = world.now }

    private func release(_ number: AttemptNumber) {
        guard let held = disk[number] else { return }
        if held.isOver || held.state == .backlog {
            disk[number] = nil
        } else {
            held.isToBeReleased = true
            cancel(number)
        }
    }

    private func start(_ order: StartOrder, _ owner: Owner) {
        let key = JobKey(order.description)
        if order.attempt.value > 1_000_000 { world.violation("attempt \(order.attempt) is numbered by a host's word") }
        if let earlier = jobsByNumber[.init(owner: owner, attempt: order.attempt)], earlier != key {
            world.violation("attempt \(order.attempt) names two jobs on \(name)")
        }
        jobsByNumber[.init(owner: owner, attempt: order.attempt)] = key
        if disk[order.attempt] == nil || mutant == .startsTwice {
            if isFull {
                world.census.count(.hostDiskFull)
                faultedAt = world.now
                link?.report(.refused(order.attempt, HostFailure(.noSpace, "the disk is full")))
                return
            }
            disk[order.attempt] = Held(order, owner, world.bytes?.newLines())
        }
        link?.report(.accepted(order.attempt))
        if isLeaving { leave() }
        startNext()
    }

    func startNext() {
        guard agentIsUp, isUp, !isLeaving else { return }
        while disk.values.count(where: { $0.state == .running }) < slots,
            let (number, held) = disk.filter({ $0.value.state == .backlog }).min(by: {
                let (a, b) = ($0.value.order.turn ?? -.infinity, $1.value.order.turn ?? -.infinity)
                return a == b ? $0.key < $1.key : a < b
            })
        {
            held.state = .running
            if held.order.command.last == "describe" {
                describe(number, held)
                continue
            }
            held.process = SimulatedProcess(held, number, on: self)
            link?.report(.running(number))
            held.process?.startWork()
        }
    }

    /// Does what a probe asks for: no job runs.
    private func describe(_ number: AttemptNumber, _ held: Held) {
        link?.report(.running(number))
        world.after(0.3) { [self] in
            guard disk[number] === held, held.state == .running, agentIsUp else { return }
            if isBroken, !describesWhenBroken {
                world.census.count(.probeFailed)
                faultedAt = world.now
                return finish(number, held, .exited(code: 127))
            }
            world.census.count(.probePassed)
            emit(number, held, .described(.simulated))
            finish(number, held, .exited(code: 0))
        }
    }

    private func cancel(_ number: AttemptNumber) {
        guard let held = disk[number] else { return }
        switch held.state {
        case .ended: return
        case .backlog: finish(number, held, .stopped(.cancelled, exit: nil))
        case .running: held.process?.stop()
        }
    }

    func emit(_ number: AttemptNumber, _ held: Held, _ event: WorkerEvent) {
        if let lines = held.lines {
            lines.write(written(event, by: number))
            return readLines(of: number, held)
        }
        guard event.isDurable else {
            if case .progress(let progress) = event { link?.report(.progress(number, mutant.told(progress))) }
            return
        }
        held.written += 100
        held.lastWord = event
        held.spool.append((event, held.written))
        link?.report(.event(number, event, end: held.written))
    }

    /// Records that the process is gone. Whether anybody sees how depends on the agent.
    func processEnded(_ number: AttemptNumber, _ held: Held, _ end: AttemptEnd) {
        held.process = nil
        guard agentIsUp else { return }
        finish(number, held, end)
    }

    func finish(_ number: AttemptNumber, _ held: Held, _ end: AttemptEnd) {
        guard disk[number] === held else { return }
        held.state = .ended(end)
        readLines(of: number, held)
        if held.isToBeReleased { disk[number] = nil }
        link?.report(.ended(number, end, diagnostics: ""))
        sayMore(of: number, held, end)
        startNext()
    }

    /// Starts a new agent. It adopts attempts that run; of others it knows the last word, if there was one.
    func startAgent() {
        guard isUp, !agentIsUp else { return }
        agentIsUp = true
        for (_, held) in inOrder { held.lines?.isTakenOver(from: held.acknowledged) }
        for held in disk.values where held.state == .running && held.process == nil {
            held.state = .ended(endByLastWord(of: held))
        }
        startNext()
    }

    func endByLastWord(of held: Held) -> AttemptEnd {
        if let lines = held.lines { return lines.endByLastWord(from: held.acknowledged) }
        switch held.lastWord {
        case .finished, .paused: return .exited(code: 0)
        case .failed: return .exited(code: 1)
        default: return .vanished
        }
    }
}

extension HostCommand {
    var summary: String {
        switch self {
        case .start(let order): "start \(order.attempt)"
        case .cancel(let number): "cancel \(number)"
        case .revoke(let number): "revoke \(number)"
        case .acknowledge(let number, let offset): "acknowledge \(number) \(offset)"
        case .release(let number): "release \(number)"
        case .enquire: "enquire"
        case .call: "call"
        case .dismiss: "dismiss"
        }
    }
}
