import Foundation
import JobContract
import SweepModel

@testable import ResultCatalogue

/// A folder that is removed with the object.
final class Scratch {
    let path: String
    var catalogue: String { path + "/catalogue.sqlite" }

    init() throws {
        path = NSTemporaryDirectory() + "catalogue-tests-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

enum Fixture {
    static func digest(_ text: String) -> Digest { Digest(of: text.utf8) }

    static let memorization = MeasureRequest(
        measure: "memorization", version: 1,
        parameters: ["samples": 256, "sampler": "heun", "steps": 18, "seed": 0])
    static let gaussian = MeasureRequest(
        measure: "gaussian-distance", version: 1,
        parameters: ["samples": 256, "sigmas": [80, 1.5017, 0.002], "seed": 0])

    static func training(size: Int, scale: Int, seed: Int = 0, architecture: String = "ddpmpp") -> Training {
        let spec: [String: JSONValue] = [
            "dataset.generator": "geometric", "dataset.generator_version": 1, "dataset.alpha": 3.0,
            "dataset.size": .integer(Int64(size)), "dataset.part": ["index": 0, "of": 1],
            "dataset.resolution": 16, "model.architecture": .string(architecture),
            "model.scale": .integer(Int64(scale)),
            "training.batch": 32, "seed": .integer(Int64(seed)), "worker.name": "eigensweep-worker",
            "worker.numerics": 1,
        ]
        return Training(id: named(spec), spec: spec)
    }

    /// Keys and values that a test chose have a canonical form.
    private static func named(_ spec: [String: JSONValue]) -> TrainingID {
        guard let id = try? TrainingID(spec: spec) else { preconditionFailure("\(spec) has no canonical form") }
        return id
    }

    static func trialID(_ training: Training, steps: Int) -> TrialID {
        guard let id = try? TrialID(training: training.id, steps: steps) else {
            preconditionFailure("\(steps) has no canonical form")
        }
        return id
    }

    /// A sweep over dataset size, scale, length and seed, in that order.
    static func sweep(
        name: String = "dataset-size", sizes: [Int] = [16, 64], scales: [Int] = [4, 8], steps: [Int] = [256, 1024],
        seeds: [Int] = [0], measures: [MeasureRequest] = [memorization, gaussian], text: String = "name: dataset-size",
        about: String = "Memorization against size", overrides: [String] = ["seed=[0]"]
    ) -> ExpandedSweep {
        var trials = [Trial]()
        var trainings = [TrainingID: Training]()
        var datasets = [TrainingID: DatasetRequest]()
        for size in sizes {
            for scale in scales {
                for steps in steps {
                    for seed in seeds {
                        let training = training(size: size, scale: scale, seed: seed)
                        trainings[training.id] = training
                        datasets[training.id] = DatasetRequest(
                            source: "geometric", resolution: 16, channels: 1,
                            parameters: ["alpha": 3.0, "count": 16384])
                        trials.append(
                            Trial(
                                id: trialID(training, steps: steps), training: training.id, steps: steps,
                                position: trials.count,
                                asked: [
                                    "dataset.size": .integer(Int64(size)), "model.scale": .integer(Int64(scale)),
                                    "training.steps": .integer(Int64(steps)), "seed": .integer(Int64(seed)),
                                ]))
                    }
                }
            }
        }
        return ExpandedSweep(
            name: name, about: about, text: text, overrides: overrides, trials: trials,
            trainings: trainings, datasets: datasets, measures: measures,
            needs: JobNeeds(memory: 2_000_000_000, tags: ["avx512"]),
            worker: WorkerCommand(command: ["eigensweep-worker"], upload: []))
    }

    static func attempt(_ number: Int, _ trials: [Trial], host: String = "local", kind: AttemptKind = .train)
        -> AttemptRecord
    {
        AttemptRecord(
            attempt: AttemptNumber(number), job: JobID(digest("job \(trials.map(\.id.hex)) \(kind)")),
            training: trials[0].training, kind: kind, trials: trials.map(\.id), host: host, machine: "machine-\(host)",
            boot: "boot", cpu: "cpu")
    }

    static func checkpoint(_ trial: Trial, bits: String = "", state: Bool = true) -> WorkerEvent.Checkpoint {
        let weights = digest("weights \(trial.id.hex) \(bits)")
        let full = digest("state \(trial.id.hex) \(bits)")
        return WorkerEvent.Checkpoint(
            steps: trial.steps, milestone: true, weights: OutputFile(path: "w", digest: weights, bytes: 1000),
            state: state ? OutputFile(path: "s", digest: full, bytes: 3000) : nil, parameters: 1234,
            losses: [.init(steps: 1, mean: 0.25)],
            seconds: 2.5)
    }

    static func memorized(_ trial: Trial, glScore: Double, copied: Double?, copyAUC: Double = 0.5)
        -> WorkerEvent.Measured
    {
        WorkerEvent.Measured(
            trial: trial.id, request: memorization, checkpoint: digest("weights \(trial.id.hex) "),
            rows: [
                MeasureRow(quantity: "gl_score", value: glScore, n: 256, stderr: 0.01),
                MeasureRow(quantity: "gl_held_out", value: 0.85, n: 256),
                MeasureRow(quantity: "gl_relative", value: glScore / 0.85, n: 256),
                MeasureRow(quantity: "copied", value: copied, n: 256),
                MeasureRow(quantity: "copy_auc", value: copyAUC, n: 256),
            ],
            artifacts: [
                Artifact(
                    name: "samples", mediaType: "application/octet-stream",
                    file: OutputFile(path: "samples", digest: digest("samples \(trial.id.hex)"), bytes: 4096))
            ], seconds: 1)
    }

    static func distances(_ trial: Trial, at sigmas: [Double] = [80, 1.5017, 0.002], scale: Double = 0.01)
        -> WorkerEvent.Measured
    {
        WorkerEvent.Measured(
            trial: trial.id, request: gaussian, checkpoint: digest("weights \(trial.id.hex) "),
            rows: sigmas.enumerated().flatMap { index, sigma in
                [
                    MeasureRow(quantity: "rmse", sigma: sigma, value: scale * Double(index + 1), n: 256),
                    MeasureRow(quantity: "nrmse", sigma: sigma, value: scale * Double(index + 1) * 2, n: 256),
                ]
            }, artifacts: [], seconds: 1)
    }
}
