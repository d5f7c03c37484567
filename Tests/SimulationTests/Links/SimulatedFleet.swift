import Coordination
import JobContract
import SweepModel

/// The hosts as one coordinator reaches them; dies with it.
final class SimulatedFleet: Fleet {
    let caller: SimulatedHost.Caller
    let mutant: Mutant
    private let hosts: [SimulatedHost]
    private let world: World
    private let log: HostLog
    private let kill: KillSwitch
    private let clock: SimulatedClock
    private var links: [HostName: SimulatedLink] = [:]
    /// Since when, in the coordinator's awake time, it has not heard of a host.
    private(set) var silentSince: [HostName: Instant] = [:]
    private var silences: [HostName: Int] = [:]
    /// How long it had not heard of a host before a connection of which it has not heard either.
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
        _ caller: SimulatedHost.Caller, mutant: Mutant
    ) {
        self.mutant = mutant
        self.hosts = hosts
        self.world = world
        self.log = log
        self.kill = kill
        self.clock = clock
        self.caller = caller
        left = world.unlisted
        for host in hosts {
            isSilent(host)
            if world.unlisted.contains(host.name), mutant != .leftHostsAreUsed { continue }
            world.after(world.random.seconds(0.1...3)) { [self] in connect(host) }
        }
    }

    func send(_ command: HostCommand, to host: HostName) {
        kill.tick(.diedBeforeSend, world)
        guard !kill.isDead else { return }
        if case .start = command, drained.contains(host) { world.violation("\(host) is drained and gets a start") }
        if case .start = command, left.contains(host), world.unlisted.contains(host) {
            world.violation("\(host) is in no hosts file and gets a start")
        }
        if case .start(let order) = command { return links[host]?.send(.start(mutant.order(order))) ?? () }
        links[host]?.send(command)
    }

    func post(_ input: CoordinatorInput) {
        guard !kill.isDead else { return }
        inputs.append(input)
        onInput()
    }

    /// Asks every host that answers to tell again what it holds.
    func enquire() {
        for host in hosts where silentSince[host.name] == nil { send(.enquire, to: host.name) }
    }

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
        if let objection = host.objection(to: caller) {
            world.note("\(host.name) refuses: \(objection)")
            return post(.host(host.name, .disconnected(objection)))
        }
        if host.agentIsOld, !host.disk.values.contains(where: { $0.state == .running }) {
            host.replaceAgent()
            world.after(world.random.seconds(0.5...3)) { [self] in connect(host) }
            return
        }
        let link = SimulatedLink(host, self)
        links[host.name] = link
        world.note("\(host.name) connects")
        host.connected(link, caller)
    }

    /// The host answers again.
    func connected(_ host: SimulatedHost, _ link: SimulatedLink) {
        unheard[host.name] = listened[host.name]
        silentSince[host.name] = nil
        log.listened[caller.owner]?[host.name] = nil
        silences[host.name, default: 0] += 1
    }

    /// The coordinator has heard, and recorded, that the host answers.
    func heard(of host: HostName) { unheard[host] = nil }

    /// - Parameter refusal: why it is not tried again.
    func lost(_ host: SimulatedHost, _ link: SimulatedLink, _ refusal: HostFailure? = nil) {
        guard links[host.name] === link else { return }
        links[host.name] = nil
        unreach(host)
        guard !kill.isDead else { return }
        isSilent(host)
        if let refusal { return post(.host(host.name, .disconnected(refusal))) }
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
        for host in hosts { unreach(host) }
        log.listened[caller.owner] = listened
        for name in open.keys.sorted() { open[name]?.close() }
        links = [:]
    }

    /// How long the catalogue's coordinators have listened for each host in vain.
    var listened: [HostName: Double] {
        var listened = (log.listened[caller.owner] ?? [:]).merging(unheard) { $1 }
        for (name, since) in silentSince { listened[name, default: 0] += clock.now().seconds(since: since) }
        return listened
    }

    /// Seconds of silence after which this coordinator may let a host's leases go; a little less than it waits.
    func patience(for host: HostName) -> Double {
        max(110, HostLog.leaseSeconds - (log.listened[caller.owner]?[host] ?? 0))
    }

    func closeAll() { for (_, link) in links.sorted(by: { $0.key < $1.key }) { link.close() } }

    // MARK: What the log needs to know

    func reach(_ host: SimulatedHost) {
        // Whom another catalogue's coordinator reaches says nothing of this one's.
        if !clock.isAsleep, caller.owner != .neighbour { log.reach(host.name, by: caller.coordinator, at: world.now) }
    }

    func unreach(_ host: SimulatedHost) { log.unreach(host.name, by: caller.coordinator, at: world.now) }

    /// The coordinator's machine sleeps or wakes up.
    func sleepChanged() {
        for host in hosts {
            unreach(host)
            if !clock.isAsleep, silentSince[host.name] == nil { links[host.name]?.isHampered(for: 5) }
        }
    }

    private func isSilent(_ host: SimulatedHost) {
        guard silentSince[host.name] == nil else { return }
        silentSince[host.name] = clock.now()
        let silence = silences[host.name, default: 0]
        watch(host, silence, patience(for: host.name))
    }

    /// Once a host has been out of reach for as long as a lease, what it holds may be done elsewhere too.
    private func watch(_ host: SimulatedHost, _ silence: Int, _ seconds: Double) {
        world.after(seconds) { [self] in
            guard !kill.isDead, silences[host.name, default: 0] == silence, let since = silentSince[host.name] else {
                return
            }
            let left = patience(for: host.name) - clock.now().seconds(since: since)
            guard left <= 0 else { return watch(host, silence, max(left, 0.1)) }
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
