import Coordination
import JobContract
import Scheduling
import SweepModel

/// One seed's run: coordinators come and go on one catalogue and the same hosts until everything is settled.
final class Simulation {
    let world: World
    private let scenario: Scenario
    private let mutant: Mutant
    private let catalogue: any DurableCatalogue
    private let log = HostLog()
    private let hosts: [SimulatedHost]
    private let queue: SimulatedQueue?
    private var lastFault = 0.0
    private var life: CoordinatorLife?
    /// Coordinators that somebody started on copies of the catalogue.
    private var others: [(life: CoordinatorLife, catalogue: any DurableCatalogue)] = []
    private var catalogueFullUntil = Instant(nanoseconds: 0)
    private var failsNextCommit = false
    /// Another catalogue on the same hosts.
    private var neighbour: (life: CoordinatorLife, catalogue: ModelCatalogue)?
    /// Whether somebody waits to repair the catalogue.
    private var wantsRepair = false
    private var coordinators = 0
    private var starts = 0
    private var drained: Set<HostName> = []
    /// How often trials were cancelled that are not wanted again yet.
    private var takenBack = 0
    /// Cancelled trials that are wanted again as soon as the catalogue can be written.
    private var wantedAgain: [[TrialID]] = []
    /// How often trials were wanted again, and how many of these times the last plan knew of.
    private var changedWishes = 0
    private var plannedWishes = 0
    private let incoming = Incoming()
    private lazy var bound = scenario.bound
    /// How often the first coordinator has called its ports.
    private(set) var firstCalls = 0

    init(_ scenario: Scenario, mutant: Mutant = .none, catalogue: any DurableCatalogue, keepsAllNotes: Bool = false) {
        self.scenario = scenario
        self.mutant = mutant
        self.catalogue = catalogue
        let world = World(seed: scenario.seed, isEven: scenario.isEven, keepsAllNotes: keepsAllNotes)
        self.world = world
        let log = self.log
        hosts = zip(scenario.hosts, scenario.speeds).filter { $0.0.seat == nil }.map {
            SimulatedHost(
                spec: $0, speed: $1, world: world, log: log, scenario: scenario, mutant: mutant)
        }
        let seats = scenario.hosts.filter { $0.seat != nil }
        queue = seats.first?.seat.map { SimulatedQueue($0.queue, seats: seats, world, log, scenario, mutant) }
    }

    /// The run of a scenario; one in sixteen is on the real catalogue.
    static func of(
        _ scenario: Scenario, mutant: Mutant = .none, keepsAllNotes: Bool = false
    ) throws -> Simulation {
        let catalogue: any DurableCatalogue =
            scenario.seed % 16 == 8 || mutant.isOfTheCatalogue
            ? try RealCatalogue(scenario.sweep, diskSeed: scenario.seed, mutant: mutant)
            : ModelCatalogue(scenario.sweep, mutant: mutant)
        return Simulation(scenario, mutant: mutant, catalogue: catalogue, keepsAllNotes: keepsAllNotes)
    }

    var fingerprint: UInt64 { world.fingerprint }
    var notes: [String] { world.lastNotes }

    /// Runs to the end and returns what was wrong.
    func run() throws -> [String] {
        defer {
            // Breaks the cycles of references, and closes the catalogue's files.
            world.end()
            for host in hosts.flatMap(\.agents) { host.end() }
            queue?.end()
        }
        catalogue.isPut(in: world)
        if scenario.isOfBytes { world.bytes = try ByteLayer(seed: scenario.seed) }
        for (at, fault) in scenario.faults { world.after(at) { [self] in strike(fault) } }
        var outcome: CoordinationOutcome?
        while world.violations.isEmpty {
            outcome = runCoordinator()
            if outcome == .succeeded || isSomeFailed(outcome), takenBack == 0, plannedWishes == changedWishes,
                incoming.isEmpty, scenario.later.isEmpty || world.isSecondLaunched
            {
                break
            }
            lastFault = max(lastFault, world.seconds)
            starts += 1
            if starts > 300 { world.violation("\(starts) starts of coordinators did not end it") }
            world.pass(world.random.seconds(0.5...(world.random.chance(0.2) ? 1500 : 60)))
            if wantsRepair { repair() }
        }
        for other in others { other.life.end() }
        neighbour?.life.end()
        guard world.violations.isEmpty, let outcome else { return world.violations }
        // A reader of the catalogue needs room for SQLite's log.
        _ = catalogue.fillDisk(false)
        var checker = Checker(scenario: scenario, log: log, world: world, contents: try catalogue.contents())
        if !checker.contents.evidence.isEmpty { world.census.count(.evidenceKept) }
        var found = checker.violations(outcome) + (try catalogue.damage())
        for (index, other) in others.enumerated() {
            checker.owner = index + 1
            checker.contents = try other.catalogue.contents()
            found += checker.unsoundness()
        }
        if let neighbour {
            checker.contents = neighbour.catalogue.contents()
            checker.owner = .neighbour
            found += checker.unsoundness() + checker.doubled()
        }
        return found
    }

    private func isSomeFailed(_ outcome: CoordinationOutcome?) -> Bool {
        if case .someFailed = outcome { true } else { false }
    }

    /// Lives one coordinator's life; nil when it was killed or could not start.
    private func runCoordinator() -> CoordinationOutcome? {
        let life: CoordinatorLife
        do { life = try startCoordinator() } catch {
            world.note("no coordinator can start")
            catalogue.close()
            return nil
        }
        self.life = life
        let outcome = life.run(plan: plan) { [self] in
            if world.seconds > max(lastFault, world.lossAt) + bound {
                world.violation("not done \(bound) s after the last fault")
            }
            return world.violations.isEmpty
        }
        if coordinators == 1 { firstCalls = life.kill.calls }
        dismissAllocations(of: life, outcome)
        if case .catalogueFailed = outcome, catalogue.diskFailures > 0 { world.census.count(.diskFailed) }
        life.end()
        self.life = nil
        catalogue.close()
        return outcome
    }

    /// Ends the allocations of a settled run, of which none may stay.
    private func dismissAllocations(of life: CoordinatorLife, _ outcome: CoordinationOutcome?) {
        guard let queue, outcome == .succeeded || isSomeFailed(outcome), !life.kill.isDead else { return }
        let connection = life.fleet.queueConnection
        life.fleet.dismissAllocations()
        world.pass(10) { !life.kill.isDead }
        // Over a connection that was made meanwhile the queue may be told too late.
        guard connection != nil, life.fleet.queueConnection == connection, queue.canBeAsked, !world.hasCopies,
            !life.kill.isDead
        else { return }
        world.census.count(.allocationsEnded)
        world.after(100) { [world] in
            if queue.canBeAsked, !world.hasCopies { queue.checkThatAllAreGone() }
        }
        world.pass(101)
    }

    private func startCoordinator() throws -> CoordinatorLife {
        if isCatalogueFull { throw CatalogueRefusal(description: "the disk is full") }
        while !incoming.isEmpty {
            if try incoming.takeNext(into: catalogue, log, world) == .adoption { changedWishes += 1 }
        }
        var opened = try catalogue.open()
        _ = try wantAgain()
        opened.replan(try whole(catalogue.plan()))
        plannedWishes = changedWishes
        let calls = coordinators < scenario.kills.count ? scenario.kills[coordinators] : nil
        coordinators += 1
        world.note("coordinator \(coordinators) begins")
        return CoordinatorLife(
            .init(owner: 0, number: coordinators, isDriven: false, diesAfterCalls: calls), opened, hosts, scenario,
            mutant, world, log, drained: drained, queue: queue
        ) { [self] in commitFailure() }
    }

    private func plan() throws -> CoordinatorLife.Plan {
        plannedWishes = changedWishes
        let (holdings, firstAttempt) = whole(try catalogue.plan())
        return .init(holdings: holdings, firstAttempt: firstAttempt, drained: drained)
    }

    /// A plan of what the store has, after hosts that answer were asked for files that the store has lost.
    private func whole(_ plan: (holdings: Holdings, firstAttempt: AttemptNumber)) -> (Holdings, AttemptNumber) {
        let sweeps = scenario.sweeps(isSecondLaunched: world.isSecondLaunched)
        let isLost = { [world] (digest: Digest) in !world.store.contains(digest) }
        for file in plan.holdings.lostFiles(of: sweeps, isLost: isLost) {
            for host in hosts where host.answers {
                if host.store.putAsideIfDamaged(file.digest) { world.census.count(.damageFoundOnHost) }
                guard isLost(file.digest), host.store.contains(file.digest) else { continue }
                world.census.count(.broughtFromHost)
                world.store.add(file.digest)
            }
            if let store = queue?.loginAnswers == true ? queue?.ground : nil {
                if store.store.putAsideIfDamaged(file.digest) { world.census.count(.damageFoundOnHost) }
                if isLost(file.digest), store.store.contains(file.digest) {
                    world.census.count(.broughtFromHost)
                    world.store.add(file.digest)
                }
            }
            if isLost(file.digest), case .weights = file.role { world.census.count(.trainedAgain) }
        }
        return (plan.holdings.less(isLost, for: sweeps), plan.firstAttempt)
    }

    private var isCatalogueFull: Bool { catalogueFullUntil > world.now }

    private func commitFailure() -> String? {
        defer { failsNextCommit = false }
        if failsNextCommit { world.census.count(.diskFailed) }
        if isCatalogueFull { world.census.count(.catalogueFull) }
        return failsNextCommit || isCatalogueFull ? "the disk cannot be written" : nil
    }

    // MARK: Faults

    private func strike(_ fault: Fault) {
        lastFault = max(lastFault, world.seconds)
        switch fault {
        case .drain(let host, let seconds): drain(host, for: seconds)
        case .neighbour(let seconds): beginNeighbour(for: seconds)
        case .cleaning: clean()
        case .repair:
            wantsRepair = true
            guard life != nil else { return }
            guard (try? catalogue.open()) == nil else { return world.violation("a repair opened a catalogue at work") }
            world.census.count(.repairRefused)
        case .unlisted(let host, let seconds): takeOut(host, for: seconds)
        case .launch: launch()
        case .merge(let share, let kind, let files):
            incoming.merge(of: scenario, share: share, kind: kind, bringsFiles: files, into: catalogue, life, world)
        case .adopt: incoming.adoption(of: scenario, into: catalogue, life, world)
        case .cancelling(let training, let seconds): cancel(training, for: seconds)
        case .removal(let share): addAndRemove(share)
        case .damagedFiles(let host, let share): damage(host, share)
        case .queue(let fault):
            queue?.strike(fault)
            lastFault = max(lastFault, world.seconds + fault.seconds)
        default: if !strikeHost(fault) { strikeCoordinator(fault) }
        }
    }

    /// The host at that place in the hosts file. Of a seat it is the present allocation's; nil: the seat has none.
    private func host(_ index: Int) -> SimulatedHost? {
        if index < hosts.count { return hosts[index] }
        return queue?.allocation(of: scenario.hosts[index].name).flatMap { $0.isAlive ? $0.host : nil }
    }

    /// Lets a fault hit a host. False where it is no fault of hosts.
    private func strikeHost(_ fault: Fault) -> Bool {
        switch fault {
        case .cut(let index, let seconds): host(index)?.cut(for: seconds)
        case .slowLink(let index, let seconds, let delay): host(index)?.slow(for: seconds, by: delay)
        case .oneWayLoss(let index, let seconds, let direction): host(index)?.lose(direction, for: seconds)
        case .agentDeath(let index, let seconds):
            if index >= hosts.count { queue?.strike(.preempts(warning: nil, requeues: false)) }
            host(index)?.killAgent(for: seconds)
        case .otherAgent(let index, let seconds):
            guard let host = host(index) else { break }
            host.foreignAgentUntil = world.now.advanced(bySeconds: seconds)
            host.link?.sever()
        case .olderAgent(let index):
            // No pilot is ever replaced by another program.
            guard index < hosts.count else { break }
            hosts[index].agentIsOld = true
            hosts[index].link?.sever()
        case .brokenHost(let index, let seconds, let describes):
            host(index)?.brokenUntil = world.now.advanced(bySeconds: seconds)
            host(index)?.describesWhenBroken = describes
            world.after(seconds) { [self] in lastFault = max(lastFault, world.seconds) }
        case .lies(let index): host(index)?.beginToLie()
        case .lie(let index, let lie): host(index)?.tell(lie)
        case .bytes(let index, let kind): host(index)?.hitBytes(kind)
        case .otherWorker(let index): host(index)?.nextWorkerIsOther = true
        case .reboot(let index, let seconds, let losesDisk):
            guard index < hosts.count else {
                queue?.strike(.nodeDies)
                break
            }
            for agent in hosts[index].agents { agent.reboot(for: seconds, losesDisk: losesDisk) }
        case .freeze(let index, let seconds):
            for agent in index < hosts.count ? hosts[index].agents : host(index).map({ [$0] }) ?? [] {
                agent.freeze(for: seconds)
            }
        case .worker(let index, let kind): host(index)?.hitWorker(kind)
        case .fullDisk(let index, let seconds):
            for agent in host(index)?.agents ?? [] { agent.fullUntil = world.now.advanced(bySeconds: seconds) }
        case .lostFile(let index): host(index)?.losesNextFile = true
        default: return false
        }
        return true
    }

    private func damage(_ host: Int?, _ share: Double) {
        let chooses = { [world] in world.random.chance(share) }
        let count: Int
        if let host {
            count = (host < hosts.count ? hosts[host] : queue?.ground)?.store.damage(chooses) ?? 0
        } else {
            count = world.store.damage(chooses)
        }
        world.note("\(count) stored files are damaged")
        if count > 0 { world.census.count(.filesDamaged) }
    }

    private func strikeCoordinator(_ fault: Fault) {
        switch fault {
        case .coordinatorStop:
            guard let life else { return }
            world.census.count(.coordinatorStopped)
            life.fleet.post(.stop)
        case .coordinatorDeath: life?.kill.strike()
        case .coordinatorSleep(let seconds, let linksSurvive):
            guard let life else { return }
            lastFault = max(lastFault, world.seconds + seconds)
            life.inbox.sleep(seconds, linksSurvive: linksSurvive)
        case .powerLoss(let calls):
            guard life != nil else { return }
            world.census.count(.powerLost)
            if !catalogue.losePower(afterCalls: calls) { life?.kill.strike() }
        case .fullCatalogue(let seconds):
            if catalogue.fillDisk(true) {
                world.after(seconds) { [self] in _ = catalogue.fillDisk(false) }
            } else {
                catalogueFullUntil = world.now.advanced(bySeconds: seconds)
            }
        case .diskError(let calls): if !catalogue.failDisk(afterCalls: calls) { failsNextCommit = true }
        case .fullStore(let seconds): life?.fleet.fillStore(for: seconds)
        case .wallClockJump(let seconds):
            world.census.count(.clockJumped)
            world.wallOffset += seconds
        case .secondCoordinator: startSecond()
        case .copiedCatalogue(let seconds): startCopy(for: seconds)
        default: break
        }
    }

    /// Starts a second coordinator while one works: the catalogue's lock must refuse it.
    private func startSecond() {
        guard life != nil else { return }
        do {
            _ = try catalogue.open()
            world.violation("the catalogue was opened twice")
        } catch {
            world.census.count(.secondRefused)
        }
    }

    private func startCopy(for seconds: Double) {
        guard let copy = try? catalogue.copy(), let opened = try? copy.open() else { return }
        world.note("a copy of the catalogue is put to work")
        world.hasCopies = true
        log.listened[others.count + 1] = life?.fleet.listened ?? log.listened[0]
        log.copied(for: others.count + 1)
        let other = CoordinatorLife(
            .init(owner: others.count + 1, number: 1000 + others.count, isDriven: true, diesAfterCalls: nil), opened,
            hosts,
            scenario, mutant, world, log, drained: [], queue: queue
        ) { nil }
        others.append((other, copy))
        world.sharesStore = true
        other.startDriven()
        world.after(seconds) { [self] in
            lastFault = max(lastFault, world.seconds)
            other.end()
        }
    }

    // MARK: Wishes

    private func drain(_ index: Int, for seconds: Double) {
        let name = scenario.hosts[index].name
        world.note("\(name) is drained")
        world.census.count(.hostDrained)
        drained.insert(name)
        host(index)?.faultedAt = world.now
        life?.fleet.post(.replan)
        world.after(seconds) { [self] in
            lastFault = max(lastFault, world.seconds)
            drained.remove(name)
            life?.fleet.post(.replan)
        }
    }

    private func takeOut(_ index: Int, for seconds: Double) {
        guard scenario.hosts.count > 1 else { return }
        let name = scenario.hosts[index].name
        world.note("\(name) leaves the hosts file")
        world.census.count(.hostUnlisted)
        world.unlisted.insert(name)
        life?.kill.strike()
        // The host's attempts are given up; they go on until it is back and is told otherwise.
        let host = index < hosts.count ? hosts[index] : queue?.allocation(of: name)?.host
        for (number, held) in host?.inOrder ?? [] {
            log.hit(held.key)
            log.lostTouch(.init(owner: held.owner, attempt: number))
        }
        for number in (host?.link ?? host?.lastLink)?.underway(of: 0) ?? [] {
            log.lostTouch(.init(owner: 0, attempt: number))
        }
        world.after(seconds) { [self] in
            lastFault = max(lastFault, world.seconds)
            world.unlisted.remove(name)
            life?.kill.strike()
        }
    }

    /// Launches a second sweep, which shares trainings with the first.
    private func launch() {
        world.note("the second sweep is launched")
        world.isSecondLaunched = true
        changedWishes += 1
        // A training may get jobs of its own for lengths that it was not on its way to.
        for training in scenario.extended {
            let lengths = scenario.sweep.trials.filter { $0.training == training && scenario.later.contains($0.id) }
            log.hit(.training(training), times: lengths.count)
        }
        guard let life else { return }
        world.census.count(.launchedMidRun)
        if !scenario.extended.isEmpty { world.census.count(.trainingExtended) }
        life.fleet.post(.replan)
    }

    private func cancel(_ index: Int, for seconds: Double) {
        let trainings = scenario.sweep.trainings.keys.sorted()
        let training = trainings[index % trainings.count]
        let trials = scenario.sweep.trials.filter { $0.training == training }.map(\.id)
        guard life != nil else { return }
        // A cancellation may stand though the disk failed: a person who is not told wants the trials again as well.
        if (try? catalogue.cancel(trials)) != nil {
            world.note("training \(training.short) is cancelled")
            world.census.count(.trialsCancelled)
        }
        world.cancelled.insert(training)
        takenBack += 1
        life?.fleet.post(.replan)
        world.after(seconds) { [self] in
            lastFault = max(lastFault, world.seconds)
            wantedAgain.append(trials)
            guard let life, (try? wantAgain()) == true else { return }
            life.fleet.post(.replan)
        }
    }

    /// A disk that fails leaves the other sweep there, or not: either is as good.
    private func addAndRemove(_ share: Double) {
        guard let life else { return }
        let trials = scenario.sweep.trials.prefix(Int((share * Double(scenario.sweep.trials.count)).rounded(.up)))
        guard (try? catalogue.addAndRemove(trials.map(\.id))) != nil else { return }
        world.note("another sweep is removed")
        world.census.count(.sweepRemoved)
        life.fleet.post(.replan)
    }

    private func wantAgain() throws -> Bool {
        guard !wantedAgain.isEmpty else { return false }
        for trials in wantedAgain { try catalogue.retry(trials) }
        takenBack -= wantedAgain.count
        changedWishes += 1
        wantedAgain = []
        return true
    }
}

// MARK: Tidying

extension Simulation {
    private func beginNeighbour(for seconds: Double) {
        // A neighbouring catalogue adopts nothing.
        guard neighbour == nil, scenario.adopted == nil, !hosts.isEmpty else { return }
        world.note("another catalogue is put to work on the hosts")
        // The neighbour cannot reach the cluster's login node.
        let agents = zip(hosts, scenario.speeds).map { host, speed in
            SimulatedHost(
                spec: host.spec, speed: speed, world: world, log: log, scenario: scenario, mutant: mutant, beside: host)
        }
        let catalogue = ModelCatalogue(scenario.sweep)
        startNeighbour(catalogue, agents, number: 0)
        world.after(seconds) { [self] in
            lastFault = max(lastFault, world.seconds)
            neighbour?.life.end()
            catalogue.close()
            world.census.count(.neighbourDied)
            world.after(30) { [self] in startNeighbour(catalogue, agents, number: 1) }
        }
    }

    private func startNeighbour(_ catalogue: ModelCatalogue, _ agents: [SimulatedHost], number: Int) {
        guard let opened = try? catalogue.open() else { return }
        let life = CoordinatorLife(
            .init(owner: .neighbour, number: 2000 + number, isDriven: true, diesAfterCalls: nil), opened, agents,
            scenario, mutant, world, log, drained: []
        ) { nil }
        neighbour = (life, catalogue)
        world.sharesStore = true
        life.startDriven()
    }

    /// Cleans every host. The files to be kept are read as each host is about to be visited, which takes a while.
    private func clean() {
        for host in hosts + (queue.map { [$0.ground] } ?? []) {
            // The catalogue knows only the files that it keeps itself; other catalogues' coordinators make their states
            // again when a cleaning of everything has removed them.
            guard var kept = catalogue.statesOnHosts() else { continue }
            kept.formUnion(neighbour?.catalogue.statesOnHosts() ?? [])
            world.after(world.random.seconds(0.1...20)) { host.clean(keeping: kept) }
        }
    }

    /// Does to hosts and store what `doctor --repair` does. What it finds lost, the next coordinator finds as well.
    private func repair() {
        guard let opened = try? catalogue.open() else { return catalogue.close() }
        defer { catalogue.close() }
        guard let plan = try? catalogue.plan(), var named = try? catalogue.referencedFiles() else { return }
        named.formUnion(catalogue.statesOnHosts() ?? [])
        wantsRepair = false
        world.note("the catalogue is repaired, as its start \(opened.generation)")
        world.census.count(.repaired)
        lastFault = max(lastFault, world.seconds)
        let open = Set(plan.0.openAttempts.map(\.attempt))
        for host in hosts { host.repair(open: open, of: 0) }
        // Other catalogues and copies have the same store here.
        guard neighbour == nil, others.isEmpty else { return }
        let strays = world.store.retire { !named.contains($0) }
        if strays > 0 { world.census.count(.strayRemoved) }
    }
}
