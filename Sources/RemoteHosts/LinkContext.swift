import JobContract
import SweepModel

/// What all the links of a fleet share.
struct LinkContext: Sendable {
    var catalogue: String
    var generation: Int
    var nonce: String
    var depot: any FileDepot
    var agent: AgentProgram
    var options: ConnectionOptions
    var deliver: @Sendable (HostName, HostReport) -> Void
    var machines: MachineRegistry
    var gate: ConnectGate
    var asked: AskedOnce
    /// Our worker, if it is to run: it must give the same bits on every host.
    var worker: WorkerCheck?
    private let configuration = Locked<SSHProgramConfiguration?>(nil)

    init(
        catalogue: String, generation: Int, nonce: String, depot: any FileDepot, agent: AgentProgram,
        options: ConnectionOptions, deliver: @escaping @Sendable (HostName, HostReport) -> Void,
        machines: MachineRegistry, gate: ConnectGate, asked: AskedOnce, worker: WorkerCheck? = nil
    ) {
        self.catalogue = catalogue
        self.generation = generation
        self.nonce = nonce
        self.depot = depot
        self.agent = agent
        self.options = options
        self.deliver = deliver
        self.machines = machines
        self.gate = gate
        self.asked = asked
        self.worker = worker
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
