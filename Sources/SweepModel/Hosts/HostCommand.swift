import JobContract

/// An order to start an attempt. Durable on the host before it answers, and idempotent by attempt number.
package struct StartOrder: Hashable, Sendable, Codable {
    package var description: JobDescription
    /// The canonical JSON of its spec, where it is known.
    package var specText: [UInt8]?
    /// The worker's argument vector, run in the attempt's directory.
    package var command: [String]
    /// Files placed in that directory: name, and content in the coordinator's store.
    package var uploads: [Upload]
    /// GPUs that the attempt is to have.
    package var gpus: Int
    /// A program that does the same with the same bits on a GPU, for hosts that can; nil: there is none.
    package var onDevice: Upload?
    /// Bytes of such weights as it makes, where the spec does not tell them and earlier ones do.
    package var weights: Int?
    /// Of what waits on a host the order with the smallest begins first; nil: before all that have one.
    package var turn: Double?

    package struct Upload: Hashable, Sendable, Codable {
        package var name: String
        package var digest: Digest
        package init(name: String, digest: Digest) {
            self.name = name
            self.digest = digest
        }
    }

    package init(
        description: JobDescription, specText: [UInt8]? = nil, command: [String], uploads: [Upload], gpus: Int = 0
    ) {
        self.description = description
        self.specText = specText
        self.command = command
        self.uploads = uploads
        self.gpus = gpus
    }

    package var attempt: AttemptNumber { description.attempt }
    /// Everything that must be in the host's store before the start.
    package var files: [Digest] { description.inputs + (uploads + [onDevice].compactMap(\.self)).map(\.digest) }
}

/// What the coordinator asks of a host. Every command is idempotent; on a dead connection it is dropped, and the
/// coordinator asks again after the next `connected`.
package enum HostCommand: Hashable, Sendable {
    /// Bring the files the order names, then start it: at once when a slot is free, else from the backlog.
    case start(StartOrder)
    case cancel(AttemptNumber)
    /// Give the attempt back if it has not begun: it then ends as never started; otherwise nothing happens.
    case revoke(AttemptNumber)
    /// Everything up to this byte of the attempt's events is committed.
    case acknowledge(AttemptNumber, offset: Int)
    /// The attempt's end is committed: its directory may go.
    case release(AttemptNumber)
    /// Report again as after connecting: `connected`, then events from the last acknowledged offsets and ends.
    case enquire
    /// Ask the queue for an allocation for this seat, unless it has one.
    case call
    /// End this seat's allocation, which is not needed: if it waits it never begins, if it runs it saves and ends.
    case dismiss
}
