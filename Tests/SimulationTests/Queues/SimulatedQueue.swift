import JobContract
import SweepModel

/// A cluster: its queue of jobs, its nodes, and the directory that they share with the login node. A relay knows only what
/// stands there.
final class SimulatedQueue {
    /// A job as the queue knows it.
    final class Job {
        let number: Int
        let allocation: SimulatedAllocation
        fileprivate(set) var state = QueueEntry.State.waiting
        fileprivate(set) var words = "Resources"
        fileprivate(set) var endedAt: Instant?
        /// Whether it was to be cancelled, and the queue did not answer.
        fileprivate(set) var missedCancel = false

        fileprivate init(_ number: Int, _ allocation: SimulatedAllocation) {
            self.number = number
            self.allocation = allocation
        }

        fileprivate var entry: QueueEntry {
            QueueEntry(name: allocation.name, job: "\(number)", state: state, words: words)
        }
    }

    enum Answer {
        case submitted(Int)
        case refused(String)
        case mute
    }

    static let catalogue = "simulated"

    let name: HostName
    let seats: [HostSpec]
    let world: World
    let log: HostLog
    let scenario: Scenario
    let mutant: Mutant
    /// Holds the store of files that all its nodes have.
    let ground: SimulatedHost
    /// Allocations that have a folder, by their names.
    private(set) var places: [String: SimulatedAllocation] = [:]
    private var all: [SimulatedAllocation] = []
    private var jobs: [Job] = []
    private var relays: [SimulatedRelay] = []

    /// The queue's commands do not answer until then.
    private var muteUntil = Instant(nanoseconds: 0)
    private var refusesUntil = Instant(nanoseconds: 0)
    /// Listings lack jobs that run until then.
    private var missesUntil = Instant(nanoseconds: 0)
    /// What the queue lists until `staleUntil`, which was true once.
    private var stale: [QueueEntry] = []
    private var staleUntil = Instant(nanoseconds: 0)
    private var loginGoneUntil = Instant(nanoseconds: 0)
    /// Seconds for which the queue lists a job that is over.
    private static let remembered = 300.0
    /// Seconds that a job has which the queue asked to end.
    private static let grace = 30.0

    init(_ name: HostName, seats: [HostSpec], _ world: World, _ log: HostLog, _ scenario: Scenario, _ mutant: Mutant) {
        self.name = name
        self.seats = seats
        self.world = world
        self.log = log
        self.scenario = scenario
        self.mutant = mutant
        ground = SimulatedHost(
            spec: HostSpec(name: name, transport: .libssh), speed: 1, world: world, log: log, scenario: scenario,
            mutant: mutant)
    }

    func end() {
        ground.end()
        for allocation in all { allocation.end() }
        (all, places, jobs, relays) = ([], [:], [], [])
    }

    func speed(of seat: HostSpec) -> Double {
        scenario.hosts.firstIndex { $0.name == seat.name }.map { scenario.speeds[$0] } ?? 1
    }

    // MARK: The directory

    func makePlace(_ name: String, _ seat: HostSpec) -> SimulatedAllocation {
        let allocation = SimulatedAllocation(name, seat, self)
        places[name] = allocation
        all.append(allocation)
        return allocation
    }

    func remove(_ allocation: SimulatedAllocation) {
        allocation.isWanted = false
        places[allocation.name] = nil
    }

    /// The seat's allocation that lives, or else one that has left something.
    func allocation(of seat: HostName) -> SimulatedAllocation? {
        let those = places.values.filter { $0.seat.name == seat }.sorted { $0.name < $1.name }
        return those.first(where: \.isAlive) ?? those.first
    }

    /// The hosts of the other allocations of its seat that have a folder.
    func siblings(of allocation: SimulatedAllocation) -> [SimulatedHost] {
        places.values.filter { $0.seat.name == allocation.seat.name && $0 !== allocation }
            .sorted { $0.name < $1.name }.map(\.host)
    }

    var loginAnswers: Bool { loginGoneUntil <= world.now }

    // MARK: The queue

    /// Submits an allocation. A mute queue may take it without an answer.
    func submit(_ allocation: SimulatedAllocation) -> Answer {
        if muteUntil > world.now {
            guard world.random.chance(0.5) else {
                world.census.count(.submissionUnheard)
                return .mute
            }
            world.census.count(.submissionUnanswered)
            _ = add(allocation)
            return .mute
        }
        if refusesUntil > world.now {
            world.census.count(.submissionRefused)
            return .refused("Job violates accounting/QOS policy")
        }
        return .submitted(add(allocation))
    }

    private func add(_ allocation: SimulatedAllocation) -> Int {
        let job = Job(jobs.count + 1, allocation)
        jobs.append(job)
        world.note("\(allocation.name) is job \(job.number)")
        queue(job)
        return job.number
    }

    private func queue(_ job: Job) {
        job.state = .waiting
        world.census.count(.allocationQueued)
        world.after(world.random.seconds(0.5...(world.random.chance(0.2) ? 600 : 60))) { [self] in begin(job) }
    }

    private func begin(_ job: Job) {
        guard job.state == .waiting else { return }
        if muteUntil > world.now { return world.at(muteUntil) { [self] in begin(job) } }
        job.state = .running
        job.words = ""
        guard job.allocation.begin() else { return finish(job, "COMPLETED") }
        world.after(job.allocation.seconds) { [self] in
            guard job.state == .running else { return }
            job.allocation.dies()
            finish(job, "TIMEOUT")
        }
    }

    private func finish(_ job: Job, _ words: String) {
        guard job.state != .over else { return }
        job.state = .over
        job.words = words
        job.endedAt = world.now
        world.note("job \(job.number) is over: \(words)")
    }

    func jobEnded(_ allocation: SimulatedAllocation, _ words: String) {
        for job in jobs where job.allocation === allocation && job.state == .running { finish(job, words) }
    }

    /// Cancels as `scancel` does: a job that waits never begins, one that runs has a while to save.
    func cancel(_ name: String) {
        for job in jobs where job.allocation.name == name {
            if muteUntil > world.now { job.missedCancel = true } else { cancel(job) }
        }
    }

    private func cancel(_ job: Job, after seconds: Double = SimulatedQueue.grace, words: String = "CANCELLED") {
        switch job.state {
        case .waiting: finish(job, words)
        case .running:
            job.allocation.isWarned()
            world.after(seconds) { [self] in
                guard job.state == .running else { return }
                job.allocation.dies()
                finish(job, words)
            }
        case .over: break
        }
    }

    /// Lists as `squeue` does; nil: it does not answer.
    func list() -> [QueueEntry]? {
        if muteUntil > world.now { return nil }
        if staleUntil > world.now {
            world.census.count(.listingStale)
            return stale
        }
        let listed = trueListing()
        guard missesUntil > world.now else { return listed }
        if listed.contains(where: { $0.state != .over }) { world.census.count(.listingMissed) }
        return listed.filter { $0.state == .over }
    }

    private func trueListing() -> [QueueEntry] {
        jobs.filter { $0.endedAt.map { world.now.seconds(since: $0) < Self.remembered } ?? true }.map(\.entry)
    }

    // MARK: What must be

    /// Records that a pilot has begun. Its seat must have no other that could work, and all pilots together are no more
    /// than the seats.
    func hasBegun(_ allocation: SimulatedAllocation) {
        guard !world.hasCopies, !allocation.isLate else { return }
        let living = all.filter { $0.isAlive && !$0.isLate }
        if living.contains(where: { $0 !== allocation && $0.seat.name == allocation.seat.name }) {
            world.violation("\(allocation.seat.name) has two allocations at work")
        }
        if living.count > seats.count { world.violation("\(living.count) allocations live for \(seats.count) seats") }
    }

    /// Checks that no allocation is left of a run that is over and has asked the queue to end them.
    func checkThatAllAreGone() {
        for job in jobs where job.state != .over && !job.missedCancel {
            world.violation("\(job.allocation.name) is left behind")
        }
    }

    var canBeAsked: Bool { loginAnswers && max(muteUntil, staleUntil, missesUntil) <= world.now }

    // MARK: Faults

    func add(_ relay: SimulatedRelay) { relays = relays.filter(\.isAlive) + [relay] }

    /// Lets a fault hit the queue, its jobs or its login node.
    func strike(_ fault: Fault.Queue) {
        switch fault {
        case .isMute(let seconds, let forgets):
            world.note("the queue does not answer for \(seconds)")
            muteUntil = max(muteUntil, world.now.advanced(bySeconds: seconds))
            if forgets { missesUntil = max(missesUntil, world.now.advanced(bySeconds: seconds + 90)) }
        case .refuses(let seconds): refusesUntil = max(refusesUntil, world.now.advanced(bySeconds: seconds))
        case .misses(let seconds): missesUntil = max(missesUntil, world.now.advanced(bySeconds: seconds))
        case .isStale(let seconds):
            stale = trueListing()
            staleUntil = max(staleUntil, world.now.advanced(bySeconds: seconds))
        case .relayDeath:
            for relay in relays where relay.isAlive {
                world.census.count(.relayDied)
                relay.die()
            }
        case .loginGone(let seconds):
            world.note("the login node is gone for \(seconds)")
            world.census.count(.loginGone)
            if all.contains(where: { $0.isAlive && $0.host.hasWork }) { world.census.count(.workedWithoutLogin) }
            loginGoneUntil = max(loginGoneUntil, world.now.advanced(bySeconds: seconds))
            for relay in relays { relay.die() }
        case .preempts, .cancels, .nodeDies, .nodeIsForgotten, .nodeIsCutOff: strikeJob(fault)
        }
    }

    private func strikeJob(_ fault: Fault.Queue) {
        let candidates = jobs.filter { $0.state == .running && $0.allocation.isAlive }
        guard !candidates.isEmpty else { return }
        let job = candidates[world.random.pick(0...candidates.count - 1)]
        world.note("job \(job.number): \(fault)")
        switch fault {
        case .preempts(let warning, let requeues):
            world.census.count(.allocationPreempted)
            if let warning {
                job.allocation.isWarned()
                world.after(warning) { [self] in
                    guard job.state == .running else { return }
                    job.allocation.dies()
                    finish(job, "PREEMPTED")
                }
            } else {
                job.allocation.dies()
                guard requeues else { return finish(job, "PREEMPTED") }
                queue(job)
            }
        case .cancels:
            world.census.count(.allocationCancelled)
            cancel(job, after: world.random.seconds(0...Self.grace))
        case .nodeDies:
            world.census.count(.nodeDied)
            job.allocation.dies()
            world.after(world.random.seconds(0...300)) { [self] in finish(job, "NODE_FAIL") }
        case .nodeIsForgotten:
            // The queue takes the node for dead, which works on.
            world.census.count(.nodeForgotten)
            finish(job, "NODE_FAIL")
        case .nodeIsCutOff(let seconds):
            world.census.count(.nodeCutOff)
            job.allocation.host.freeze(for: seconds)
            world.after(world.random.seconds(0...60)) { [self] in finish(job, "NODE_FAIL") }
        default: break
        }
    }
}
