import JobContract

/// The alias under which a host stands in the hosts file.
package typealias HostName = String

/// One host as the hosts file describes it.
package struct HostSpec: Hashable, Sendable {
    package enum Transport: String, Hashable, Sendable, CaseIterable { case libssh, ssh, local }

    package var name: HostName
    package var transport: Transport
    /// Address, port, user, identity file and jump hosts; nil leaves the SSH configuration's value.
    package var address: String?
    package var port: Int?
    package var user: String?
    package var identity: String?
    package var proxyJump: String?
    /// Where everything of ours lies on the host, the agent's program too; `~` is the account's home.
    package var directory: String
    /// Attempts at a time; nil: cores divided by threads.
    package var slots: Int?
    package var threads: Int
    /// Bytes; nil: what the host has.
    package var memory: Int?
    package var tags: Set<String>
    package var environment: [String: String]
    /// Other machines have its machine-id too, as copies of one image do: it is told from them by its name here.
    package var sharesMachineID: Bool
    /// GPUs that attempts may have; nil: they are told nothing of GPUs.
    package var gpus: GPUChoice?
    /// Attempts that one GPU may have at a time.
    package var jobsPerGPU: Int
    /// The seat by which the host comes and goes with allocations of a queue; address and directory are then those of the
    /// login node. Nil: it is a host of its own.
    package var seat: QueueSeat?

    package init(
        name: HostName, transport: Transport, address: String? = nil, port: Int? = nil, user: String? = nil,
        identity: String? = nil, proxyJump: String? = nil, directory: String = "~/.eigensweep", slots: Int? = nil,
        threads: Int = 1, memory: Int? = nil, tags: Set<String> = [], environment: [String: String] = [:],
        sharesMachineID: Bool = false, gpus: GPUChoice? = nil, jobsPerGPU: Int = 1, seat: QueueSeat? = nil
    ) {
        self.name = name
        self.transport = transport
        self.address = address
        self.port = port
        self.user = user
        self.identity = identity
        self.proxyJump = proxyJump
        self.directory = directory
        self.slots = slots
        self.threads = threads
        self.memory = memory
        self.tags = tags
        self.environment = environment
        self.sharesMachineID = sharesMachineID
        self.gpus = gpus
        self.jobsPerGPU = jobsPerGPU
        self.seat = seat
    }

    /// The login node through which a seat's host is reached, or the host itself.
    package var gate: HostSpec {
        guard let seat else { return self }
        var gate = self
        gate.name = seat.queue
        gate.seat = nil
        return gate
    }
}

extension [HostSpec] {
    /// The machines through which they are reached, each once: for a queue's seats their login node.
    package var gates: [HostSpec] {
        var seen: Set<HostName> = []
        return map(\.gate).filter { seen.insert($0.name).inserted }
    }
}

/// The room that a queue host has for one allocation at a time: a host that comes with an allocation, goes with it, and comes
/// again with another.
package struct QueueSeat: Hashable, Sendable {
    /// The queue host's name.
    package var queue: HostName
    /// Counts the queue host's seats, from 1.
    package var number: Int
    /// What the queue is asked for with each allocation.
    package var settings: QueueSettings

    package init(queue: HostName, number: Int, settings: QueueSettings) {
        self.queue = queue
        self.number = number
        self.settings = settings
    }
}

/// Why a host cannot be used or an attempt was not accepted.
package struct HostFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, Hashable, Sendable, Codable {
        case unreachable
        case authenticationFailed = "authentication-failed"
        case hostKeyUnknown = "host-key-unknown"
        case hostKeyChanged = "host-key-changed"
        case agentFailed = "agent-failed"
        case transferFailed = "transfer-failed"
        /// A file that an order needs is whole neither there nor beside the catalogue: not the host's doing.
        case missingFile = "missing-file"
        case noSpace = "no-space"
        /// The account runs no program of ours: no shell, a forced command, a start-up file that exits.
        case noShell = "no-shell"
        /// The host's directory cannot be made or written to.
        case directory
        case spawnFailed = "spawn-failed"
        case duplicateMachine = "duplicate-machine"
        case protocolViolation = "protocol-violation"
        /// The SSH configuration or the hosts file asks for what cannot be.
        case configuration
        /// The host gives other bits than this machine, or cannot run the worker.
        case unsuitable
    }
    package var kind: Kind
    /// What happened, what was expected, what to do: one or two sentences.
    package var message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
    package var description: String { message }

    /// The message where the host's name stands before it.
    package func words(beside host: HostName) -> String { Self.words(message, beside: host) }

    /// Words of a host's failure, less the host's name where they begin with it.
    package static func words(_ words: String, beside host: HostName) -> String {
        let prefix = "\(host): "
        return words.hasPrefix(prefix) ? String(words.dropFirst(prefix.count)) : words
    }

    /// Whether trying again can help without a person's doing.
    package var isTransient: Bool {
        switch kind {
        case .unreachable, .transferFailed, .missingFile, .agentFailed: true
        case .authenticationFailed, .hostKeyUnknown, .hostKeyChanged, .noSpace, .noShell, .directory, .spawnFailed,
            .duplicateMachine, .protocolViolation, .configuration, .unsuitable:
            false
        }
    }
}
