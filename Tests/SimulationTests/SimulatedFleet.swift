import Coordination
import JobContract
import SweepModel

/// One connection of one coordinator to one host. In order both ways; nothing of it arrives once it is closed.
final class SimulatedLink {
    private let host: SimulatedHost
    private let fleet: SimulatedFleet
    private var isOpen = true
    /// Starts on their way with their files; a cancel that passes one makes the transport give it up.
    private var starting: Set<AttemptNumber> = []
    private var lastThere = Instant(nanoseconds: 0)
    private var lastBack = Instant(nanoseconds: 0)
    private var world: World { host.world }

    init(_ host: SimulatedHost, _ fleet: SimulatedFleet) {
        self.host = host
        self.fleet = fleet
    }

    func send(_ command: HostCommand) {
        var delay = world.random.seconds(0.01...0.2)
        // A start's files go first, and other commands may pass it on the way.
        if case .start(let order) = command {
            delay += world.random.seconds(0...3)
            starting.insert(order.attempt)
        }
        var arrival = world.now.advanced(bySeconds: delay)
        if case .start = command {
        } else {
            arrival = max(arrival, lastThere)
            lastThere = arrival
        }
        world.at(arrival) { [self] in
            guard isOpen else { return }
            if case .cancel(let attempt) = command { starting.remove(attempt) }
            if case .start(let order) = command, starting.remove(order.attempt) == nil { return }
            host.receive(command)
        }
    }

    func report(_ report: HostReport) {
        deliver(report)
        if case .connected = report { return }
        if world.random.chance(0.03) { deliver(report) }
    }

    private func deliver(_ report: HostReport) {
        let arrival = max(world.now.advanced(bySeconds: world.random.seconds(0.01...0.3)), lastBack)
        lastBack = arrival
        world.at(arrival) { [self] in
            if isOpen { fleet.post(.host(host.name, report)) }
        }
    }

    /// Breaks at once; the coordinator notices some time later and tries again.
    func close() {
        guard isOpen else { return }
        isOpen = false
        if host.link === self { host.link = nil }
        fleet.lost(host)
    }
}

/// The hosts as one coordinator reaches them; dies with it.
final class SimulatedFleet: Fleet {
    private let hosts: [SimulatedHost]
    private let world: World
    private let kill: KillSwitch
    private var links: [HostName: SimulatedLink] = [:]
    private(set) var silentSince: [HostName: Instant] = [:]
    private(set) var inputs: [CoordinatorInput] = []

    init(_ hosts: [SimulatedHost], _ world: World, _ kill: KillSwitch) {
        self.hosts = hosts
        self.world = world
        self.kill = kill
        for host in hosts {
            silentSince[host.name] = world.now
            world.after(world.random.seconds(0.1...3)) { [self] in connect(host) }
        }
    }

    func send(_ command: HostCommand, to host: HostName) {
        kill.tick()
        guard !kill.isDead else { return }
        links[host]?.send(command)
    }

    func post(_ input: CoordinatorInput) {
        if !kill.isDead { inputs.append(input) }
    }

    func takeInput() -> CoordinatorInput? { inputs.isEmpty ? nil : inputs.removeFirst() }

    private func connect(_ host: SimulatedHost) {
        guard !kill.isDead, links[host.name] == nil else { return }
        guard host.answers else {
            post(.host(host.name, .disconnected(HostFailure(.unreachable, "no answer"))))
            world.after(world.random.seconds(5...30)) { [self] in connect(host) }
            return
        }
        let link = SimulatedLink(host, self)
        links[host.name] = link
        silentSince[host.name] = nil
        world.note("\(host.name) connects")
        host.connected(link)
    }

    func lost(_ host: SimulatedHost) {
        links[host.name] = nil
        silentSince[host.name] = world.now
        guard !kill.isDead else { return }
        let detection = world.random.seconds(0.1...20)
        // Now and then the transport is back before the loop has heard that it was gone.
        let failure = HostReport.disconnected(HostFailure(.unreachable, "connection lost"))
        world.after(detection) { [self] in
            post(.host(host.name, failure))
            world.after(world.random.chance(0.5) ? 0 : world.random.seconds(0.1...10)) { [self] in connect(host) }
        }
    }

    /// The coordinator is gone, and its connections with it.
    func abandon() {
        let open = links
        links = [:]
        for name in open.keys.sorted() { open[name]?.close() }
    }
}

/// Ends a coordinator between two calls of its ports.
final class KillSwitch {
    private var callsLeft: Int?
    private(set) var isDead = false

    init(afterCalls calls: Int?) { callsLeft = calls }

    func tick() {
        guard let left = callsLeft else { return }
        callsLeft = left - 1
        if left <= 1 { isDead = true }
    }

    func strike() { isDead = true }
}

struct Killed: Error {}

/// The inbox of a simulated coordinator: waiting for an input lets the world go on.
final class SimulatedInbox: Inbox {
    private let fleet: SimulatedFleet
    private let world: World
    private let kill: KillSwitch

    init(_ fleet: SimulatedFleet, _ world: World, _ kill: KillSwitch) {
        self.fleet = fleet
        self.world = world
        self.kill = kill
    }

    func nextWaiting() -> CoordinatorInput? {
        kill.tick()
        return kill.isDead ? nil : fleet.takeInput()
    }

    func next(before deadline: Instant?) -> CoordinatorInput {
        kill.tick()
        // The last commit took its time, and inputs gathered.
        if !kill.isDead, world.random.chance(0.3) { world.pass(world.random.seconds(0...2)) }
        while !kill.isDead {
            if let input = fleet.takeInput() { return input }
            if !world.runNext(before: deadline) {
                if deadline == nil { world.violation("nothing will ever happen, and the coordinator waits") }
                return .timeout
            }
        }
        return .timeout
    }
}

final class SimulatedClock: AwakeClock {
    private let world: World
    init(_ world: World) { self.world = world }
    func now() -> Instant { world.now }
}
