import Coordination
import JobContract
import Scheduling
import SweepModel

/// One seed's run: coordinators come and go before one catalogue and the same hosts until everything is settled.
final class Simulation {
    private let scenario: Scenario
    private let mutant: Mutant
    private let catalogue: any DurableCatalogue
    private let world: World
    private let log = RunLog()
    private let hosts: [SimulatedHost]
    private var lastFault = 0.0
    private var kill = KillSwitch(afterCalls: nil)
    private var fleet: SimulatedFleet?
    private var failsNextCommit = false
    private(set) var coordinators = 0
    private var steps: UInt64 = 0

    init(_ scenario: Scenario, mutant: Mutant = .none, catalogue: any DurableCatalogue, keepsAllNotes: Bool = false) {
        self.scenario = scenario
        self.mutant = mutant
        self.catalogue = catalogue
        let world = World(seed: scenario.seed, keepsAllNotes: keepsAllNotes)
        self.world = world
        let log = self.log
        hosts = zip(scenario.hosts, scenario.speeds).map {
            SimulatedHost(spec: $0, speed: $1, world: world, log: log, broken: scenario.broken)
        }
    }

    /// Runs to the end and says what was wrong; nothing, if all is well.
    func run() throws -> [String] {
        for (at, fault) in scenario.faults { world.after(at) { [self] in strike(fault) } }
        var outcome: CoordinationOutcome?
        while world.violations.isEmpty {
            coordinators += 1
            outcome = try runCoordinator()
            if outcome == .succeeded || isSomeFailed(outcome) { break }
            lastFault = max(lastFault, world.seconds)
            if coordinators > 100 { world.violation("a hundred coordinators did not end it") }
            kill.strike()
            fleet?.abandon()
            world.pass(world.random.seconds(0.5...(world.random.chance(0.2) ? 1500 : 60)))
        }
        guard world.violations.isEmpty, let outcome else { return world.violations }
        return Checker(scenario: scenario, log: log, contents: try catalogue.contents()).violations(outcome)
    }

    var fingerprint: UInt64 { world.fingerprint }
    var notes: [String] { world.lastNotes }

    private func isSomeFailed(_ outcome: CoordinationOutcome?) -> Bool {
        if case .someFailed = outcome { true } else { false }
    }

    /// One coordinator's life; nil when it was killed.
    private func runCoordinator() throws -> CoordinationOutcome? {
        let calls = coordinators <= scenario.kills.count ? scenario.kills[coordinators - 1] : nil
        kill = KillSwitch(afterCalls: calls)
        let opened = try catalogue.open()
        let fleet = SimulatedFleet(hosts, world, kill)
        self.fleet = fleet
        let watcher = LeaseWatcher(fleet, log, world)
        let clock = SimulatedClock(world)
        let writer = FaultyWriter(opened.writer, kill, mutant) { [self] in
            defer { failsNextCommit = false }
            return failsNextCommit
        }
        let coordinator = Coordinator(
            configuration: scenario.configuration(
                opened.holdings, mutant == .numbersRestart ? AttemptNumber(1) : opened.firstAttempt, mutant.policy),
            fleet: fleet, inbox: SimulatedInbox(fleet, world, kill), catalogue: writer, clock: clock, observer: watcher)
        world.note("coordinator \(coordinators) begins")
        do {
            try coordinator.begin()
            while coordinator.outcome == nil {
                try coordinator.step()
                if kill.isDead { return nil }
                steps += 1
                // Linear in all there is: every step's state is looked at in some schedules, a part of them in others.
                if scenario.seed % 16 == 0 || steps % 16 == 0 {
                    for violation in coordinator.violations() { world.violation(violation) }
                }
                if world.seconds > lastFault + bound { world.violation("not done \(bound) s after the last fault") }
                guard world.violations.isEmpty else { return nil }
            }
            // What a coordinator sends last may arrive.
            try writer.flush()
        } catch {
            world.note("coordinator \(coordinators) ends: \(error)")
            return kill.isDead ? nil : .catalogueFailed(reason: "\(error)")
        }
        world.note("coordinator \(coordinators) ends: \(coordinator.outcome.map { "\($0)" } ?? "")")
        return coordinator.outcome
    }

    /// Virtual seconds within which everything must end after the last fault: a lease, a hang, the rests of hosts that
    /// struck, the longest outage, and the work.
    private lazy var bound = 3000 + 900 + 600 + 600 + 2000 + scenario.longestWork

    private func strike(_ fault: Scenario.Fault) {
        lastFault = max(lastFault, world.seconds)
        switch fault {
        case .cut(let host, let seconds): hosts[host].cut(for: seconds)
        case .agentDeath(let host, let seconds): hosts[host].killAgent(for: seconds)
        case .reboot(let host, let seconds, let losesDisk): hosts[host].reboot(for: seconds, losesDisk: losesDisk)
        case .worker(let host, let end): hosts[host].hitWorker(end)
        case .refusal(let host): hosts[host].refusesNext = true
        case .coordinatorStop: fleet?.post(.stop)
        case .commitFailure: failsNextCommit = true
        case .coordinatorDeath: kill.strike()
        }
    }
}

/// Checks each expiry of leases against how long the host was really out of reach.
private final class LeaseWatcher: CoordinationObserver {
    private let fleet: SimulatedFleet
    private let log: RunLog
    private let world: World

    init(_ fleet: SimulatedFleet, _ log: RunLog, _ world: World) {
        self.fleet = fleet
        self.log = log
        self.world = world
    }

    var longestPause: Double? { nil }
    func update(_ snapshot: FleetSnapshot) {
        if snapshot.trials.values.contains(where: { $0 < 0 }) { world.violation("a negative count of trials") }
    }

    func notice(_ notice: Notice) {
        world.note("notice: \(notice)")
        guard case .leasesExpired(let host, let attempts) = notice else { return }
        let silence = fleet.silentSince[host].map { world.now.seconds(since: $0) } ?? 0
        // A connection made within the last moments may not have reached the loop yet.
        if silence < 890, fleet.silentSince[host] != nil {
            world.violation("leases of \(host) expired after \(silence) s of silence")
        }
        for attempt in attempts {
            log.expired.insert(attempt)
            if let run = log.runs.first(where: { $0.attempt == attempt }) { log.hit(run.job) }
        }
    }
}

/// The catalogue as a coordinator may find it: commits fail, and death comes before or after them.
private final class FaultyWriter: CatalogueWriter {
    private let writer: any CatalogueWriter
    private let kill: KillSwitch
    private let mutant: Mutant
    private let fails: () -> Bool
    /// What a mutant has not committed yet though it was told to.
    private var held: [CatalogueChange] = []

    init(_ writer: any CatalogueWriter, _ kill: KillSwitch, _ mutant: Mutant, fails: @escaping () -> Bool) {
        self.writer = writer
        self.kill = kill
        self.mutant = mutant
        self.fails = fails
    }

    func commit(_ changes: [CatalogueChange]) throws {
        kill.tick()
        if kill.isDead { throw Killed() }
        if fails() { throw CatalogueRefusal(description: "the disk is full") }
        let late = changes.filter(mutant.delays)
        let now = held + changes.filter { !mutant.delays($0) }
        held = late
        if !now.isEmpty { try writer.commit(now) }
        kill.tick()
        if kill.isDead { throw Killed() }
    }

    func flush() throws {
        guard !held.isEmpty else { return }
        try writer.commit(held)
        held = []
    }
}
