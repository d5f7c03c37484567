/// One line of a worker's standard output.
///
/// On the wire an object with `"event": name` beside the fields of the payload; a description alone has no name.
package enum WorkerEvent: Hashable, Sendable {
    case started(Started)
    case progress(Progress)
    case checkpoint(Checkpoint)
    case measure(Measured)
    case paused(steps: Int)
    case finished
    case failed(Failed)
    /// What `describe` prints, when it is run in the way of a job to find out whether a host can run the worker.
    case described(WorkerDescription)

    package struct Started: Hashable, Sendable, Codable {
        package var contract: Int
        package var worker: String
        package var numerics: Int
        package var build: String
        package var cpu: String
        package var kernels: String

        package init(contract: Int, worker: String, numerics: Int, build: String, cpu: String, kernels: String) {
            self.contract = contract
            self.worker = worker
            self.numerics = numerics
            self.build = build
            self.cpu = cpu
            self.kernels = kernels
        }
    }

    package struct Progress: Hashable, Sendable, Codable {
        /// Done and wanted, in `unit`s.
        package var done: Int
        package var of: Int
        package var unit: String
        /// Units per second of late.
        package var rate: Double
        package var loss: Double?

        package init(done: Int, of: Int, unit: String, rate: Double, loss: Double? = nil) {
            self.done = done
            self.of = of
            self.unit = unit
            self.rate = rate
            self.loss = loss
        }
    }

    /// A checkpoint written to the working directory. A milestone carries weights and state; a recovery point state only.
    package struct Checkpoint: Hashable, Sendable, Codable {
        package var steps: Int
        package var milestone: Bool
        package var weights: OutputFile?
        package var state: OutputFile?
        /// Parameters trained.
        package var parameters: Int
        /// How the loss went, by ascending steps.
        package var losses: [LossPoint]?
        /// Seconds of training spent by this attempt so far.
        package var seconds: Double

        package init(
            steps: Int, milestone: Bool, weights: OutputFile?, state: OutputFile?, parameters: Int,
            losses: [LossPoint]? = nil, seconds: Double
        ) {
            self.steps = steps
            self.milestone = milestone
            self.weights = weights
            self.state = state
            self.parameters = parameters
            self.losses = losses
            self.seconds = seconds
        }
    }

    /// One measure with all its rows, or why it has none.
    package struct Measured: Hashable, Sendable, Codable {
        package var trial: TrialID
        package var request: MeasureRequest
        package var checkpoint: Digest
        package var rows: [MeasureRow]
        package var artifacts: [Artifact]
        package var seconds: Double
        /// Why it cannot be taken of this checkpoint by anybody; then it has neither rows nor artifacts, and the job goes on
        /// with the next.
        package var failure: String?

        package init(
            trial: TrialID, request: MeasureRequest, checkpoint: Digest, rows: [MeasureRow], artifacts: [Artifact],
            seconds: Double, failure: String? = nil
        ) {
            self.trial = trial
            self.request = request
            self.checkpoint = checkpoint
            self.rows = rows
            self.artifacts = artifacts
            self.seconds = seconds
            self.failure = failure
        }
    }

    package struct Failed: Hashable, Sendable, Codable {
        package enum Kind: String, Hashable, Sendable, Codable {
            /// The training left the finite numbers.
            case diverged
            /// The job itself cannot be done: unknown key, impossible size.
            case unsupported
            /// A file the job names is missing or damaged: the host's fault.
            case missingInput = "missing-input"
            /// The host's disk is full: the host's fault.
            case noSpace = "no-space"
            /// This host cannot do it, another may: the host's fault.
            case unfitHost = "unfit-host"
            case `internal`
        }
        package var kind: Kind
        package var message: String

        package init(kind: Kind, message: String) {
            self.kind = kind
            self.message = message
        }
    }
}

/// A file in the attempt's working directory. `path` is a plain name without separators.
package struct OutputFile: Hashable, Sendable, Codable {
    package var path: String
    package var digest: Digest
    package var bytes: Int

    package init(path: String, digest: Digest, bytes: Int) {
        self.path = path
        self.digest = digest
        self.bytes = bytes
    }
}

/// A file a measure leaves for people: pictures, tables.
package struct Artifact: Hashable, Sendable, Codable {
    package var name: String
    package var mediaType: String
    package var file: OutputFile

    package init(name: String, mediaType: String, file: OutputFile) {
        self.name = name
        self.mediaType = mediaType
        self.file = file
    }
}

/// One number of a measure. `value` nil stands for NaN or undefined.
package struct MeasureRow: Hashable, Sendable, Codable {
    package var quantity: String
    /// Noise level in units of pixels in [−1, 1]; nil where the quantity has none.
    package var sigma: Double?
    /// Which sample, eigenvalue, bin or step; nil where there is one value.
    package var position: Int?
    package var value: Double?
    package var n: Int?
    package var stderr: Double?

    package init(
        quantity: String, sigma: Double? = nil, position: Int? = nil, value: Double?, n: Int? = nil,
        stderr: Double? = nil
    ) {
        self.quantity = quantity
        self.sigma = sigma
        self.position = position
        self.value = value
        self.n = n
        self.stderr = stderr
    }
}

extension WorkerEvent {
    /// The files the event names, which must reach the catalogue's store before it is recorded.
    package var files: [OutputFile] {
        switch self {
        case .checkpoint(let event): [event.weights, event.state].compactMap { $0 }
        case .measure(let event): event.artifacts.map(\.file)
        case .started, .progress, .paused, .finished, .failed, .described: []
        }
    }

    /// Whether the event must be recorded: such events are spooled, forwarded and acknowledged; progress is not kept.
    package var isDurable: Bool {
        if case .progress = self { false } else { true }
    }
}

extension WorkerEvent.Progress {
    /// What counts may reach and still be whole in a double.
    private static let largest = 1 << 53

    /// Throws for numbers that no work has, so that whoever computes with them need not fear them.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        done = try container.decode(Int.self, forKey: .done)
        of = try container.decode(Int.self, forKey: .of)
        unit = try container.decode(String.self, forKey: .unit)
        rate = try container.decode(Double.self, forKey: .rate)
        loss = try container.decodeIfPresent(Double.self, forKey: .loss)
        func check(_ holds: Bool, _ key: CodingKeys, _ wanted: String) throws {
            if holds { return }
            throw DecodingError.dataCorruptedError(
                forKey: key, in: container,
                debugDescription: "\"\(key.stringValue)\" of a progress event must be \(wanted)")
        }
        try check((0...Self.largest).contains(done), .done, "a count of at most 2^53")
        try check((0...Self.largest).contains(of), .of, "a count of at most 2^53")
        try check(unit.utf8.count <= 64, .unit, "at most 64 bytes long")
        try check((0...Double(Self.largest)).contains(rate), .rate, "a number from 0 to 2^53")
        try check(loss?.isFinite ?? true, .loss, "a finite number")
    }
}

extension WorkerEvent: Codable {
    private enum Key: String, CodingKey { case event, steps }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        if !container.contains(.event), let description = try? WorkerDescription(from: decoder) {
            self = .described(description)
            return
        }
        let name = try container.decode(String.self, forKey: .event)
        switch name {
        case "started": self = .started(try Started(from: decoder))
        case "progress": self = .progress(try Progress(from: decoder))
        case "checkpoint": self = .checkpoint(try Checkpoint(from: decoder))
        case "measure": self = .measure(try Measured(from: decoder))
        case "paused": self = .paused(steps: try container.decode(Int.self, forKey: .steps))
        case "finished": self = .finished
        case "failed": self = .failed(try Failed(from: decoder))
        default:
            throw DecodingError.dataCorruptedError(
                forKey: .event, in: container,
                debugDescription:
                    "unknown event \"\(name.prefix(40))\"; expected one of the job contract, version \(ContractVersion.inWords)"
            )
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .started(let payload):
            try container.encode("started", forKey: .event)
            try payload.encode(to: encoder)
        case .progress(let payload):
            try container.encode("progress", forKey: .event)
            try payload.encode(to: encoder)
        case .checkpoint(let payload):
            try container.encode("checkpoint", forKey: .event)
            try payload.encode(to: encoder)
        case .measure(let payload):
            try container.encode("measure", forKey: .event)
            try payload.encode(to: encoder)
        case .paused(let steps):
            try container.encode("paused", forKey: .event)
            try container.encode(steps, forKey: .steps)
        case .finished:
            try container.encode("finished", forKey: .event)
        case .failed(let payload):
            try container.encode("failed", forKey: .event)
            try payload.encode(to: encoder)
        case .described(let description): try description.encode(to: encoder)
        }
    }
}
