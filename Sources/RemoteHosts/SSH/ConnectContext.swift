import Foundation
import SweepModel

/// What it takes to connect to hosts, shared by all of them.
struct ConnectContext: Sendable {
    let agent: AgentProgram
    let options: ConnectionOptions
    let gate: ConnectGate
    let asked: AskedOnce
    let agents = KnownSSHAgents()
    let stages = HostStages()
    /// Makes the connections in place of all that the hosts file says.
    let dial: (@Sendable (HostName) -> Int32)?
    /// What a server or its account asked for that libssh lacks, found by trying.
    private let beyondLibSSH = Locked<[HostSpec: String]>([:])
    private let configuration = Locked<SSHProgramConfiguration?>(nil)

    init(
        agent: AgentProgram, options: ConnectionOptions, gate: ConnectGate, asked: AskedOnce,
        dial: (@Sendable (HostName) -> Int32)? = nil
    ) {
        self.agent = agent
        self.dial = dial
        self.options = options
        self.gate = gate
        self.asked = asked
    }

    /// The `ssh` program's configuration, made when first needed.
    func programConfiguration() throws(HostFailure) -> SSHProgramConfiguration {
        try configuration.with { known throws(HostFailure) -> SSHProgramConfiguration in
            if let known { return known }
            let made = try SSHProgramConfiguration(options)
            known = made
            return made
        }
    }

    /// The way to a host: what the hosts file says, and the `ssh` program where the SSH configuration asks for more
    /// than libssh has, or the server does.
    func transport(to host: HostSpec, wake: Int32) throws(HostFailure) -> any Transport {
        if let dial { return DialledTransport(host.name, wake: wake, dial: dial) }
        switch host.transport {
        case .local: return LocalTransport(agent: agent, wake: wake)
        case .ssh: return try program(to: host, wake: wake)
        case .libssh:
            let settings = try SSHSettings.resolve(host, options)
            if let lack = settings.beyondLibSSH.first.map({ "\($0) of the SSH configuration" })
                ?? beyondLibSSH.with({ $0[host] })
            {
                return try program(to: host, wake: wake, lacking: lack)
            }
            return LibSSHTransport(host, settings, self, wake: wake)
        }
    }

    /// The `ssh` program, with a word on why where libssh was to do it.
    func program(to host: HostSpec, wake: Int32, lacking lack: String) throws(HostFailure) -> any Transport {
        guard findProgram("ssh") != nil else {
            throw HostFailure(
                .configuration,
                "\(host.name): libssh lacks \(lack): the ssh program may have it, but there is none in PATH; "
                    + "install it (transport: ssh then always uses it)")
        }
        beyondLibSSH.with { $0[host] = lack }
        asked.note(
            "\(host.name) is reached by the ssh program: libssh lacks \(lack) (transport: ssh says the same)")
        return try program(to: host, wake: wake)
    }

    private func program(to host: HostSpec, wake: Int32) throws(HostFailure) -> any Transport {
        SSHProgramTransport(host, try programConfiguration(), self, wake: wake)
    }

    /// Whether the SSH agent at `socket` answers, of which people are told where it does not.
    func answers(_ socket: String) -> Bool { agents.identities(socket, telling: asked) != nil }

    /// The environment of programs that may ask the account's SSH agent: without one that would not answer them.
    func programEnvironment() -> [String: String] {
        var environment = ProcessInfo.processInfo.environment
        if let socket = environment["SSH_AUTH_SOCK"], !socket.isEmpty, !answers(socket) {
            environment["SSH_AUTH_SOCK"] = nil
        }
        return environment
    }
}

/// What is being done about each host, in words.
package final class HostStages: Sendable {
    private let words = Locked<[HostName: String]>([:])

    func set(_ host: HostName, _ stage: String) { words.with { $0[host] = stage } }

    /// Nil before anything was begun.
    package subscript(host: HostName) -> String? { words.with { $0[host] } }
}
