import CPosix
import Foundation
import JobContract
import SweepModel

/// The hosts of a sweep over real connections: one thread and one connection each.
///
/// Reports come through `deliver`, called on the host's own thread: it must return quickly, and never calls
/// `close`. Connections that break are made again by themselves after a growing, jittered pause, unless trying
/// again cannot help; the reason then says what to do.
package final class HostFleet: Fleet, Sendable {
    private let links = Locked<[HostName: HostLink]>([:])
    /// Queues by their hosts' names.
    private let queues = Locked<[HostName: QueueLink]>([:])
    private let context: LinkContext
    /// Those with commands that their threads were not woken for: once a round and not once a command.
    private let asleep = Locked<[Mailbox]>([])

    /// - Parameters:
    ///   - catalogue: the catalogue's name on hosts: lowercase letters, digits and hyphens, at most 64.
    ///   - generation: grows with every start of a coordinator on the catalogue; hosts refuse an older one.
    ///   - starts: this start of a coordinator and those before it, as the catalogue remembers them: hosts refuse a
    ///     copy of the catalogue that remembers others.
    ///   - place: where the catalogue is: while its coordinator works, hosts refuse copies at other places.
    ///   - depot: the coordinator's store; orders' files are read from it, events' files are brought into it.
    ///   - agent: brought to hosts that lack it.
    ///   - worker: compared on every host before anything is started there; nil where the worker is a user's own.
    ///   - interaction: asked for passwords and told what is worth knowing; without one both are refused.
    ///   - dial: gives a socket to a host's agent, in place of all that the hosts file says; -1 where there is none.
    package init(
        hosts: [HostSpec], catalogue: String, generation: Int, starts: [CoordinatorStart] = [],
        place: CataloguePlace? = nil, depot: any FileDepot,
        agent: AgentProgram,
        options: ConnectionOptions = ConnectionOptions(), worker: WorkerCheck? = nil,
        interaction: any HostInteraction = NoInteraction(),
        dial: (@Sendable (HostName) -> Int32)? = nil,
        deliver: @escaping @Sendable (HostName, HostReport) -> Void
    ) {
        let connecting = ConnectContext(
            agent: agent, options: options,
            gate: ConnectGate(width: ConnectionOptions.connectsAtOnce), asked: AskedOnce(interaction), dial: dial)
        context = LinkContext(
            catalogue: catalogue, generation: generation,
            nonce: starts.first { $0.generation == generation }?.nonce
                ?? String(UInt64.random(in: 0 ... .max), radix: 16),
            earlier: starts.filter { $0.generation < generation }, place: place, depot: depot, deliver: deliver,
            machines: MachineRegistry(), worker: worker, connecting: connecting)
        context.pace.update(hosts)
        links.with { links in
            for host in hosts { links[host.name] = link(to: host) }
        }
    }

    private func link(to host: HostSpec) -> HostLink {
        HostLink(host, context, queue: host.seat.map { queue(of: host, $0) })
    }

    private func queue(of host: HostSpec, _ seat: QueueSeat) -> QueueLink {
        queues.with { queues in
            if let known = queues[seat.queue] { return known }
            let made = QueueLink(host, seat, context)
            queues[seat.queue] = made
            return made
        }
    }

    /// Tells every queue which seats it has now. A queue without any is closed, and its allocations end.
    private func updateQueues() {
        let seats = Dictionary(grouping: all.map(\.host).filter { $0.seat != nil }, by: { $0.seat?.queue ?? "" })
        for (name, queue) in queues.with({ $0 }) {
            queue.update(seats[name] ?? [])
            guard seats[name] == nil else { continue }
            queue.dismissAll(seconds: 2)
            queue.close(until: .now() + .seconds(2))
            queues.with { $0[name] = nil }
        }
    }

    /// Ends all allocations of queues, those of earlier runs too, and waits for that, so many seconds at most.
    package func dismissAllocations(seconds: Double = 10) {
        let all = queues.with { Array($0.values) }
        guard !all.isEmpty else { return }
        // A run that found nothing to do has not connected to any queue yet.
        updateQueues()
        let limit = posix_monotonic_seconds() + seconds
        for queue in all { queue.dismissAll(seconds: max(0.1, limit - posix_monotonic_seconds())) }
    }

    /// What is being done about hosts that are not connected.
    package var stages: HostStages { context.connecting.stages }

    private var all: [HostLink] { links.with { Array($0.values) } }

    /// Begins to connect to every host.
    package func start() {
        // A peer that is gone is an error of the write, not the end of this program.
        signal(SIGPIPE, SIG_IGN)
        for link in all { link.start() }
        updateQueues()
    }

    package func send(_ command: HostCommand, to host: HostName) {
        guard let link = links.with({ $0[host] }) else { return }
        if let seat = link.host.seat, let queue = queues.with({ $0[seat.queue] }) {
            switch command {
            case .call: return queue.call(link.host, seat)
            case .dismiss: return queue.dismiss(seat.number)
            case .start, .cancel, .revoke, .acknowledge, .release, .enquire: break
            }
        }
        let mailbox = link.mailbox
        guard mailbox.post(command) else { return }
        asleep.with { $0.append(mailbox) }
    }

    package func flush() {
        let mailboxes = asleep.with { asleep in
            defer { asleep = [] }
            return asleep
        }
        for mailbox in mailboxes { mailbox.wake() }
    }

    /// From now on these are the hosts. Connections of hosts described as before are kept, unless they were given up,
    /// which are tried again; other hosts' end, and those of new ones begin. Every host that stays connected is asked
    /// to report again. Waits 4 s at most.
    package func update(hosts: [HostSpec]) {
        let specs = Dictionary(hosts.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let left = links.with { links in
            let left = links.filter { specs[$0.key] != $0.value.host || $0.value.isOver }
            for name in left.keys { links[name] = nil }
            return Array(left.values)
        }
        context.pace.update(hosts)
        // A host's old connection ends before its new one begins: its machine has one name at a time.
        close(left)
        links.with { links in
            for host in hosts where links[host.name] == nil { links[host.name] = link(to: host) }
        }
        updateQueues()
        for link in all {
            link.start()
            if link.mailbox.post(.enquire) { link.mailbox.wake() }
        }
    }

    /// A part of what an attempt on the host said; nil when there is no connection or no answer in time.
    package func read(_ question: LogQuestion, on host: HostName, seconds: Double = 10) -> LogPiece? {
        guard let link = links.with({ $0[host] }) else { return nil }
        let inquiry = LogInquiry(question)
        link.mailbox.post(inquiry)
        return inquiry.wait(seconds: seconds)
    }

    /// Sends what was asked before, ends the connections and waits for their threads, 4 s at most. Jobs go on.
    package func close() {
        close(all)
        for queue in queues.with({ Array($0.values) }) { queue.close(until: .now() + .seconds(4)) }
    }

    private func close(_ links: [HostLink]) {
        for link in links { link.mailbox.close() }
        let deadline = DispatchTime.now() + .seconds(4)
        for link in links { link.join(until: deadline) }
    }
}

/// A question to a host, and where its answer goes.
final class LogInquiry: Sendable {
    let question: LogQuestion
    private let piece = Locked<LogPiece?>(nil)
    private let settled = DispatchSemaphore(value: 0)

    init(_ question: LogQuestion) { self.question = question }

    /// Nil: it cannot be answered.
    func answer(_ answer: LogPiece?) {
        piece.with { $0 = $0 ?? answer }
        settled.signal()
    }

    func wait(seconds: Double) -> LogPiece? {
        _ = settled.wait(timeout: .now() + seconds)
        return piece.with { $0 }
    }
}
