import JobContract

/// What the catalogue already holds of a set of trainings.
package struct Holdings: Sendable, Equatable {
    package struct Checkpoint: Hashable, Sendable {
        package var steps: Int
        package var weights: Digest
        /// The attempt whose result it is; nil where that attempt was of another catalogue.
        package var attempt: AttemptNumber?
        package init(steps: Int, weights: Digest, attempt: AttemptNumber? = nil) {
            self.steps = steps
            self.weights = weights
            self.attempt = attempt
        }
    }
    /// A full state in the store of one host.
    package struct KeptState: Hashable, Sendable {
        package var point: ResumePoint
        package var host: HostName
        package init(point: ResumePoint, host: HostName) {
            self.point = point
            self.host = host
        }
    }
    /// A recording unit: one measure of one trial.
    package struct MeasuredUnit: Hashable, Sendable {
        package var trial: TrialID
        package var request: MeasureRequest
        package init(trial: TrialID, request: MeasureRequest) {
            self.trial = trial
            self.request = request
        }
    }

    /// Recording units by request: a million trials have few different requests.
    package struct MeasuredUnits: Sendable, Equatable, ExpressibleByArrayLiteral {
        private var trials: [MeasureRequest: Set<TrialID>] = [:]

        package init() {}
        package init(arrayLiteral units: MeasuredUnit...) { for unit in units { insert(unit) } }

        package mutating func insert(_ unit: MeasuredUnit) { trials[unit.request, default: []].insert(unit.trial) }
        package mutating func remove(_ unit: MeasuredUnit) { trials[unit.request]?.remove(unit.trial) }
        package mutating func insert(_ added: Set<TrialID>, with request: MeasureRequest) {
            if !added.isEmpty { trials[request, default: []].formUnion(added) }
        }

        /// The trials of which this measure is recorded.
        package func trials(with request: MeasureRequest) -> Set<TrialID> { trials[request] ?? [] }
    }

    /// A trial that an open attempt was to serve.
    package struct OpenTrial: Hashable, Sendable {
        package var steps: Int
        /// Weights of its milestone; nil while it is not recorded.
        package var weights: Digest?
        /// Whether the current revision of some sweep wants it and it has neither failed nor been cancelled.
        package var isWanted: Bool
        package init(steps: Int, weights: Digest? = nil, isWanted: Bool) {
            self.steps = steps
            self.weights = weights
            self.isWanted = isWanted
        }
    }

    /// An attempt that did not end well, as far as that still counts.
    package struct Fault: Hashable, Sendable {
        package var attempt: AttemptNumber
        package var job: JobID
        package var kind: AttemptKind
        /// The attempt's trials that still wait and were not forgiven since.
        package var trials: [TrialID]
        package var host: HostName
        package var outcome: AttemptOutcome
        package init(
            attempt: AttemptNumber, job: JobID, kind: AttemptKind, trials: [TrialID], host: HostName,
            outcome: AttemptOutcome
        ) {
            self.attempt = attempt
            self.job = job
            self.kind = kind
            self.trials = trials
            self.host = host
            self.outcome = outcome
        }
    }

    /// A host as it was last seen.
    package struct KnownHost: Hashable, Sendable {
        package var facts: HostFacts
        /// Seconds for which a coordinator listened and the host said nothing since it was last seen.
        package var silentSeconds: Double
        /// `Training.cost` that one slot does in a second; nil while no training was seen there.
        package var pace: Double?
        package init(facts: HostFacts, silentSeconds: Double = 0, pace: Double? = nil) {
            self.facts = facts
            self.silentSeconds = silentSeconds
            self.pace = pace
        }
    }

    /// Recorded milestones by training.
    package var milestones: [TrainingID: [Checkpoint]] = [:]
    /// The longest full state in the store, milestone or recovery point, by training.
    package var states: [TrainingID: ResumePoint] = [:]
    /// States in the store that are shorter than that in `states`, by training; few have any.
    package var shorterStates: [TrainingID: [ResumePoint]] = [:]
    /// States longer than those in `states` that only a host has, by training.
    package var keptStates: [TrainingID: KeptState] = [:]
    package var measured = MeasuredUnits()
    /// Files of recorded measures of trials that still wait or run, less those in whose place a later measure left others:
    /// to measure again would not bring them back.
    package var artifacts: [MeasuredUnit: [Digest]] = [:]
    /// Measures and comparisons that could not be taken, with the reason: only `retry` tries them again.
    package var failedMeasures: [MeasuredUnit: String] = [:]
    /// Trials that `launch` and `resume` leave alone: cancelled, or failed by more than measures.
    package var settled: [TrialID: TrialState] = [:]
    /// Trials whose milestone is recorded and is to be trained again, for the file of its weights is lost: by trial, the
    /// weights that it must give again.
    package var lost: [TrialID: Digest] = [:]
    /// Recorded measures that are to be taken again, for files of theirs are lost.
    package var lostMeasures: Set<MeasuredUnit> = []
    /// Trials that a sweep, by its name, wants no more: cancelled for it, whatever other sweeps want of them.
    package var takenBack: [String: Set<TrialID>] = [:]
    /// Trials whose recorded state is "succeeded".
    package var succeeded: Set<TrialID> = []
    /// Attempts whose intent is durable and whose end is not recorded; of all sweeps.
    package var openAttempts: [AttemptRecord] = []
    /// Every trial of `openAttempts`.
    package var openTrials: [TrialID: OpenTrial] = [:]
    /// The attempts among `openAttempts` whose worker said that it started.
    package var startedAttempts: Set<AttemptNumber> = []
    /// Attempts that count against their jobs, by number, of all sweeps. A host's fault counts until the training
    /// gets further.
    package var faults: [Fault] = []
    package var hosts: [HostName: KnownHost] = [:]
    /// Seconds that a measure took of late, by its name.
    package var measureSeconds: [String: Double] = [:]

    package init() {}
}
