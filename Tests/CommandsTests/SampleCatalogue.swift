import JobContract
import ResultCatalogue
import SweepModel

/// A small catalogue with something of everything that commands show: two sizes in two seeds on two hosts, where one trial
/// failed and one waits.
enum SampleCatalogue {
    private static let request = MeasureRequest(measure: "memorization", version: 2, parameters: ["samples": 256])

    static func write(to path: String) throws {
        let catalogue = try Catalogue(path: path)
        let sweep = try sweep()
        try catalogue.store(sweep)
        for (index, trial) in sweep.trials.enumerated() {
            switch index {
            case 0...2: try succeed(trial, index, in: catalogue)
            case 3: try fail(trial, index, in: catalogue)
            default: break
            }
        }
    }

    /// Adds a sweep over lengths and two seeds, of which nothing was computed.
    static func addLengths(_ lengths: [Int], to path: String) throws {
        var sweep = try sweep()
        let trainings = sweep.trials.prefix(2).map(\.training)
        sweep.name = "lengths"
        sweep.trainings = sweep.trainings.filter { trainings.contains($0.key) }
        sweep.datasets = sweep.datasets.filter { trainings.contains($0.key) }
        sweep.trials = []
        for (seed, training) in trainings.enumerated() {
            for steps in lengths {
                sweep.trials.append(
                    Trial(
                        id: try TrialID(training: training, steps: steps), training: training, steps: steps,
                        position: sweep.trials.count,
                        asked: ["training.steps": .integer(Int64(steps)), "seed": .integer(Int64(seed))]))
            }
        }
        try Catalogue(path: path).store(sweep)
    }

    private static func sweep() throws -> ExpandedSweep {
        var sweep = ExpandedSweep(
            name: "small", about: "How many images are copied?", text: "name: small\n", overrides: [], trials: [],
            trainings: [:], datasets: [:], measures: [request], needs: JobNeeds(), worker: WorkerCommand())
        for (size, seed) in [(16, 0), (16, 1), (256, 0), (256, 1), (4096, 0)] {
            let spec: [String: JSONValue] = [
                "dataset.generator": "geometric", "dataset.generator_version": 1, "dataset.resolution": 8,
                "dataset.size": .integer(Int64(size)), "model.architecture": "linear", "training.batch": 8,
                "seed": .integer(Int64(seed)), "worker.name": "eigensweep-worker", "worker.numerics": 1,
            ]
            let training = Training(id: try TrainingID(spec: spec), spec: spec)
            sweep.trainings[training.id] = training
            sweep.datasets[training.id] = DatasetRequest(
                source: "geometric", resolution: 8, channels: 1, parameters: ["count": 8192])
            sweep.trials.append(
                Trial(
                    id: try TrialID(training: training.id, steps: 100), training: training.id, steps: 100,
                    position: sweep.trials.count,
                    asked: ["dataset.size": .integer(Int64(size)), "seed": .integer(Int64(seed))]))
        }
        return sweep
    }

    private static func beginning(_ trial: Trial, _ index: Int) -> [CatalogueChange] {
        let number = AttemptNumber(index + 1)
        return [
            .attemptIntended(
                AttemptRecord(
                    attempt: number, job: JobID(Digest(of: "job \(index)".utf8)), training: trial.training,
                    kind: .train, trials: [trial.id], host: index % 2 == 0 ? "near" : "far", machine: "m",
                    boot: "b", cpu: "a CPU")),
            .attemptStarted(
                number,
                .init(
                    contract: ContractVersion.current, worker: "eigensweep-worker", numerics: 1, build: "b",
                    cpu: "a CPU", kernels: "scalar")),
        ]
    }

    private static func succeed(_ trial: Trial, _ index: Int, in catalogue: Catalogue) throws {
        let number = AttemptNumber(index + 1)
        let weights = OutputFile(path: "weights", digest: Digest(of: "weights \(index)".utf8), bytes: 4096)
        // 200 and 192 of 256 samples are copies with 16 images, 5 with 256.
        let copied = [200, 192, 5][index]
        let share = Double(copied) / 256
        try catalogue.commit(
            beginning(trial, index) + [
                .milestone(
                    trial.training, trial.id, number,
                    WorkerEvent.Checkpoint(
                        steps: trial.steps, milestone: true, weights: weights, state: nil, parameters: 1040,
                        losses: [LossPoint(steps: 1, mean: 2), LossPoint(steps: 100, mean: 0.5)], seconds: 2)),
                .measured(
                    number,
                    WorkerEvent.Measured(
                        trial: trial.id, request: request, checkpoint: weights.digest,
                        rows: [
                            MeasureRow(
                                quantity: "copied", value: share, n: 256,
                                stderr: (share * (1 - share) / 256).squareRoot()),
                            MeasureRow(quantity: "gl_score", value: 0.25 + share / 2, n: 256, stderr: 0.0125),
                        ], artifacts: [], seconds: 1)),
                .trialState(trial.id, .succeeded, reason: nil), .attemptEnded(number, .succeeded),
            ])
    }

    private static func fail(_ trial: Trial, _ index: Int, in catalogue: Catalogue) throws {
        let reason = "diverged: the loss is not finite after 40 steps"
        try catalogue.commit(
            beginning(trial, index) + [
                .trialState(trial.id, .failed, reason: reason),
                .attemptEnded(AttemptNumber(index + 1), .jobFault(reason)),
                .attemptSaid(AttemptNumber(index + 1), "worker: the loss is not finite\n"),
            ])
    }
}
