import CPosix
import Foundation
import JobContract
import SweepModel

/// Asks hosts about themselves, or has them cleaned, without serving a coordinator there. Blocks; any thread may call.
package final class HostVisits: Sendable {
    private let context: ConnectContext
    private let mailbox = Mailbox()

    /// - Parameter agentExecutable: path of the agent program, brought to hosts that lack it.
    package convenience init(agentExecutable: String, options: ConnectionOptions, interaction: any HostInteraction) {
        self.init(agent: AgentProgram(path: agentExecutable), options: options, interaction: interaction)
    }

    package init(agent: AgentProgram, options: ConnectionOptions, interaction: any HostInteraction) {
        // A peer that is gone is an error of the write, not the end of this program.
        signal(SIGPIPE, SIG_IGN)
        context = ConnectContext(
            agent: agent, options: options,
            gate: ConnectGate(width: ConnectionOptions.connectsAtOnce), asked: AskedOnce(interaction))
    }

    /// Visits that go on end soon, with `unreachable`.
    package func close() { mailbox.close() }

    /// What is being done about hosts.
    package var stages: HostStages { context.stages }

    /// Runs `body` for every host on a thread of its own, 32 at a time, and returns what it gave in their order.
    ///
    /// - Parameter waiting: told, every ten seconds, which hosts have not answered after so many.
    package static func together<Result: Sendable>(
        _ hosts: [HostSpec], waiting: ([HostName], Double) -> Void, _ body: @escaping @Sendable (HostSpec) -> Result
    ) -> [Result] {
        let results = Locked<[Int: Result]>([:])
        let room = DispatchSemaphore(value: 32)
        let all = DispatchGroup()
        let begun = posix_monotonic_seconds()
        func patiently(_ wait: (DispatchTime) -> DispatchTimeoutResult) {
            while wait(.now() + 10) == .timedOut {
                let left = results.with { results in hosts.indices.filter { results[$0] == nil } }
                waiting(left.map { hosts[$0].name }, posix_monotonic_seconds() - begun)
            }
        }
        for (index, host) in hosts.enumerated() {
            patiently { room.wait(timeout: $0) }
            all.enter()
            let thread = Thread {
                let result = body(host)
                results.with { $0[index] = result }
                room.signal()
                all.leave()
            }
            thread.stackSize = 2 << 20
            thread.start()
        }
        patiently { all.wait(timeout: $0) }
        return results.with { results in hosts.indices.compactMap { results[$0] } }
    }

    /// Removes from a host's directory what no attempt there needs and is at least `age` seconds old; what `keep`
    /// names stays. With `isRehearsal` only says what that would be.
    ///
    /// - Parameter queue: the catalogue whose allocations are ended too, and the kind of the queue that has them; nil: the
    ///   host is not a login node.
    package func clean(
        _ host: HostSpec, age: Int, keep: [Digest] = [], isRehearsal: Bool,
        queue: (catalogue: String, kind: QueueSettings.Kind)? = nil
    ) throws(HostFailure) -> CleaningReport {
        let place = queue.map { RelayPlace(directory: host.directory, catalogue: $0.catalogue, kind: $0.kind) }
        let request = CleaningRequest(
            directory: host.directory, youngerThan: age, keep: keep, isRehearsal: isRehearsal, allocations: place)
        let answer = try visit(host) { visit, _ throws(HostFailure) in
            try visit.ask(.clean(request), seconds: 600)
        }
        switch answer {
        case .cleaned(let report): return report
        case .refused(let refusal): throw HostFailure(refusal, host: host.name)
        case .examined, .described, .tried, .lacking, .mute, .orphans, .held, .inspected, .relaying, .queueExamined:
            throw unexpected(host)
        }
    }

    /// Processes on the host that work for attempts which no agent there holds any more: those that live, after they
    /// were ended where `ends`.
    package func orphans(_ host: HostSpec, ends: Bool) throws(HostFailure) -> [Orphan] {
        let request = OrphanRequest(directory: host.directory, ends: ends)
        let answer = try visit(host) { visit, _ throws(HostFailure) in
            try visit.ask(.orphans(request), seconds: 60)
        }
        switch answer {
        case .orphans(let orphans): return orphans
        case .refused(let refusal): throw HostFailure(refusal, host: host.name)
        case .examined, .described, .tried, .lacking, .mute, .cleaned, .held, .inspected, .relaying, .queueExamined:
            throw unexpected(host)
        }
    }

    /// Attempts of a catalogue that the host holds, by its records; nothing changes there.
    package func held(_ host: HostSpec, of catalogue: String) throws(HostFailure) -> [HeldNumber] {
        let request = HeldRequest(directory: host.directory, catalogue: catalogue)
        let answer = try visit(host) { visit, _ throws(HostFailure) in
            try visit.ask(.held(request), seconds: 60)
        }
        switch answer {
        case .held(let held): return held
        case .refused(let refusal): throw HostFailure(refusal, host: host.name)
        case .examined, .described, .tried, .lacking, .mute, .cleaned, .orphans, .inspected, .relaying, .queueExamined:
            throw unexpected(host)
        }
    }

    func unexpected(_ host: HostSpec) -> HostFailure {
        HostFailure(.protocolViolation, "\(host.name): the agent answered something else than was asked")
    }

    func visit<Result>(
        _ host: HostSpec, _ body: (inout HostConversation, any Transport) throws(HostFailure) -> Result
    ) throws(HostFailure) -> Result {
        let transport = try context.transport(to: host, wake: mailbox.wakeDescriptor)
        defer { transport.close() }
        let greeted = try Handshake(host: host, context: context, transport: transport, mailbox: mailbox).run()
        defer { greeted.stream.close() }
        guard greeted.greeting.version == AgentProtocol.version else {
            throw HostFailure(
                .protocolViolation,
                "\(host.name): the agent speaks protocol \(greeted.greeting.version), this program "
                    + "\(AgentProtocol.version); remove eigensweep-agent from \(host.directory) there; it is brought again"
            )
        }
        var conversation = HostConversation(
            host: host.name, greeted: greeted, mailbox: mailbox, options: context.options)
        return try body(&conversation, transport)
    }
}
