import Coordination
import JobContract
import SweepModel

/// One coordinator's connection to a queue's login node, over which it asks for allocations and speaks to them.
final class SimulatedQueueLink {
    let queue: SimulatedQueue
    private let fleet: SimulatedFleet
    private let seats: [HostSpec]
    private var book = SeatBook(catalogue: SimulatedQueue.catalogue)
    private var relay: SimulatedRelay?
    /// Allocations of which the relay has told so far; complete once it is ready.
    private var found: [AllocationStanding] = []
    /// Counts connections: what an earlier one brings is late.
    private var number = 0
    private var lastThere = Instant(nanoseconds: 0)
    private var lastBack = Instant(nanoseconds: 0)
    /// Seats whose agents will not serve this coordinator, until it plans anew.
    private var refused: Set<HostName> = []
    private var refusals = 0
    private var isDismissing = false

    private var world: World { queue.world }

    init(_ queue: SimulatedQueue, seats: [HostSpec], _ fleet: SimulatedFleet) {
        self.queue = queue
        self.fleet = fleet
        self.seats = seats
        world.after(world.random.seconds(0.1...3)) { [self] in connect() }
    }

    // MARK: The coordinator's wishes

    func call(_ name: HostName) {
        guard let seat = seats.first(where: { $0.name == name }), let place = seat.seat,
            let allocation = book.call(place.number, random: UInt32(truncatingIfNeeded: world.random.next()))
        else { return }
        say(.submit(name: allocation, place.settings))
    }

    func dismiss(_ name: HostName) {
        guard let allocation = seats.first(where: { $0.name == name }).flatMap(standing) else { return }
        say(.cancel(name: allocation.name))
    }

    func dismissAll() {
        isDismissing = true
        for name in (book.allocations ?? [:]).keys.sorted() { say(.cancel(name: name)) }
    }

    /// Does what a run that is planned anew asks for: seats that were given up are tried again.
    func enquire() {
        refused = []
        tellAll()
    }

    /// Tells how every seat stands, and ends allocations that belong to none.
    private func tellAll() {
        guard book.allocations != nil else { return }
        let kept = Set(seats.compactMap(\.seat?.number))
        for name in book.strays(exists: kept.contains) { say(.cancel(name: name)) }
        for seat in seats { tell(seat, lastWords: "") }
    }

    /// The present connection's number, where its relay has said what there is.
    var askable: Int? { relay != nil && book.allocations != nil ? number : nil }

    private func standing(_ seat: HostSpec) -> AllocationStanding? {
        seat.seat.flatMap { book.allocation(of: $0.number) }
    }

    private func say(_ request: RelayRequest) {
        guard let relay else { return }
        lastThere = max(lastThere, world.now.advanced(bySeconds: world.random.seconds(0.01...0.3)))
        world.at(lastThere) { relay.handle(request) }
    }

    // MARK: The connection

    private func connect() {
        guard fleet.isAtWork, relay == nil else { return }
        if fleet.isAsleep { return world.after(1) { [self] in connect() } }
        guard queue.loginAnswers else {
            fail("the login node does not answer")
            return world.after(world.random.seconds(5...30)) { [self] in connect() }
        }
        number += 1
        let this = number
        found = []
        let relay = SimulatedRelay(queue) { [self] in
            come($0, this)
        } onDeath: { [self] in
            lose()
        }
        self.relay = relay
        lastBack = world.now
        world.after(world.random.seconds(0.2...3)) { relay.begin() }
    }

    /// Loses the relay, or the way to it. Allocations go on without it.
    func lose() {
        guard let relay else { return }
        relay.isAbandoned()
        self.relay = nil
        number += 1
        book.lose()
        for seat in seats { fleet.closeSeat(seat.name) }
        guard fleet.isAtWork else { return }
        world.after(world.random.seconds(0.1...20)) { [self] in
            if self.relay == nil { fail("the connection ended") }
            world.after(world.random.seconds(0.1...10)) { [self] in connect() }
        }
    }

    private func fail(_ words: String) {
        for seat in seats { fleet.post(.host(seat.name, .disconnected(HostFailure(.unreachable, words)))) }
    }

    private func come(_ report: RelayReport, _ connection: Int) {
        lastBack = max(lastBack, world.now.advanced(bySeconds: world.random.seconds(0.01...0.3)))
        world.at(lastBack) { [self] in
            if connection == number, relay != nil, fleet.isAtWork { take(report) }
        }
    }

    private func take(_ report: RelayReport) {
        switch report {
        case .standing(let standing) where book.allocations == nil: found.append(standing)
        case .standing(let standing):
            guard let number = book.record(standing) else { return }
            if isDismissing, standing.state != .gone { say(.cancel(name: standing.name)) }
            if let seat = seats.first(where: { $0.seat?.number == number }) {
                tell(seat, lastWords: standing.state == .gone ? standing.words : "")
            }
        case .ready:
            book.replaceAll(with: found)
            if isDismissing { dismissAll() }
            tellAll()
        case .refused(let name, let words):
            refusals += 1
            guard let number = book.remove(name), let seat = seats.first(where: { $0.seat?.number == number }) else {
                return
            }
            fleet.post(.host(seat.name, .seat(.refused(words: words, seconds: min(1800, 30 * Double(refusals))))))
        case .closed, .mute: break
        }
    }

    private func tell(_ seat: HostSpec, lastWords: String) {
        let allocation = standing(seat)
        let news: SeatNews =
            switch allocation?.state {
            case nil, .gone: .vacant(words: lastWords)
            case .waiting: .waiting(job: allocation?.job ?? "", words: allocation?.words ?? "")
            case .running, .over: .begun
            }
        fleet.post(.host(seat.name, .seat(news)))
        if let allocation, allocation.state != .waiting { reach(seat, allocation.name) }
    }

    // MARK: The seats

    /// Connects to the seat's allocation as soon as its agent can answer.
    private func reach(_ seat: HostSpec, _ name: String) {
        world.after(world.random.seconds(0.1...2)) { [self] in tryToReach(seat, name) }
    }

    private func tryToReach(_ seat: HostSpec, _ name: String) {
        guard fleet.isAtWork, relay != nil, !refused.contains(seat.name), standing(seat)?.name == name,
            !fleet.isLinked(seat.name), let allocation = queue.places[name]
        else { return }
        guard !fleet.isAsleep, allocation.answers else {
            if standing(seat)?.state == .running {
                fleet.post(.host(seat.name, .disconnected(HostFailure(.unreachable, "it does not answer"))))
            }
            return world.after(world.random.seconds(5...30)) { [self] in tryToReach(seat, name) }
        }
        if fleet.isRefused(by: allocation.host) { refused.insert(seat.name) } else { fleet.link(to: allocation.host) }
    }

    /// Records that a seat's connection is over. That is no failure where its allocation is over too.
    func lost(_ host: SimulatedHost, _ refusal: HostFailure?) {
        guard let seat = seats.first(where: { $0.name == host.name }) else { return }
        if let refusal {
            refused.insert(seat.name)
            return fleet.post(.host(seat.name, .disconnected(refusal)))
        }
        world.after(world.random.seconds(0.1...20)) { [self] in
            guard fleet.isAtWork, relay != nil, !fleet.isLinked(seat.name) else { return }
            let now = standing(seat)
            if now?.state == .running, now?.name == host.allocation?.name {
                fleet.post(.host(seat.name, .disconnected(HostFailure(.unreachable, "connection lost"))))
            }
            if let now, now.state != .waiting { reach(seat, now.name) }
        }
    }
}
