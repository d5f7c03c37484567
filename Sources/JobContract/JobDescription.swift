/// The version of the job contract.
package enum ContractVersion {
    package static let current = 2
    /// Those of which workers may be: each gets its jobs in the version that it describes.
    package static let spoken = 1...current

    /// As sentences name the versions.
    package static let inWords = spoken.map(String.init).joined(separator: " or ")
}

/// What a worker reads on standard input: one job, complete.
///
/// Files are named by digest and found at `store/<first two digits>/<digest>`.
package struct JobDescription: Hashable, Sendable, Codable {
    package var contract: Int
    package var job: JobID
    package var attempt: AttemptNumber
    /// Directory of the host's content store; written by the agent, empty on the way there.
    package var store: String
    package var threads: Int
    package var training: TrainingID
    /// Every result-relevant key and its value, without the length.
    package var spec: [String: JSONValue]
    /// The prepared dataset file.
    package var dataset: Digest
    package var task: JobTask
    /// The trainings of a comparison's others, in the order of `MeasureTask.others`; nil for every other task.
    package var otherTrainings: [OtherTraining]?
    /// The worker whose network the checkpoint is; nil: the one that does the job.
    package var denoiser: DenoiserCommand?

    private enum CodingKeys: String, CodingKey {
        case contract, job, attempt, store, threads, training, spec, dataset, task, denoiser
        case otherTrainings = "companions"
    }

    /// The training of one of a comparison's others.
    package struct OtherTraining: Hashable, Sendable, Codable {
        package var training: TrainingID
        /// As the job's own.
        package var spec: [String: JSONValue]
        package var dataset: Digest
        package var denoiser: DenoiserCommand?

        package init(
            training: TrainingID, spec: [String: JSONValue], dataset: Digest, denoiser: DenoiserCommand? = nil
        ) {
            self.training = training
            self.spec = spec
            self.dataset = dataset
            self.denoiser = denoiser
        }
    }

    package init(
        contract: Int = ContractVersion.current, job: JobID, attempt: AttemptNumber, store: String = "",
        threads: Int = 1, training: TrainingID, spec: [String: JSONValue], dataset: Digest, task: JobTask,
        otherTrainings: [OtherTraining]? = nil, denoiser: DenoiserCommand? = nil
    ) {
        self.contract = contract
        self.job = job
        self.attempt = attempt
        self.store = store
        self.threads = threads
        self.training = training
        self.spec = spec
        self.dataset = dataset
        self.task = task
        self.otherTrainings = otherTrainings
        self.denoiser = denoiser
    }

    /// The files that must be in the host's store before the worker starts.
    package var inputs: [Digest] {
        switch task {
        case .train(let task): [dataset] + (task.resume.map { [$0.state] } ?? [])
        case .measure(let task):
            ([dataset, task.checkpoint] + (task.others ?? []).map(\.checkpoint) + (otherTrainings ?? []).map(\.dataset))
                .reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        }
    }

    /// The path of a stored file on the host.
    package func path(of digest: Digest) -> String { "\(store)/\(digest.hex.prefix(2))/\(digest.hex)" }
}

/// A worker that serves its networks by `denoise`.
package struct DenoiserCommand: Hashable, Sendable, Codable {
    /// The argument vector in the attempt's directory, without the subcommand.
    package var command: [String]
    /// Whether it has products with the Jacobian.
    package var derivative: Bool

    package init(command: [String], derivative: Bool) {
        self.command = command
        self.derivative = derivative
    }
}

/// What is to be done. It travels as an object with one key, its kind.
package enum JobTask: Hashable, Sendable {
    case train(TrainTask)
    case measure(MeasureTask)

    /// What jobs are, as the contract names them: comparisons are measures to a worker.
    package enum Kind: String, CaseIterable, CodingKey { case train, measure }
}

extension JobTask: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Kind.self)
        if container.contains(.train) {
            self = .train(try container.decode(TrainTask.self, forKey: .train))
        } else if container.contains(.measure) {
            self = .measure(try container.decode(MeasureTask.self, forKey: .measure))
        } else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "the task is neither train nor measure"))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Kind.self)
        switch self {
        case .train(let task): try container.encode(task, forKey: .train)
        case .measure(let task): try container.encode(task, forKey: .measure)
        }
    }
}

/// Train to the last milestone, leaving a checkpoint at each.
package struct TrainTask: Hashable, Sendable, Codable {
    /// Lengths in optimiser steps, ascending, all beyond `resume`.
    package var milestones: [Int]
    package var resume: ResumePoint?
    /// Seconds between recovery checkpoints.
    package var checkpointSeconds: Double
    /// What only the training can measure, of its own state at milestones (`MeasureRequest.isOfTraining`); nil: nothing.
    package var measures: [AtMilestone]?

    package init(
        milestones: [Int], resume: ResumePoint? = nil, checkpointSeconds: Double = 300, measures: [AtMilestone]? = nil
    ) {
        self.milestones = milestones
        self.resume = resume
        self.checkpointSeconds = checkpointSeconds
        self.measures = measures
    }

    /// The measures of the trial that ends at one of the milestones.
    package struct AtMilestone: Hashable, Sendable, Codable {
        package var steps: Int
        package var trial: TrialID
        package var measures: [MeasureRequest]

        package init(steps: Int, trial: TrialID, measures: [MeasureRequest]) {
            self.steps = steps
            self.trial = trial
            self.measures = measures
        }
    }
}

/// A full training state to continue from.
package struct ResumePoint: Hashable, Sendable, Codable {
    package var steps: Int
    package var state: Digest

    package init(steps: Int, state: Digest) {
        self.steps = steps
        self.state = state
    }
}

/// Measure one checkpoint, or one beside others.
package struct MeasureTask: Hashable, Sendable, Codable {
    package var trial: TrialID
    package var steps: Int
    /// The averaged (EMA) weights.
    package var checkpoint: Digest
    package var measures: [MeasureRequest]
    /// The trials that this one is compared with, as the measures name them; nil for measures of one trial.
    package var others: [Other]?

    package struct Other: Hashable, Sendable, Codable {
        package var trial: TrialID
        package var training: TrainingID
        package var steps: Int
        package var checkpoint: Digest

        package init(trial: TrialID, training: TrainingID, steps: Int, checkpoint: Digest) {
            self.trial = trial
            self.training = training
            self.steps = steps
            self.checkpoint = checkpoint
        }
    }

    package init(
        trial: TrialID, steps: Int, checkpoint: Digest, measures: [MeasureRequest], others: [Other]? = nil
    ) {
        self.trial = trial
        self.steps = steps
        self.checkpoint = checkpoint
        self.measures = measures
        self.others = others
    }
}

/// A measure with every parameter resolved: with a trial it names one recording unit.
package struct MeasureRequest: Hashable, Sendable, Codable {
    package var measure: String
    package var version: Int
    package var parameters: [String: JSONValue]

    package init(measure: String, version: Int, parameters: [String: JSONValue]) {
        self.measure = measure
        self.version = version
        self.parameters = parameters
    }

    /// The parameter that names the others of a comparison. A measure that has it is a comparison; it is recorded once, of
    /// the smallest of its members.
    package static let othersParameter = "with"

    /// The parameter by which a comparison takes all trials that belong together at once, where it is true, and every two
    /// of them otherwise.
    package static let together = "together"

    package var isComparison: Bool { parameters[Self.othersParameter] != nil }

    /// The parameter by which a measure is of other weights than those of checkpoints, where it is `raw`: of those that are
    /// not averaged, which only the training has. It is taken there, when the milestone is reached; nobody can take it later.
    package static let weightsParameter = "weights"

    package var isOfTraining: Bool { parameters[Self.weightsParameter] == "raw" }

    /// The others: the trials that it compares its trial with, ascending; none for a measure of one trial.
    package var others: [TrialID] {
        (parameters[Self.othersParameter]?.arrayValue ?? []).compactMap { $0.stringValue.flatMap(TrialID.init(hex:)) }
    }

    /// All that it is asked for with, but what it compares its trial with.
    package var ownParameters: [String: JSONValue] { parameters.filter { $0.key != Self.othersParameter } }

    /// This comparison with `others`.
    package func comparing(with others: some Sequence<TrialID>) -> MeasureRequest {
        var request = self
        request.parameters[Self.othersParameter] = .array(others.sorted().map { .string($0.hex) })
        return request
    }
}

/// What `describe` prints. A mismatch is refused before a slot is leased.
package struct WorkerDescription: Hashable, Sendable, Codable {
    package var contract: Int
    package var name: String
    /// Rises when any stored result's bits change.
    package var numerics: Int
    package var deterministic: Bool
    package var jobKinds: [String]
    package var architectures: [String]
    /// Measures with their version and the default of every parameter.
    package var measures: [MeasureRequest]
    /// Those of `measures` that draw samples from noise: no network trained at one noise level has them.
    package var sampling: [String]?
    /// What the quantities of `measures` are, by measure.
    package var quantities: [String: [QuantityDeclaration]]?
    /// What the parameters of `measures` may be, by measure.
    package var parameters: [String: [ParameterDeclaration]]?
    /// What `measures` need of trials, by measure.
    package var rules: [String: [MeasureRule]]?
    /// The noise levels that networks are for, by `training.preconditioning`.
    package var levels: [String: LevelRange]?
    /// Keys of the worker's own; nil: none.
    package var keys: [KeyDeclaration]?
    /// Those of Eigensweep's keys that the worker honours beside the ones that all do; nil: all.
    package var reads: [String]?
    /// The images that it takes; nil: those that eigensweep-worker does.
    package var images: ImageDeclaration?
    /// GPUs that every job of the worker needs; nil: none.
    package var gpus: Int?
    /// How it serves its networks by the command `denoise`; nil: it has none.
    package var denoise: DenoiseOffer?
    /// Of a worker whose networks compute on a device; nil: it is none.
    package var device: DeviceUse?
    package var build: String
    package var cpu: String
    package var kernels: String
    /// Digest of a fixed mini-training and eigendecomposition: equal on every host whose results may be mixed.
    package var check: String

    package init(
        contract: Int, name: String, numerics: Int, deterministic: Bool, jobKinds: [String], architectures: [String],
        measures: [MeasureRequest], sampling: [String]? = nil, quantities: [String: [QuantityDeclaration]]? = nil,
        parameters: [String: [ParameterDeclaration]]? = nil, rules: [String: [MeasureRule]]? = nil,
        levels: [String: LevelRange]? = nil, keys: [KeyDeclaration]? = nil, reads: [String]? = nil,
        images: ImageDeclaration? = nil, gpus: Int? = nil, denoise: DenoiseOffer? = nil, device: DeviceUse? = nil,
        build: String, cpu: String, kernels: String, check: String
    ) {
        self.contract = contract
        self.name = name
        self.numerics = numerics
        self.deterministic = deterministic
        self.jobKinds = jobKinds
        self.architectures = architectures
        self.measures = measures
        self.sampling = sampling
        self.quantities = quantities
        self.parameters = parameters
        self.rules = rules
        self.levels = levels
        self.keys = keys
        self.reads = reads
        self.images = images
        self.gpus = gpus
        self.denoise = denoise
        self.device = device
        self.build = build
        self.cpu = cpu
        self.kernels = kernels
        self.check = check
    }
}

/// Whether a worker that is for devices has one.
package struct DeviceUse: Hashable, Sendable, Codable {
    /// What the driver calls it, with the driver's version; nil: the worker computes on the CPU.
    package var name: String?
    /// Why it computes on the CPU, or beside a name, why not by the driver that goes before; in a sentence.
    package var problem: String?

    package init(name: String, problem: String? = nil) { (self.name, self.problem) = (name, problem) }
    package init(problem: String) { self.problem = problem }
}

/// What a worker's `denoise` offers.
package struct DenoiseOffer: Hashable, Sendable, Codable {
    /// Whether it has products with the Jacobian.
    package var derivative: Bool

    package init(derivative: Bool) { self.derivative = derivative }
}
