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
    private let links: [HostName: HostLink]

    /// - Parameters:
    ///   - catalogue: the catalogue's name on hosts: lowercase letters, digits and hyphens, at most 64.
    ///   - generation: grows with every start of a coordinator on the catalogue; hosts refuse an older one.
    ///   - starts: this start of a coordinator and those before it, as the catalogue remembers them: hosts refuse a
    ///     copy of the catalogue that remembers others.
    ///   - depot: the coordinator's store; orders' files are read from it, events' files are brought into it.
    ///   - agentExecutable: path of the agent program, brought to hosts that lack it.
    ///   - worker: compared on every host before anything is started there; nil where the worker is a user's own.
    ///   - interaction: asked for passwords and told what is worth knowing; without one both are refused.
    package init(
        hosts: [HostSpec], catalogue: String, generation: Int, starts: [CoordinatorStart] = [], depot: any FileDepot,
        agentExecutable: String,
        options: ConnectionOptions = ConnectionOptions(), worker: WorkerCheck? = nil,
        interaction: any HostInteraction = NoInteraction(),
        deliver: @escaping @Sendable (HostName, HostReport) -> Void
    ) {
        let connecting = ConnectContext(
            agent: AgentProgram(path: agentExecutable), options: options,
            gate: ConnectGate(width: ConnectionOptions.connectsAtOnce), asked: AskedOnce(interaction))
        let common = LinkContext(
            catalogue: catalogue, generation: generation,
            nonce: starts.first { $0.generation == generation }?.nonce
                ?? String(UInt64.random(in: 0 ... .max), radix: 16),
            earlier: starts.filter { $0.generation < generation }, depot: depot, deliver: deliver,
            machines: MachineRegistry(), worker: worker, connecting: connecting)
        var links: [HostName: HostLink] = [:]
        for host in hosts { links[host.name] = HostLink(host, common) }
        self.links = links
    }

    /// Begins to connect to every host.
    package func start() {
        // A peer that is gone is an error of the write, not the end of this program.
        signal(SIGPIPE, SIG_IGN)
        for link in links.values { link.start() }
    }

    package func send(_ command: HostCommand, to host: HostName) {
        links[host]?.mailbox.post(command)
    }

    /// Sends what was asked before, ends the connections and waits for their threads, 4 s at most. Jobs go on.
    package func close() {
        for link in links.values { link.mailbox.close() }
        let deadline = DispatchTime.now() + .seconds(4)
        for link in links.values { link.join(until: deadline) }
    }
}
