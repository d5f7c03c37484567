/// What a queue is asked for with each allocation, as the hosts file says it.
package struct QueueSettings: Hashable, Sendable, Codable {
    package enum Kind: String, Hashable, Sendable, Codable, CaseIterable { case slurm }

    package var kind: Kind
    package var partition: String?
    package var account: String?
    package var qualityOfService: String?
    /// An allocation's time limit.
    package var seconds: Int
    /// Processors on the one node that an allocation has.
    package var cores: Int
    /// Bytes on that node; nil: what the cluster gives.
    package var memory: Int?
    /// GPUs on that node, which the queue chooses.
    package var gpus: Int
    /// Further options of the queue's own submission command, each one argument.
    package var options: [String]

    /// The shortest time limit in seconds: in a shorter one nothing could be saved in time.
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

/// A line of a queue's listing: a job of the account that is named as an allocation.
package struct QueueEntry: Hashable, Sendable, Codable {
    package enum State: String, Hashable, Sendable, Codable {
        case waiting
        case running
        /// The queue says that the job is over.
        case over
    }
    package var name: String
    /// The queue's number for the job.
    package var job: String
    package var state: State
    /// Why the job waits or how it ended, in the queue's own words.
    package var words: String

    package init(name: String, job: String, state: State, words: String) {
        self.name = name
        self.job = job
        self.state = state
        self.words = words
    }
}
