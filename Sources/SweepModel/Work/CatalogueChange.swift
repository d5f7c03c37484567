import JobContract

/// An attempt as the catalogue holds it.
package struct AttemptRecord: Hashable, Sendable {
    package var attempt: AttemptNumber
    package var job: JobID
    package var training: TrainingID
    package var kind: AttemptKind
    package var trials: [TrialID]
    package var host: HostName
    package var machine: String
    package var boot: String
    package var cpu: String
    /// The task as it was ordered, by which results are judged; kept until the attempt's end is recorded.
    package var task: JobTask?

    package init(
        attempt: AttemptNumber, job: JobID, training: TrainingID, kind: AttemptKind, trials: [TrialID], host: HostName,
        machine: String, boot: String, cpu: String, task: JobTask? = nil
    ) {
        self.attempt = attempt
        self.job = job
        self.training = training
        self.kind = kind
        self.trials = trials
        self.host = host
        self.machine = machine
        self.boot = boot
        self.cpu = cpu
        self.task = task
    }
}

package enum AttemptOutcome: Hashable, Sendable {
    case succeeded
    /// Stopped on request or by a signal that asked for it; not charged.
    case paused
    case cancelled
    /// The job's doing: counts towards setting it aside.
    case jobFault(String)
    /// The host's doing: the job is not charged.
    case hostFault(String)
    /// Ended by a SIGKILL that Eigensweep did not send, perhaps for its use of memory: the job is tried once more with twice
    /// the memory.
    case killed(String)

    package var name: String {
        switch self {
        case .succeeded: "succeeded"
        case .paused: "paused"
        case .cancelled: "cancelled"
        case .jobFault: "job-fault"
        case .hostFault: "host-fault"
        case .killed: "killed"
        }
    }
    package var reason: String? {
        switch self {
        case .jobFault(let reason), .hostFault(let reason), .killed(let reason): reason
        case .succeeded, .paused, .cancelled: nil
        }
    }
}

/// A durable fact. The changes of one event are one transaction.
package enum CatalogueChange: Hashable, Sendable {
    /// Durable before the host hears of the attempt.
    case attemptIntended(AttemptRecord)
    case attemptStarted(AttemptNumber, WorkerEvent.Started?)
    case attemptEnded(AttemptNumber, AttemptOutcome)
    /// A fault that was charged to the job is the host's after all.
    case attemptExcused(AttemptNumber, reason: String)
    /// The last of what the attempt wrote to standard error.
    case attemptSaid(AttemptNumber, String)
    /// A milestone of a training. The first of a (training, steps) wins; a later one with other bits is kept as
    /// evidence.
    case milestone(TrainingID, TrialID, AttemptNumber, WorkerEvent.Checkpoint)
    /// A recovery point; the newest of a training stands.
    case recoveryPoint(TrainingID, AttemptNumber, ResumePoint, bytes: Int)
    /// A recovery point that is only in the store of the attempt's host; the newest of a training stands.
    case stateKept(TrainingID, AttemptNumber, ResumePoint, bytes: Int)
    /// A measure with all its rows. The first of a (trial, measure, version, parameters) wins; a later one with
    /// other values is kept as evidence.
    case measured(AttemptNumber, WorkerEvent.Measured)
    /// A measure, or a comparison, that could not be taken: only `retry` tries it again. Earlier faults no longer count
    /// against its trial.
    case measureFailed(TrialID, MeasureRequest, reason: String)
    /// What a run has come to with a trial. Failed without a reason: measures of it could not be taken, which the catalogue
    /// knows by `measureFailed`; where a person wants them again meanwhile, the trial waits.
    case trialState(TrialID, TrialState, reason: String?)
    case hostSeen(HostName, HostFacts)
    /// For how long, while a coordinator listened and was awake, the host has said nothing since it was last seen.
    case hostSilent(HostName, seconds: Double)
    /// `Training.cost` that one slot of the host does in a second.
    case hostPace(HostName, Double)
}

/// The one writer of a catalogue, as the coordination loop sees it.
package protocol CatalogueWriter: AnyObject {
    /// Commits all changes in one durable transaction, or none and throws. Applying a change again changes nothing.
    func commit(_ changes: [CatalogueChange]) throws
}
