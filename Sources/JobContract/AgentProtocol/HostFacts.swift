/// What a host says of itself on connecting.
package struct HostFacts: Hashable, Sendable, Codable {
    /// machine-id; two aliases of one machine are refused.
    package var machine: String
    /// Changes at every boot: attempts of another boot are over.
    package var boot: String
    package var cores: Int
    package var memory: Int
    package var cpu: String
    /// Free bytes where the store lies.
    package var free: Int
    /// GPUs that attempts may have; nil where the hosts file asks for none, or while that is not known.
    package var gpus: [GPUFacts]?
    /// The allocation by which a queue has lent the host; nil: it is the user's own.
    package var loan: NodeLoan?

    package init(
        machine: String, boot: String, cores: Int, memory: Int, cpu: String, free: Int, gpus: [GPUFacts]? = nil,
        loan: NodeLoan? = nil
    ) {
        self.machine = machine
        self.boot = boot
        self.cores = cores
        self.memory = memory
        self.cpu = cpu
        self.free = free
        self.gpus = gpus
        self.loan = loan
    }
}

/// What an agent says of the allocation that it runs in.
package struct NodeLoan: Hashable, Sendable, Codable {
    /// The node's name; empty where the allocation is over.
    package var node: String
    /// Seconds until attempts are asked to save and to stop; 0: the agent begins nothing more; nil: the allocation has no
    /// limit.
    package var secondsLeft: Double?

    package init(node: String, secondsLeft: Double?) {
        self.node = node
        self.secondsLeft = secondsLeft
    }
}
