/// Which of a host's GPUs attempts may have, as the hosts file says.
package enum GPUChoice: Hashable, Sendable, Codable {
    /// All that its surroundings leave it.
    case all
    /// The first so many of these.
    case first(Int)
    /// Those with these numbers, as the driver counts them, or UUIDs.
    case named([String])

    /// More has no host.
    package static let most = 256
}

/// A GPU of a host.
package struct GPUFacts: Hashable, Sendable, Codable {
    /// What a program is told so that it sees this one: its number, or its UUID where the driver gives one.
    package var id: String
    /// Its number, as the driver counts; nil of a part of one.
    package var index: Int?
    /// The model; empty where the driver does not say.
    package var name: String
    /// Bytes of memory, in all and free; nil where they cannot be read without tools.
    package var memory: Int?
    package var free: Int?
    /// Programs of others that have it open, as far as this account may see; in words.
    package var users: [String]?
    /// Why it gets no attempts, if it gets none.
    package var setAside: String?

    package init(
        id: String, index: Int?, name: String, memory: Int? = nil, free: Int? = nil, users: [String]? = nil,
        setAside: String? = nil
    ) {
        self.id = id
        self.index = index
        self.name = name
        self.memory = memory
        self.free = free
        self.users = users
        self.setAside = setAside
    }
}

extension GPUFacts {
    /// As people call it.
    package var title: String {
        let size = memory.map { "\($0 >> 30) GiB" }
        let parts = [name.isEmpty ? nil : name, size].compactMap { $0 }
        return "GPU \(index.map(String.init) ?? id)" + (parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))")
    }
}

/// A GPU on which attempts failed at once while others did theirs.
package struct FailedGPU: Hashable, Sendable, Codable {
    package var id: String
    /// What was seen, in words.
    package var reason: String
    /// Those that failed: not by their jobs' fault.
    package var attempts: [AttemptNumber]

    package static let mostAttempts = 16

    package init(id: String, reason: String, attempts: [AttemptNumber]) {
        self.id = id
        self.reason = reason
        self.attempts = attempts
    }
}

/// The variables by which programs are told which GPUs they see.
package enum GPUVariables {
    package static let cuda = "CUDA_VISIBLE_DEVICES"
    package static let hip = "HIP_VISIBLE_DEVICES"
    package static let rocr = "ROCR_VISIBLE_DEVICES"
    package static let all = [cuda, hip, rocr]
    /// Makes numbers mean what the driver's own list says.
    package static let order = "CUDA_DEVICE_ORDER"
    /// Names a directory whose files stand for GPUs, instead of those that there are.
    package static let pretence = "EIGENSWEEP_AGENT_GPUS"
    /// The allocation of a queue that chose what this host may use.
    package static let allocation = "SLURM_JOB_ID"
    /// What an agent must know of the surroundings it was started in.
    package static let surroundings = all + [pretence, allocation]
}
