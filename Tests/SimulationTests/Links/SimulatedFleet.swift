import Coordination
import JobContract
import SweepModel

/// The hosts as one coordinator reaches them. It dies with its coordinator.
final class SimulatedFleet: Fleet {
    let caller: SimulatedHost.Caller
    let mutant: Mutant
    private let hosts: [SimulatedHost]
    private var queue: SimulatedQueueLink?
    private let seats: [HostSpec]
    private let world: World
    private let log: HostLog
    private let kill: KillSwitch
    private let clock: SimulatedClock
    private var links: [HostName: SimulatedLink] = [:]
    /// For each silent host, since when in the coordinator's awake time.
    private(set) var silentSince: [HostName: Instant] = [:]
    private var silences: [HostName: Int] = [:]
    /// Hosts whose agents will not serve this coordinator.
    private var givenUp: Set<HostName> = []
    /// For how long the coordinator had not heard of a host before a connection over which it has not heard of it either.
    private var unheard: [HostName: Double] = [:]
    private(set) var inputs: [CoordinatorInput] = []
    private var storeFullUntil = Instant(nanoseconds: 0)
    /// Hosts that the coordinator was told to give nothing.
    var drained: Set<HostName> = []
    /// Called when there is an input.
    var onInput: () -> Void = {}

    /// Hosts that were in no hosts file when its coordinator began.
    private let left: Set<HostName>

    init(
        _ hosts: [SimulatedHost], _ world: World, _ log: HostLog, _ kill: KillSwitch, _ clock: SimulatedClock,
        _ caller: SimulatedHost.Caller, mutant: Mutant, queue: SimulatedQueue? = nil
    ) {
        self.mutant = mutant
        self.hosts = hosts
        self.world = world
        self.log = log
        self.kill = kill
        self.clock = clock
        self.caller = caller
        left = world.unlisted
        seats = queue?.seats ?? []
        for host in hosts {
            isSilent(host.name)
            if world.unlisted.contains(host.name), mutant != .leftHostsAreUsed { continue }
            world.after(world.random.seconds(0.1...3)) { [self] in connect(host) }
        }
        for seat in seats { isSilent(seat.name) }
        let listed = seats.filter { !world.unlisted.contains($0.name) || mutant == .leftHostsAreUsed }
        // A queue of which the hosts file names nothing is not asked.
        if let queue, !listed.isEmpty { self.queue = SimulatedQueueLink(queue, seats: listed, self) }
    }

    func send(_ command: HostCommand, to host: HostName) {
        kill.tick(.diedBeforeSend, world)
        guard !kill.isDead else { return }
        if case .start = command, drained.contains(host) { world.violation("\(host) is drained and gets a start") }
        if case .start = command, left.contains(host), world.unlisted.contains(host) {
            world.violation("\(host) is in no hosts file and gets a start")
        }
        if case .start(let order) = command { return links[host]?.send(.start(mutant.order(order))) ?? () }
        switch command {
        case .call: queue?.call(host)
        case .dismiss: queue?.dismiss(host)
        default: links[host]?.send(command)
        }
    }

    func post(_ input: CoordinatorInput) {
        guard !kill.isDead else { return }
        inputs.append(input)
        onInput()
    }

    /// Asks every host that answers to tell anew what it holds, and tries those again that were given up.
    func enquire() {
        for name in hosts.map(\.name) + seats.map(\.name) where silentSince[name] == nil { send(.enquire, to: name) }
        queue?.enquire()
        for host in hosts where givenUp.remove(host.name) != nil {
            world.after(world.random.seconds(0.1...3)) { [self] in connect(host) }
        }
    }

    /// Ends the queue's allocations, which nothing needs any more.
    func dismissAllocations() { queue?.dismissAll() }

    /// The connection over which the queue can be told now; nil: there is none.
    var queueConnection: Int? { queue?.askable }

    func takeInput() -> CoordinatorInput? { inputs.isEmpty ? nil : inputs.removeFirst() }

    func fillStore(for seconds: Double) { storeFullUntil = world.now.advanced(bySeconds: seconds) }

    func storeIsFull() -> Bool {
        guard storeFullUntil > world.now else { return false }
        world.census.count(.storeFull)
        return true
    }

    // MARK: Connections

    private func connect(_ host: SimulatedHost) {
        guard !kill.isDead, links[host.name] == nil else { return }
        if clock.isAsleep { return world.after(1) { [self] in connect(host) } }
        guard host.answers else {
            post(.host(host.name, .disconnected(HostFailure(.unreachable, "no answer"))))
            world.after(world.random.seconds(5...30)) { [self] in connect(host) }
            return
        }
        if isRefused(by: host) { return }
        if host.agentIsOld, !host.disk.values.contains(where: { $0.state == .running }) {
            host.replaceAgent()
            world.after(world.random.seconds(0.5...3)) { [self] in connect(host) }
            return
        }
        link(to: host)
    }

    /// Whether the host's agent will not serve this coordinator, which is then told.
    func isRefused(by host: SimulatedHost) -> Bool {
        guard let objection = host.objection(to: caller) else { return false }
        world.note("\(host.name) refuses: \(objection)")
        givenUp.insert(host.name)
        post(.host(host.name, .disconnected(objection)))
        return true
    }

    func link(to host: SimulatedHost) {
        let link = SimulatedLink(host, self)
        links[host.name] = link
        world.note("\(host.name) connects")
        host.connected(link, caller)
    }

    var isAtWork: Bool { !kill.isDead }
    var isAsleep: Bool { clock.isAsleep }
    func isLinked(_ name: HostName) -> Bool { links[name] != nil }
    func closeSeat(_ name: HostName) { links[name]?.close() }

    /// Records that the host answers again.
    func connected(_ host: SimulatedHost, _ link: SimulatedLink) {
        unheard[host.name] = listened[host.name]
        silentSince[host.name] = nil
        log.listened[caller.owner]?[host.name] = nil
        silences[host.name, default: 0] += 1
    }

    /// Records that the coordinator has heard, and recorded, that the host answers.
    func heard(of host: HostName) { unheard[host] = nil }

    /// - Parameter refusal: why the host is not tried again.
    func lost(_ host: SimulatedHost, _ link: SimulatedLink, _ refusal: HostFailure? = nil) {
        guard links[host.name] === link else { return }
        links[host.name] = nil
        unreach(host)
        guard !kill.isDead else { return }
        isSilent(host.name)
        if host.allocation != nil { return queue?.lost(host, refusal) ?? () }
        if let refusal { return post(.host(host.name, .disconnected(refusal))) }
        let detection = world.random.seconds(0.1...20)
        // Now and then the connection is back before the loop has heard that it was gone.
        let failure = HostReport.disconnected(HostFailure(.unreachable, "connection lost"))
        world.after(detection) { [self] in
            post(.host(host.name, failure))
            world.after(world.random.chance(0.5) ? 0 : world.random.seconds(0.1...10)) { [self] in connect(host) }
        }
    }

    /// Ends all connections, since the coordinator is gone.
    func abandon() {
        let open = links
        for host in reached { unreach(host) }
        log.listened[caller.owner] = listened
        for name in open.keys.sorted() { open[name]?.close() }
        links = [:]
        queue?.lose()
        queue = nil
    }

    /// Hosts that are connected, or may be.
    private var reached: [SimulatedHost] { hosts + seats.compactMap { links[$0.name]?.host } }

    /// For how long the catalogue's coordinators have listened for each host in vain.
    var listened: [HostName: Double] {
        var listened = (log.listened[caller.owner] ?? [:]).merging(unheard) { $1 }
        for (name, since) in silentSince { listened[name, default: 0] += clock.now().seconds(since: since) }
        return listened
    }

    /// Seconds of silence after which this coordinator may let a host's leases go, a little less than it really waits.
    func patience(for host: HostName) -> Double {
        max(110, HostLog.leaseSeconds - (log.listened[caller.owner]?[host] ?? 0))
    }

    func closeAll() {
        for (_, link) in links.sorted(by: { $0.key < $1.key }) { link.close() }
        queue?.lose()
    }

    // MARK: What the log needs to know

    func reach(_ host: SimulatedHost) {
        // Which hosts another catalogue's coordinator reaches says nothing of this one's.
        if !clock.isAsleep, caller.owner != .neighbour { log.reach(host.place, by: caller.coordinator, at: world.now) }
    }

    func unreach(_ host: SimulatedHost) { log.unreach(host.place, by: caller.coordinator, at: world.now) }

    /// Records that the coordinator's machine sleeps or wakes up.
    func sleepChanged() {
        for host in reached {
            unreach(host)
            if !clock.isAsleep, silentSince[host.name] == nil { links[host.name]?.isHampered(for: 5) }
        }
    }

    private func isSilent(_ host: HostName) {
        guard silentSince[host] == nil else { return }
        silentSince[host] = clock.now()
        let silence = silences[host, default: 0]
        watch(host, silence, patience(for: host))
    }

    /// Records that a host has been out of reach for as long as a lease, so that its jobs may be done elsewhere too.
    private func watch(_ name: HostName, _ silence: Int, _ seconds: Double) {
        world.after(seconds) { [self] in
            guard !kill.isDead, silences[name, default: 0] == silence, let since = silentSince[name] else { return }
            let left = patience(for: name) - clock.now().seconds(since: since)
            guard left <= 0 else { return watch(name, silence, max(left, 0.1)) }
            guard let host = hosts.first(where: { $0.name == name }) ?? queue?.queue.allocation(of: name)?.host else {
                return
            }
            world.census.count(.hostOutOfReach)
            for (number, held) in host.inOrder where held.owner == caller.owner {
                log.lostTouch(.init(owner: held.owner, attempt: number))
                log.hit(held.key)
            }
            for number in host.lastLink?.underway(of: caller.owner) ?? [] {
                log.lostTouch(.init(owner: caller.owner, attempt: number))
            }
        }
    }
}
