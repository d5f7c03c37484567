/// The version of the messages between coordinator and agent.
package enum AgentProtocol {
    package static let version = 1

    /// What an agent writes first; whatever a login shell printed before it is skipped.
    package static let preamble = Array("\n\u{1}eigensweep-agent\u{2}\n".utf8)
    /// How much a login shell may print.
    package static let chatterLimit = 256 << 10

    /// The message as a frame.
    package static func frame(_ message: CoordinatorMessage) throws -> Frame {
        if let packed = message.packed { return Frame(.attempt, packed) }
        return Frame(.control, try JSONText.encode(message))
    }

    package static func frame(_ message: AgentMessage) throws -> Frame {
        if let packed = message.packed { return Frame(.attempt, packed) }
        return Frame(.control, try JSONText.encode(message))
    }

    /// The message of a control frame or of an attempt's. Throws also where a number or a text in it is none that there
    /// is: nobody behind this place checks them again.
    package static func message<Message: AgentProtocolMessage>(
        _: Message.Type, in frame: Frame
    ) throws(ProtocolError) -> Message {
        let message = try read(Message.self, in: frame)
        if let complaint = message.complaint {
            throw ProtocolError("a message came that cannot be true: \(complaint)")
        }
        return message
    }

    private static func read<Message: AgentProtocolMessage>(
        _: Message.Type, in frame: Frame
    ) throws(ProtocolError) -> Message {
        if frame.kind == .attempt { return try Message(packed: frame.payload) }
        do {
            return try JSONText.decode(Message.self, from: frame.payload)
        } catch {
            let text = String(decoding: frame.payload.prefix(120), as: UTF8.self)
            // Else it is of another version, and its words say more.
            if case DecodingError.dataCorrupted(let context) = error {
                let words = context.debugDescription.cut(toBytes: 200)
                throw ProtocolError("a message came that cannot be true: \(words), in \(text)")
            }
            throw ProtocolError("a message came that this version does not know: \(text)")
        }
    }
}

/// A message of either side.
package protocol AgentProtocolMessage: Decodable {
    /// Reads what `packed` of the message wrote.
    init(packed: [UInt8]) throws(ProtocolError)
    /// What cannot be true of it; nil where all may be.
    var complaint: String? { get }
}

/// What the coordinator says.
package enum CoordinatorMessage: Hashable, Sendable, Codable {
    case hello(AgentHello)
    case start(AgentOrder)
    case cancel(AttemptNumber)
    /// Ends an attempt as never started, unless it has begun.
    case revoke(AttemptNumber)
    case acknowledge(AttemptNumber, offset: Int)
    case release(AttemptNumber)
    /// Tell again, as after `hello`, what the host holds: `standing`, then events from the last acknowledged offsets.
    case enquire
    /// A part of what an attempt said; answered by `log`.
    case read(request: Int, LogQuestion)
    /// Chunks of a file follow.
    case upload(transfer: UInt32, digest: Digest, bytes: Int)
    case fetch(transfer: UInt32, digest: Digest)
    case ping(Int)
    /// The last word of a coordinator that ends in order: the host may change over to a copy of the catalogue.
    case leaving
    /// Before `hello`, for the host itself.
    case service(ServiceRequest)
    /// To a relay.
    case relay(RelayRequest)
}

/// What the agent says.
package enum AgentMessage: Hashable, Sendable, Codable {
    /// First, before the coordinator says anything.
    case greeting(AgentGreeting)
    /// The answer to `hello`.
    case welcome(AgentWelcome)
    /// The answer to `enquire`.
    case standing(AgentWelcome)
    case log(request: Int, LogPiece)
    /// The coordinator is not served; the connection ends.
    case denied(AgentRefusal)
    /// An agent of another build gives way to the one that was brought; connect again.
    case retiring
    case accepted(AttemptNumber)
    /// The order needs these files first; send it again after them.
    case lacking(AttemptNumber, [Digest])
    case refused(AttemptNumber, AgentRefusal)
    case running(AttemptNumber)
    case ended(AttemptNumber, AttemptEnd, diagnostics: String)
    /// An upload is verified and durable.
    case stored(transfer: UInt32)
    case notStored(transfer: UInt32, AgentRefusal)
    /// Chunks of a fetched file follow.
    case sending(transfer: UInt32, bytes: Int)
    case notSending(transfer: UInt32, AgentRefusal)
    case pong(Int)
    case served(ServiceAnswer)
    /// A file of the host's store was found damaged, in words.
    case storeDamaged(String)
    /// A GPU gets no attempts any more. Those that failed on it may have been told to have ended.
    case gpuFailed(FailedGPU)
    /// Of a relay.
    case relayed(RelayReport)
}

/// Which program answers, and where.
package struct AgentGreeting: Hashable, Sendable, Codable {
    package var version: Int
    /// Content of the agent's executable.
    package var digest: Digest
    /// machine-id.
    package var machine: String

    package init(version: Int = AgentProtocol.version, digest: Digest, machine: String) {
        self.version = version
        self.digest = digest
        self.machine = machine
    }
}

/// A start of a coordinator on a catalogue.
package struct CoordinatorStart: Hashable, Sendable, Codable {
    package var generation: Int
    package var nonce: String

    package init(generation: Int, nonce: String) {
        self.generation = generation
        self.nonce = nonce
    }
}

/// Who calls, and how attempts are to be run.
package struct AgentHello: Hashable, Sendable, Codable {
    package var version: Int
    /// The agent executable the coordinator brought.
    package var agent: Digest
    /// Lowercase letters, digits and hyphens, at most 64.
    package var catalogue: String
    /// Grows with every start of a coordinator on this catalogue.
    package var generation: Int
    /// Tells two coordinators of one generation apart.
    package var nonce: String
    /// The latest starts before this one that the catalogue remembers: a copy of it remembers others.
    package var earlier: [CoordinatorStart]?
    /// Where it works, and for how many seconds of its silence the host stays with it.
    package var place: CataloguePlace?
    package var lease: Double?
    /// Where store and attempts are; `~` is the account's home.
    package var directory: String
    /// Attempts at a time; nil: processors divided by threads.
    package var slots: Int?
    package var threads: Int
    /// Added to every worker's environment.
    package var environment: [String: String]
    /// GPUs that attempts may have, and how many attempts one may have at a time; nil: attempts are told nothing of GPUs.
    package var gpus: GPUChoice?
    package var jobsPerGPU: Int?
    /// Seconds between two reports of one attempt's progress, at least; nil: each report that its worker makes is told.
    package var progressSeconds: Double?

    package init(
        version: Int = AgentProtocol.version, agent: Digest, catalogue: String, generation: Int, nonce: String,
        earlier: [CoordinatorStart]? = nil, place: CataloguePlace? = nil, lease: Double? = nil, directory: String,
        slots: Int?, threads: Int, environment: [String: String], gpus: GPUChoice? = nil, jobsPerGPU: Int? = nil,
        progressSeconds: Double? = nil
    ) {
        self.version = version
        self.agent = agent
        self.catalogue = catalogue
        self.generation = generation
        self.nonce = nonce
        self.earlier = earlier
        self.place = place
        self.lease = lease
        self.directory = directory
        self.slots = slots
        self.threads = threads
        self.environment = environment
        self.gpus = gpus
        self.jobsPerGPU = jobsPerGPU
        self.progressSeconds = progressSeconds
    }
}

/// What the host is and which attempts it knows of the catalogue.
package struct AgentWelcome: Hashable, Sendable {
    package var facts: HostFacts
    package var held: [HeldAttempt]
    /// Seconds since 1970 by the host's clock; nil: it was not told.
    package var clock: Double?
    /// Whether it knows that orders have turns; nil: it is of before.
    package var knowsTurns: Bool?

    package init(_ facts: HostFacts, held: [HeldAttempt], clock: Double? = nil, knowsTurns: Bool? = nil) {
        self.facts = facts
        self.held = held
        self.clock = clock
        self.knowsTurns = knowsTurns
    }
}

/// On the line the attempts stand beside the facts.
extension AgentWelcome: Codable {
    private enum Key: String, CodingKey { case held, clock, knowsTurns }

    package init(from decoder: any Decoder) throws {
        facts = try HostFacts(from: decoder)
        let container = try decoder.container(keyedBy: Key.self)
        held = try container.decode([HeldAttempt].self, forKey: .held)
        clock = try container.decodeIfPresent(Double.self, forKey: .clock)
        knowsTurns = try container.decodeIfPresent(Bool.self, forKey: .knowsTurns)
    }

    package func encode(to encoder: any Encoder) throws {
        try facts.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(held, forKey: .held)
        try container.encodeIfPresent(clock, forKey: .clock)
        try container.encodeIfPresent(knowsTurns, forKey: .knowsTurns)
    }
}

/// An attempt to start.
package struct AgentOrder: Hashable, Sendable, Codable {
    package var attempt: AttemptNumber
    package var job: JobID
    /// What the worker reads.
    package var text: JobText
    /// What must be in the host's store before the worker starts, beside the uploads.
    package var inputs: [Digest]
    /// Roughly the bytes that the host must have room for.
    package var output: Int
    package var command: [String]
    /// Content to place in the attempt's directory, by plain name.
    package var uploads: [String: Digest]
    /// GPUs that the attempt has to itself, or shares as the host's agent was told; nil: none.
    package var gpus: Int?
    /// The upload that is run in place of the command's program by an attempt that has a GPU: where it needs none it is given
    /// one that is free, and without one it runs the command's. Nil: there is no such program.
    package var onDevice: String?
    /// Of the attempts that wait on a host the one whose turn is smallest begins first; nil: before all that have one.
    package var turn: Double?

    /// Throws `CanonicalJSON.Failure` for numbers that JSON has not.
    /// - Parameters:
    ///   - spec: the canonical JSON of the description's spec, where it is known.
    ///   - weights: bytes of such weights, where the spec does not tell them.
    package init(
        description: JobDescription, spec: [UInt8]? = nil, command: [String], uploads: [String: Digest],
        gpus: Int? = nil, onDevice: String? = nil, weights: Int? = nil, turn: Double? = nil
    ) throws {
        self.init(
            attempt: description.attempt, job: description.job, text: try JobText(description, spec: spec),
            inputs: description.inputs, output: description.expectedOutput(weights: weights), command: command,
            uploads: uploads, gpus: gpus, onDevice: onDevice, turn: turn)
    }

    package init(
        attempt: AttemptNumber, job: JobID, text: JobText, inputs: [Digest], output: Int, command: [String],
        uploads: [String: Digest], gpus: Int? = nil, onDevice: String? = nil, turn: Double? = nil
    ) {
        self.attempt = attempt
        self.job = job
        self.text = text
        self.inputs = inputs
        self.output = output
        self.command = command
        self.uploads = uploads
        self.gpus = gpus
        self.onDevice = onDevice
        self.turn = turn
    }

    package var files: Set<Digest> { Set(inputs).union(uploads.values) }
}

/// Why the agent will not: a kind the coordinator knows, and words for people.
package struct AgentRefusal: Error, Hashable, Sendable, Codable, CustomStringConvertible {
    package enum Kind: String, Hashable, Sendable, Codable {
        case agentFailed = "agent-failed"
        case transferFailed = "transfer-failed"
        case noSpace = "no-space"
        /// The host's directory cannot be made or written to.
        case directory
        case spawnFailed = "spawn-failed"
        case protocolViolation = "protocol-violation"
    }
    package var kind: Kind
    package var message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message.cut(toBytes: OutsideValues.wordsLength)
    }
    package var description: String { message }
}
