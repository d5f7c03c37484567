import Foundation
import JobContract
import SweepModel

@testable import ResultCatalogue

/// Two small catalogues as bytes: a colleague's with every kind of row, and ours with one sweep of its own.
enum CatalogueSample {
    static let theirs = made { try fill($0, name: "both", size: 16, isWhole: true) }
    static let ours = made { try fill($0, name: "mine", size: 64, isWhole: false) }

    /// Seeds that change nothing, a name, a reference, a number, a text, and several at once.
    static let seeds: [[UInt8]] =
        [[]]
        + (0..<UInt8(CatalogueChanges.tables.count)).map { table in
            [table, 0, 1, 1, table, table, 1, 2, 0, 5, table, 0, 3, 7, 2]
        }

    private static func made(_ fill: (Catalogue) throws -> Void) -> Data {
        let folder = "/dev/shm/eigensweep-sample-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        do {
            do { try fill(try Catalogue(path: folder + "/catalogue.sqlite")) }
            return try Data(contentsOf: URL(fileURLWithPath: folder + "/catalogue.sqlite"))
        } catch { fatalError("the sample cannot be made: \(error)") }
    }

    private static let pair = MeasureRequest(measure: "agreement", version: 1, parameters: ["samples": 8])

    private static func fill(_ catalogue: Catalogue, name: String, size: Int, isWhole: Bool) throws {
        var sweep = ExpandedSweep(
            name: name, about: "a sample", text: "name: \(name)", overrides: ["seed=0"], trials: [], trainings: [:],
            datasets: [:], measures: [Samples.request], needs: JobNeeds(memory: 1 << 30, tags: ["avx512"]),
            worker: WorkerCommand())
        for seed in 0..<2 {
            let spec: [String: JSONValue] = [
                "dataset.generator": "geometric", "dataset.generator_version": 1, "dataset.alpha": 3,
                "dataset.count": 64,
                "dataset.resolution": 8, "dataset.size": .integer(Int64(size)), "model.architecture": "linear",
                "model.scale": 1,
                "training.batch": 8, "seed": .integer(Int64(seed)), "worker.name": "eigensweep-worker",
                "worker.numerics": 1,
            ]
            let training = Training(id: try TrainingID(spec: spec), spec: spec)
            sweep.trainings[training.id] = training
            sweep.datasets[training.id] = DatasetRequest(
                source: "geometric", resolution: 8, channels: 1, parameters: ["alpha": 3, "count": 64])
            sweep.trials.append(
                Trial(
                    id: try TrialID(training: training.id, steps: 10), training: training.id, steps: 10, position: seed,
                    asked: ["seed": .integer(Int64(seed))]))
        }
        let trials = sweep.trials.map(\.id).sorted()
        sweep.comparisons = [Comparison(trial: trials[0], request: pair.comparing(with: [trials[1]]))]
        try catalogue.store(sweep)
        for (index, trial) in sweep.trials.enumerated() where isWhole || index == 0 {
            try record(
                trial, AttemptNumber(index + 1), comparing: trial.id == trials[0] ? sweep.comparisons : [],
                in: catalogue)
        }
    }

    private static func record(
        _ trial: Trial, _ attempt: AttemptNumber, comparing comparisons: [Comparison], in catalogue: Catalogue
    ) throws {
        func measured(_ request: MeasureRequest) -> CatalogueChange {
            .measured(
                attempt,
                WorkerEvent.Measured(
                    trial: trial.id, request: request, checkpoint: Samples.digest,
                    rows: [
                        MeasureRow(quantity: "gl_score", value: 0.5, n: 256, stderr: 0.01),
                        MeasureRow(quantity: "copied", sigma: 0.5, position: 1, value: 0.25, n: 256),
                    ],
                    artifacts: [
                        Artifact(
                            name: "neighbours.png", mediaType: "image/png",
                            file: OutputFile(path: "neighbours.png", digest: Samples.digest, bytes: 4))
                    ], seconds: 1))
        }
        try catalogue.commit(
            [
                .attemptIntended(
                    AttemptRecord(
                        attempt: attempt, job: Samples.job, training: trial.training, kind: .train, trials: [trial.id],
                        host: "far",
                        machine: "m", boot: "b", cpu: "c")),
                .attemptStarted(
                    attempt,
                    .init(contract: 1, worker: "eigensweep-worker", numerics: 1, build: "b", cpu: "c", kernels: "k")),
                .milestone(
                    trial.training, trial.id, attempt,
                    WorkerEvent.Checkpoint(
                        steps: trial.steps, milestone: true, weights: Samples.output,
                        state: OutputFile(path: "state", digest: Samples.digest, bytes: 9), parameters: 12,
                        losses: [LossPoint(steps: 1, mean: 0.5)], seconds: 2)),
                measured(Samples.request),
            ] + comparisons.map { measured($0.request) } + [
                .trialState(trial.id, .succeeded, reason: nil), .attemptEnded(attempt, .succeeded),
            ])
    }
}
