import JobContract
import SweepModel

/// Results that were made elsewhere: of another catalogue of the same sweep, or of a network that is adopted.
struct ForeignResults {
    struct Attempt {
        var record: AttemptRecord
        var results: [CatalogueChange]
        /// The checkpoints that the attempt compared with.
        var compared: [TrialID: Digest] = [:]
    }

    /// Its place among all results of elsewhere, from 1 on; 0 for an adoption.
    let number: Int
    let isAdoption: Bool
    /// Whether its files come too.
    let bringsFiles: Bool
    /// Its attempts in their order, numbered from 1 on; those that come later have later numbers.
    private(set) var attempts: [Attempt] = []

    /// The results of a person who ran a part of the sweep on other hosts.
    init(_ number: Int, of scenario: Scenario, share: Double, kind: Int, bringsFiles: Bool, in world: World) {
        self.number = number
        self.bringsFiles = bringsFiles
        isAdoption = false
        let bits = Bits(kind: kind)
        var weights: [TrialID: Digest] = [:]
        for training in scenario.sweep.trainings.keys.sorted() where !scenario.broken.contains(training) {
            let trials = scenario.sweep.trials
                .filter { $0.training == training && $0.id != scenario.adopted && world.random.chance(share) }
                .sorted { $0.steps < $1.steps }
            add(.train, training, trials.map(\.id)) { attempt in
                trials.map { trial in
                    let checkpoint = Self.checkpoint(trial, bits, world)
                    weights[trial.id] = checkpoint.weights?.digest
                    return .milestone(training, trial.id, attempt, checkpoint)
                }
            }
        }
        for trial in scenario.sweep.trials {
            guard let checkpoint = weights[trial.id] else { continue }
            var requests = scenario.sweep.measures.map { [$0] }
            requests += scenario.sweep.comparisons.filter { $0.trial == trial.id }.map { [$0.request] }
            for request in requests.joined() where world.random.chance(0.7) {
                let others = request.others.compactMap { weights[$0] }
                guard others.count == request.others.count, scenario.unmeasurable[.measure(trial.id, request)] == nil
                else { continue }
                let trainings = ([trial.id] + request.others).compactMap { id in
                    scenario.sweep.trials.first { $0.id == id }.flatMap { scenario.sweep.trainings[$0.training]?.spec }
                }
                let rows = SimulatedResults.rows(
                    checkpoint, others, request, bits, images: trainings.flatMap(SimulatedResults.images))
                let files =
                    scenario.leavesFiles ? SimulatedResults.files(checkpoint, others, request, bits) : [:]
                let members = [trial.id] + request.others
                add(request.isComparison ? .compare : .measure, trial.training, members, compared: weights) {
                    [
                        .measured(
                            $0,
                            .init(
                                trial: trial.id, request: request, checkpoint: checkpoint, rows: rows,
                                artifacts: SimulatedResults.artifacts(files), seconds: 15))
                    ]
                }
            }
        }
    }

    /// The results of a network that somebody trained elsewhere, as `adopt` records it.
    init(adopting trial: Trial, in world: World) {
        number = 0
        isAdoption = true
        bringsFiles = true
        let checkpoint = Self.checkpoint(trial, Bits(), world)
        add(.adopt, trial.training, [trial.id]) {
            [.milestone(trial.training, trial.id, $0, checkpoint), .trialState(trial.id, .succeeded, reason: nil)]
        }
    }

    private mutating func add(
        _ kind: AttemptKind, _ training: TrainingID, _ trials: [TrialID], compared: [TrialID: Digest] = [:],
        _ results: (AttemptNumber) -> [CatalogueChange]
    ) {
        guard !trials.isEmpty else { return }
        let attempt = AttemptNumber(100 * max(0, number - 1) + attempts.count + 1)
        let record = AttemptRecord(
            attempt: attempt, job: JobID(Digest(of: "of \(number), \(attempt)".utf8)), training: training, kind: kind,
            trials: trials, host: "elsewhere", machine: "", boot: "", cpu: "")
        attempts.append(Attempt(record: record, results: results(attempt), compared: compared))
    }

    private static func checkpoint(_ trial: Trial, _ bits: Bits, _ world: World) -> WorkerEvent.Checkpoint {
        let weights = SimulatedResults.weights(trial.training, trial.steps, bits)
        let state = SimulatedResults.state(trial.training, trial.steps, bits)
        if !bits.isUsual { for file in [weights, state] { world.unusual[file] = bits } }
        return .init(
            steps: trial.steps, milestone: true, weights: SimulatedResults.file(weights),
            state: SimulatedResults.file(state), parameters: SimulatedResults.parameters(trial.training),
            losses: SimulatedResults.losses(trial.training, trial.steps, bits), seconds: 1)
    }

    /// Its files, each with the training that left it.
    var files: [(digest: Digest, training: TrainingID)] {
        attempts.flatMap { attempt in
            attempt.results.flatMap { change -> [OutputFile] in
                switch change {
                case .milestone(_, _, _, let checkpoint): WorkerEvent.checkpoint(checkpoint).files
                case .measured(_, let measured): WorkerEvent.measure(measured).files
                default: []
                }
            }.map { ($0.digest, attempt.record.training) }
        }
    }

    /// The changes that record an attempt under the number that it gets here.
    func changes(of attempt: Attempt, as number: AttemptNumber) -> [CatalogueChange] {
        var record = attempt.record
        record.attempt = number
        let results = attempt.results.map { change -> CatalogueChange in
            switch change {
            case .milestone(let training, let trial, _, let checkpoint):
                .milestone(training, trial, number, checkpoint)
            case .measured(_, let measured): .measured(number, measured)
            default: change
            }
        }
        return [.attemptIntended(record), .attemptStarted(number, nil)] + results + [.attemptEnded(number, .succeeded)]
    }
}
