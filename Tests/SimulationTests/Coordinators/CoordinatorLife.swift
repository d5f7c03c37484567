import Coordination
import JobContract
import Scheduling
import SweepModel

/// One coordinator from its start to its end: the real loop on simulated ports.
final class CoordinatorLife {
    let kill: KillSwitch
    let fleet: SimulatedFleet
    let inbox: SimulatedInbox
    private let clock: SimulatedClock
    private let writer: FaultyWriter
    private var coordinator: Coordinator
    private let mutant: Mutant
    private let scenario: Scenario
    private let world: World
    private let log: HostLog
    private let owner: Owner
    private var steps: UInt64 = 0
    private var wokenFor: Instant?

    struct Identity {
        let owner: Owner
        /// Counts the coordinators of a run.
        let number: Int
        let isDriven: Bool
        let diesAfterCalls: Int?
    }

    /// What a coordinator plans its run by.
    struct Plan {
        let holdings: Holdings
        let firstAttempt: AttemptNumber
        var drained: Set<HostName> = []
    }

    init(
        _ identity: Identity, _ opened: OpenedCatalogue, _ hosts: [SimulatedHost], _ scenario: Scenario,
        _ mutant: Mutant, _ world: World, _ log: HostLog, drained: Set<HostName>, queue: SimulatedQueue? = nil,
        commitFailure: @escaping () -> String?
    ) {
        self.scenario = scenario
        self.world = world
        self.log = log
        self.mutant = mutant
        owner = identity.owner
        kill = KillSwitch(afterCalls: identity.diesAfterCalls)
        clock = SimulatedClock(world)
        fleet = SimulatedFleet(
            hosts, world, log, kill, clock,
            .init(
                owner: identity.owner, coordinator: identity.number, generation: opened.generation,
                nonce: world.random.next()), mutant: mutant, queue: queue)
        inbox = SimulatedInbox(fleet, world, kill, clock, isDriven: identity.isDriven)
        writer = FaultyWriter(opened.writer, kill, mutant, world, log, owner, failure: commitFailure)
        coordinator = Coordinator(
            configuration: scenario.configuration(
                opened.holdings, mutant.first(opened.firstAttempt, log), mutant.policy,
                drained: drained, handover: Handover(), isSecondLaunched: world.isSecondLaunched,
                unlisted: world.unlisted, mutant: mutant),
            fleet: fleet, inbox: inbox, catalogue: writer, clock: clock,
            observer: LeaseWatcher(fleet, clock, log, world, identity.owner, scenario.sweep.trainings))
        fleet.drained = drained
    }

    /// Takes a run over as `resume` does, on the connections that exist: it asks the hosts again what they hold.
    private func takeOver(_ plan: Plan) throws {
        world.census.count(.replanned)
        world.note("it is planned anew")
        fleet.drained = plan.drained
        coordinator = Coordinator(
            configuration: scenario.configuration(
                plan.holdings, plan.firstAttempt, mutant.policy, drained: plan.drained,
                handover: coordinator.handover(), isSecondLaunched: world.isSecondLaunched, unlisted: world.unlisted,
                mutant: mutant),
            fleet: fleet, inbox: inbox, catalogue: writer, clock: clock,
            observer: LeaseWatcher(fleet, clock, log, world, owner, scenario.sweep.trainings))
        try coordinator.performFirstActions()
        fleet.enquire()
    }

    /// Runs to its end; nil when it was killed. Calls `check` after every step to learn whether to go on, and `plan` when
    /// what is wanted has changed.
    func run(plan: () throws -> Plan, check: () -> Bool) -> CoordinationOutcome? {
        do {
            try coordinator.performFirstActions()
            while coordinator.outcome == nil {
                try step()
                if coordinator.outcome == .replan, !kill.isDead { try takeOver(plan()) }
                if kill.isDead || !check() { return nil }
            }
            // The coordinator's last messages may arrive.
            try writer.flush()
        } catch {
            world.note("it ends: the catalogue failed")
            return kill.isDead ? nil : .catalogueFailed(reason: "\(error)")
        }
        world.note("it ends: \(coordinator.outcome.map { "\($0)" } ?? "")")
        return coordinator.outcome
    }

    private func step() throws {
        try coordinator.step()
        steps += 1
        // This takes time for every state there is: some schedules look after each step, the others after some.
        if scenario.seed % 16 == 0 || steps % 16 == 0 {
            for violation in coordinator.violations() { world.violation(violation) }
        }
    }

    // MARK: Beside another coordinator

    /// Starts a coordinator that another's time drives: it is called when there is something for it.
    func startDriven() {
        fleet.onInput = { [self] in world.after(0) { [self] in drive() } }
        act { try coordinator.performFirstActions() }
        drive()
    }

    private func drive() {
        var rounds = 0
        repeat {
            guard !kill.isDead, coordinator.outcome == nil, world.violations.isEmpty else { return }
            act { try step() }
            rounds += 1
        } while !fleet.inputs.isEmpty && rounds < 1000
        guard let deadline = inbox.deadline.map(clock.worldTime), deadline != wokenFor else { return }
        wokenFor = deadline
        world.at(max(deadline, world.now.advanced(bySeconds: 0.05))) { [self] in drive() }
    }

    private func act(_ body: () throws -> Void) {
        do { try body() } catch {
            world.note("the other coordinator ends")
            kill.strike()
        }
    }

    func end() {
        kill.strike()
        fleet.abandon()
        fleet.onInput = {}
        writer.letGo()
    }
}

/// Compares each expiry of leases with how long the host was really out of reach.
private final class LeaseWatcher: CoordinationObserver {
    private let fleet: SimulatedFleet
    private let clock: SimulatedClock
    private let log: HostLog
    private let world: World
    private let owner: Owner
    private let trainings: [TrainingID: Training]

    init(
        _ fleet: SimulatedFleet, _ clock: SimulatedClock, _ log: HostLog, _ world: World, _ owner: Owner,
        _ trainings: [TrainingID: Training]
    ) {
        self.trainings = trainings
        self.fleet = fleet
        self.clock = clock
        self.log = log
        self.world = world
        self.owner = owner
    }

    var longestPause: Double? { nil }
    func update(_ snapshot: FleetSnapshot) {
        if snapshot.trials.values.contains(where: { $0 < 0 }) { world.violation("a negative count of trials") }
        var rate = 0
        for running in snapshot.hosts.lazy.flatMap(\.running) {
            guard let told = running.progress, let batch = trainings[running.training]?.batch else { continue }
            rate += 2 * batch
            let factor = batch == SimulatedResults.largeBatch ? batch : 1
            if told != SimulatedResults.progress(told.done / factor, of: told.of / factor, batch: batch) {
                world.violation("attempt \(running.attempt) is shown at \(told.done) of \(told.of) \(told.unit)")
            }
        }
        if snapshot.imagesPerSecond != Double(rate) {
            world.violation("\(snapshot.imagesPerSecond) images a second are shown, not \(rate)")
        }
        if snapshot.workDone > snapshot.workWanted * 1.000001 {
            world.violation("\(snapshot.workDone) of \(snapshot.workWanted) work are shown as done")
        }
    }

    func notice(_ notice: Notice) {
        world.note("notice: \(notice)")
        if case .hostConnected(let host) = notice { fleet.heard(of: host) }
        // A connection made within the last moments may not have reached the loop yet.
        guard case .leasesExpired(let host, _) = notice, let since = fleet.silentSince[host] else { return }
        let silence = clock.now().seconds(since: since)
        if silence < fleet.patience(for: host) {
            world.violation("leases of \(host) expired after \(silence) s of silence")
        }
    }
}
