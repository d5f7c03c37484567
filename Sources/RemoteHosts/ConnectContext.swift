import SweepModel

/// What it takes to connect to hosts, shared by all of them.
struct ConnectContext: Sendable {
    let agent: AgentProgram
    let options: ConnectionOptions
    let gate: ConnectGate
    let asked: AskedOnce
    private let configuration = Locked<SSHProgramConfiguration?>(nil)

    init(agent: AgentProgram, options: ConnectionOptions, gate: ConnectGate, asked: AskedOnce) {
        self.agent = agent
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
    /// than libssh has.
    func transport(to host: HostSpec, wake: Int32) throws(HostFailure) -> any Transport {
        switch host.transport {
        case .local: return LocalTransport(agent: agent, wake: wake)
        case .ssh: return SSHProgramTransport(host, try programConfiguration(), wake: wake)
        case .libssh:
            let settings = try SSHSettings.resolve(host, options)
            guard let option = settings.beyondLibSSH.first else {
                return LibSSHTransport(host.name, settings, self, wake: wake)
            }
            guard findProgram("ssh") != nil else {
                throw HostFailure(
                    .configuration,
                    "\(host.name): \(option) of the SSH configuration needs the ssh program; install it")
            }
            asked.note(
                "\(host.name) is reached by the ssh program: libssh lacks \(option) of the SSH configuration "
                    + "(transport: ssh says the same)")
            return SSHProgramTransport(host, try programConfiguration(), wake: wake)
        }
    }
}
