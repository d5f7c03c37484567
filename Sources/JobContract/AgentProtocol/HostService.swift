/// What is asked of a host itself, before `hello` and for no catalogue. The agent's bridge answers; nothing is
/// supervised by it. Files a request needs are brought by `upload` before.
package enum ServiceRequest: Hashable, Sendable, Codable {
    case examine(ExaminationRequest)
    case describe(DescriptionRequest)
    case tryWorker(WorkerTrialRequest)
    case clean(CleaningRequest)
    case orphans(OrphanRequest)
    case held(HeldRequest)
    /// The files found whole may be asked for by `fetch` after it.
    case inspect(InspectionRequest)
    /// Become a relay, to which the connection then belongs.
    case relay(RelayPlace)
    /// Find out whether a queue would take such an allocation, and whether nodes may see the directory.
    case examineQueue(RelayPlace, QueueSettings)
}

/// Whose allocations a relay serves, and where they lie.
package struct RelayPlace: Hashable, Sendable, Codable {
    /// The directory that the login node and the nodes share.
    package var directory: String
    package var catalogue: String
    package var kind: QueueSettings.Kind

    package init(directory: String, catalogue: String, kind: QueueSettings.Kind) {
        self.directory = directory
        self.catalogue = catalogue
        self.kind = kind
    }
}

package enum ServiceAnswer: Hashable, Sendable, Codable {
    case examined(ExaminationReport)
    case described(WorkerDescription)
    /// How a user's own worker described itself.
    case tried(WorkerTrialReport)
    /// The store lacks the worker that is to describe itself, or a file of it: upload it and ask again.
    case lacking(Digest)
    /// The worker does not describe itself on this host; in words.
    case mute(String)
    case cleaned(CleaningReport)
    /// Those that live, after what was asked to be done about them.
    case orphans([Orphan])
    case held([HeldNumber])
    case inspected(InspectionReport)
    /// The relay has begun.
    case relaying
    /// - Parameters:
    ///   - objection: why the queue would not take such an allocation, in its own words; nil: it would.
    ///   - fileSystem: the kind of the directory's file system, where other machines do not see that; nil: they may.
    case queueExamined(objection: String?, fileSystem: String?)
    case refused(AgentRefusal)
}

/// Tries out what running jobs in a directory needs.
package struct ExaminationRequest: Hashable, Sendable, Codable {
    package var directory: String
    /// Bytes that must be had by writing, whatever the file system says is free.
    package var room: Int
    /// A process an earlier examination left behind: does it live?
    package var left: ProcessName?
    /// GPUs that its attempts are to have, and the environment that is added to theirs.
    package var gpus: GPUChoice?
    package var environment: [String: String]?

    package init(
        directory: String, room: Int, left: ProcessName? = nil, gpus: GPUChoice? = nil,
        environment: [String: String]? = nil
    ) {
        self.directory = directory
        self.room = room
        self.left = left
        self.gpus = gpus
        self.environment = environment
    }
}

/// A process that no other can be taken for.
package struct ProcessName: Hashable, Sendable, Codable {
    package var boot: String
    package var pid: Int32
    /// Clock ticks since boot.
    package var start: UInt64

    package init(boot: String, pid: Int32, start: UInt64) {
        self.boot = boot
        self.pid = pid
        self.start = start
    }
}

package struct ExaminationReport: Hashable, Sendable, Codable {
    /// What will not do, or was put right.
    package enum Complaint: String, Hashable, Sendable, Codable {
        /// The directory cannot be made or written to.
        case directory
        /// Others could look into it; now they cannot.
        case permissionsRepaired = "permissions-repaired"
        /// Others can look into it, and the agent may not change that.
        case permissions
        case noSpace = "no-space"
        /// Programs cannot be run from it.
        case noexec
        /// Files cannot be locked in it.
        case locks
        /// Sockets cannot be made in it.
        case sockets
        /// GPUs that the hosts file names are not there.
        case gpus
    }
    package struct Finding: Hashable, Sendable, Codable {
        package var complaint: Complaint
        package var words: String

        package init(_ complaint: Complaint, _ words: String) {
            self.complaint = complaint
            self.words = words
        }
    }
    package var machine: String
    /// The directory as an absolute path.
    package var directory: String
    package var cores: Int
    /// Bytes of memory, in all and to be had now.
    package var memory: Int
    package var availableMemory: Int
    package var cpu: String
    /// Seconds since 1970 by the host's clock.
    package var clock: Double
    /// Bytes and files that may still be written; files are nil where there is no such limit.
    package var free: Int
    package var freeFiles: Int?
    /// Files a process may have open.
    package var descriptors: Int
    /// Other machines that keep attempts in the directory: it is shared.
    package var otherMachines: [String]
    package var findings: [Finding]
    /// A process left behind, to look for after the connection ended.
    package var left: ProcessName?
    /// Whether the one of the request lives.
    package var leftLives: Bool?
    /// The GPUs that attempts would have; nil where none were asked for.
    package var gpus: [GPUFacts]?

    package init(
        machine: String, directory: String, cores: Int, memory: Int, availableMemory: Int, cpu: String, clock: Double,
        free: Int, freeFiles: Int?, descriptors: Int, otherMachines: [String], findings: [Finding],
        left: ProcessName?, leftLives: Bool?, gpus: [GPUFacts]? = nil
    ) {
        self.machine = machine
        self.directory = directory
        self.cores = cores
        self.memory = memory
        self.availableMemory = availableMemory
        self.cpu = cpu
        self.clock = clock
        self.free = free
        self.freeFiles = freeFiles
        self.descriptors = descriptors
        self.otherMachines = otherMachines
        self.findings = findings
        self.left = left
        self.leftLives = leftLives
        self.gpus = gpus
    }
}

/// Has a worker in the store describe itself, once for a boot of the machine.
package struct DescriptionRequest: Hashable, Sendable, Codable {
    package var directory: String
    package var worker: Digest
    /// As its jobs would have it.
    package var environment: [String: String]

    package init(directory: String, worker: Digest, environment: [String: String]) {
        self.directory = directory
        self.worker = worker
        self.environment = environment
    }
}

/// Removes what no attempt needs.
package struct CleaningRequest: Hashable, Sendable, Codable {
    package var directory: String
    /// Stored files that nothing needs stay while they are younger than this many seconds.
    package var youngerThan: Int
    /// Stored files that stay all the same: states that are kept on the host alone.
    package var keep: [Digest]
    /// Only tell what would be removed.
    package var isRehearsal: Bool
    /// The catalogue whose allocations of a queue are ended too, and where they lie; nil: none are.
    package var allocations: RelayPlace?

    package init(
        directory: String, youngerThan: Int, keep: [Digest] = [], isRehearsal: Bool, allocations: RelayPlace? = nil
    ) {
        self.directory = directory
        self.allocations = allocations
        self.keep = keep
        self.youngerThan = youngerThan
        self.isRehearsal = isRehearsal
    }
}

package struct CleaningReport: Hashable, Sendable, Codable {
    /// Stored files removed, and their bytes.
    package var files: Int
    package var bytes: Int
    /// What half-done transfers left.
    package var leftovers: Int
    package var leftoverBytes: Int
    /// Stored files that attempts, of whatever catalogue, need.
    package var neededFiles: Int
    package var neededBytes: Int
    /// Stored files that nothing needs and that are too young to go.
    package var youngFiles: Int
    package var youngBytes: Int
    /// Attempts the host holds, of all catalogues.
    package var attempts: Int
    /// Allocations of a queue that were asked to end, or would be.
    package var allocations: Int

    package init(
        files: Int = 0, bytes: Int = 0, leftovers: Int = 0, leftoverBytes: Int = 0, neededFiles: Int = 0,
        neededBytes: Int = 0, youngFiles: Int = 0, youngBytes: Int = 0, attempts: Int = 0,
        allocations: Int = 0
    ) {
        self.files = files
        self.bytes = bytes
        self.leftovers = leftovers
        self.leftoverBytes = leftoverBytes
        self.neededFiles = neededFiles
        self.neededBytes = neededBytes
        self.youngFiles = youngFiles
        self.youngBytes = youngBytes
        self.attempts = attempts
        self.allocations = allocations
    }
}

/// Asks which attempts of a catalogue a host holds, by its records alone: nobody is served, and nothing changes there.
package struct HeldRequest: Hashable, Sendable, Codable {
    package var directory: String
    package var catalogue: String

    package init(directory: String, catalogue: String) {
        self.directory = directory
        self.catalogue = catalogue
    }
}

/// An attempt that a host holds.
package struct HeldNumber: Hashable, Sendable, Codable {
    package var attempt: AttemptNumber
    package var hasEnded: Bool

    package init(attempt: AttemptNumber, hasEnded: Bool) {
        self.attempt = attempt
        self.hasEnded = hasEnded
    }
}
