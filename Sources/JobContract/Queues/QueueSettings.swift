/// What allocations of a queue are to be.
package struct QueueSettings: Hashable, Sendable, Codable {
    package enum Kind: String, Hashable, Sendable, Codable, CaseIterable { case slurm }

    package var kind: Kind
    package var partition: String?
    package var account: String?
    package var qualityOfService: String?
    /// The time limit of an allocation.
    package var seconds: Int
    /// On the one node that an allocation has.
    package var cores: Int
    /// Bytes; nil: what the cluster gives.
    package var memory: Int?
    package var gpus: Int
    /// Further options of the queue's own submission command, each one word.
    package var options: [String]

    /// Seconds of an allocation below which nothing could be saved in time.
    package static let leastSeconds = 60

    package init(
        kind: Kind = .slurm, partition: String? = nil, account: String? = nil, qualityOfService: String? = nil,
        seconds: Int = 3600, cores: Int = 1, memory: Int? = nil, gpus: Int = 0, options: [String] = []
    ) {
        self.kind = kind
        self.partition = partition
        self.account = account
        self.qualityOfService = qualityOfService
        self.seconds = seconds
        self.cores = cores
        self.memory = memory
        self.gpus = gpus
        self.options = options
    }
}

/// A line of a queue's listing: one job of the account that bears the name of an allocation of ours.
package struct QueueEntry: Hashable, Sendable, Codable {
    package enum State: String, Hashable, Sendable, Codable {
        case waiting
        case running
        /// The queue says that the job is over.
        case over
    }
    package var name: String
    /// The number by which the queue knows the job.
    package var job: String
    package var state: State
    /// The queue's own words: why it waits, or how it ended.
    package var words: String

    package init(name: String, job: String, state: State, words: String) {
        self.name = name
        self.job = job
        self.state = state
        self.words = words
    }
}
