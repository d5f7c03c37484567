import JobContract
import SweepModel

/// A relay on the login node, in the service of one connection. It knows only what stands in the shared directory, and
/// judges by the real `AllocationWatch`.
final class SimulatedRelay {
    private struct Relayed {
        let allocation: SimulatedAllocation
        var watch: AllocationWatch
        var standing: AllocationStanding
        /// Whether the queue has answered its submission.
        var isSubmitted = false
        var hasBegun = false
    }

    private let queue: SimulatedQueue
    private let report: (RelayReport) -> Void
    private var relayed: [String: Relayed] = [:]
    private(set) var isAlive = true
    /// Whether nobody listens any more, which it has not noticed yet.
    private var isLeft = false
    /// When the queue has answered everything that it was asked.
    private var deskIsFreeAt = Instant(nanoseconds: 0)
    private var listsAt = Instant(nanoseconds: 0)
    private var hasListing = false
    private var onDeath: () -> Void

    private static let lookSeconds = 3.0
    private var world: World { queue.world }
    private var mutant: Mutant { queue.mutant }

    init(_ queue: SimulatedQueue, report: @escaping (RelayReport) -> Void, onDeath: @escaping () -> Void) {
        self.queue = queue
        self.report = report
        self.onDeath = onDeath
        queue.add(self)
    }

    /// Ends the relay at once.
    func die() {
        guard isAlive else { return }
        isAlive = false
        let onDeath = onDeath
        self.onDeath = {}
        onDeath()
    }

    /// Records that its connection is over, which it notices some time later.
    func isAbandoned() {
        onDeath = {}
        isLeft = true
        world.after(world.random.seconds(0...20)) { [self] in die() }
    }

    /// Begins with the allocations that it finds.
    func begin() {
        guard isAlive else { return }
        for (name, allocation) in queue.places.sorted(by: { $0.key < $1.key }) {
            var found = Relayed(
                allocation: allocation, watch: AllocationWatch(at: world.seconds),
                standing: AllocationStanding(name: name, state: .waiting, job: allocation.job.map(String.init)))
            found.isSubmitted = true
            if allocation.job == nil, !allocation.hasStarted {
                world.census.count(.submissionClosed)
                if mutant == .submissionIsRepeated { continue }
                allocation.isClosed = true
            }
            relayed[name] = found
            if allocation.isClosed { ask { $0.cancel(name) } }
            report(.standing(found.standing))
        }
        report(.ready)
        look()
    }

    func handle(_ request: RelayRequest) {
        guard isAlive else { return }
        switch request {
        case .submit(let name, _): submit(name)
        case .cancel(let name): cancel(name)
        // Seats have connections of their own here.
        case .open, .close: break
        }
    }

    // MARK: The queue

    /// Asks the queue one question after the other. The queue may do what it was asked though the relay dies meanwhile.
    private func ask<Answer>(
        _ question: @escaping (SimulatedQueue) -> Answer, answered: @escaping (Answer) -> Void = { _ in }
    ) {
        deskIsFreeAt = max(world.now, deskIsFreeAt).advanced(bySeconds: world.random.seconds(0.05...3))
        let goesOn = world.random.chance(0.5)
        world.at(deskIsFreeAt) { [self] in
            guard isAlive || goesOn else { return }
            let answer = question(queue)
            if isAlive { answered(answer) }
        }
    }

    private func submit(_ name: String) {
        if let known = relayed[name] { return report(.standing(known.standing)) }
        guard let number = AllocationName.seat(of: name, catalogue: SimulatedQueue.catalogue),
            let seat = queue.seats.first(where: { $0.seat?.number == number })
        else { return }
        let allocation = queue.makePlace(name, seat)
        allocation.isLate = isLeft
        relayed[name] = Relayed(
            allocation: allocation, watch: AllocationWatch(at: world.seconds),
            standing: AllocationStanding(name: name, state: .waiting))
        ask {
            $0.submit(allocation)
        } answered: { [self] answer in
            isAnswered(name, answer)
        }
    }

    private func isAnswered(_ name: String, _ answer: SimulatedQueue.Answer) {
        guard let allocation = relayed[name]?.allocation else { return ask { $0.cancel(name) } }
        switch answer {
        case .submitted(let job):
            allocation.job = job
            relayed[name]?.isSubmitted = true
            relayed[name]?.standing.job = "\(job)"
            relayed[name]?.watch = AllocationWatch(at: world.seconds)
            if let standing = relayed[name]?.standing { report(.standing(standing)) }
        case .mute where mutant == .submissionIsRepeated:
            relayed[name] = nil
            report(.refused(name: name, words: "no answer"))
        case .mute:
            allocation.isClosed = true
            relayed[name]?.isSubmitted = true
            ask { $0.cancel(name) }
        case .refused(let words):
            queue.remove(allocation)
            relayed[name] = nil
            report(.refused(name: name, words: words))
        }
    }

    private func cancel(_ name: String) {
        guard let known = relayed[name] else { return report(.standing(.init(name: name, state: .gone))) }
        world.census.count(.allocationDismissed)
        ask { $0.cancel(name) }
        known.allocation.isClosed = true
        if known.isSubmitted, !known.allocation.hasStarted { remove(name, words: "") }
    }

    private func remove(_ name: String, words: String) {
        guard let known = relayed.removeValue(forKey: name) else { return }
        queue.remove(known.allocation)
        known.allocation.host.goAway()
        report(.standing(.init(name: name, state: .gone, job: known.standing.job, words: words)))
    }

    // MARK: Watching

    private func look() {
        guard isAlive else { return }
        if !relayed.isEmpty || !hasListing, world.now >= listsAt {
            listsAt = world.now.advanced(bySeconds: world.random.seconds(3...60))
            ask {
                $0.list()
            } answered: { [self] entries in
                if let entries { take(entries) }
            }
        }
        for name in relayed.keys.sorted() { look(at: name) }
        world.after(Self.lookSeconds) { [self] in look() }
    }

    private func take(_ entries: [QueueEntry]) {
        hasListing = true
        var byName: [String: QueueEntry] = [:]
        for entry in entries where byName[entry.name].map({ $0.state == .over }) ?? true { byName[entry.name] = entry }
        for name in relayed.keys.sorted() where relayed[name]?.isSubmitted == true {
            relayed[name]?.watch.record(byName[name], at: world.seconds)
            if mutant == .listingIsBelieved, byName[name] == nil { isOver(name) }
        }
        for entry in byName.values.sorted(by: { $0.name < $1.name })
        where entry.state != .over && relayed[entry.name] == nil && mutant != .submissionIsRepeated {
            world.census.count(.strayCancelled)
            ask { $0.cancel(entry.name) }
        }
    }

    private func look(at name: String) {
        guard var known = relayed[name], known.isSubmitted else { return }
        let allocation = known.allocation
        if known.standing.state == .over {
            if allocation.host.isToldAndForgotten || !allocation.isWanted { remove(name, words: "") }
            return
        }
        let before = known.standing
        known.hasBegun = allocation.hasStarted
        known.watch.record(
            hasBegun: known.hasBegun, beats: allocation.beats, hasEnded: allocation.hasEnded, at: world.seconds)
        switch known.watch.verdict(at: world.seconds) {
        case .waiting: known.standing.state = .waiting
        case .running: known.standing.state = .running
        case .over:
            relayed[name] = known
            return isOver(name)
        }
        relayed[name] = known
        if known.standing != before { report(.standing(known.standing)) }
    }

    private func isOver(_ name: String) {
        guard let known = relayed[name], known.standing.state != .over else { return }
        world.note("\(name) is over")
        known.allocation.isClosed = true
        ask { $0.cancel(name) }
        guard known.allocation.hasStarted else {
            world.census.count(.allocationWasted)
            return remove(name, words: "it never began")
        }
        known.allocation.isFoundOver()
        guard !known.allocation.leftNothing else { return remove(name, words: "") }
        relayed[name]?.standing.state = .over
        if let standing = relayed[name]?.standing { report(.standing(standing)) }
    }
}
