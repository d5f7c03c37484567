import ArgumentParser
import Foundation
import JobContract
import ResultCatalogue
import SweepFiles
import SweepModel

/// The sweep of a million trials, all of it done, with the ten numbers of each that a map of phases looks at: ten million
/// measurements.
enum ServedMillion {
    static let requests = ["memorization", "denoising"].map {
        MeasureRequest(measure: $0, version: 1, parameters: ["samples": 256])
    }

    static func record(_ sweep: ExpandedSweep, in catalogue: Catalogue) throws {
        try catalogue.beginGeneration()
        let digest = Digest(of: "weights".utf8)
        let facts = HostFacts(machine: "m", boot: "b", cores: 4, memory: 1 << 34, cpu: "c", free: 1 << 40)
        var changes = [CatalogueChange.hostSeen("bench", facts)]
        for start in stride(from: 0, to: sweep.trials.count, by: 8) {
            let members = sweep.trials[start..<start + 8]
            let training = members[start].training
            let attempt = AttemptNumber(start / 8 + 1)
            changes.append(
                .attemptIntended(
                    AttemptRecord(
                        attempt: attempt, job: JobID(Digest(of: "\(start)".utf8)), training: training, kind: .train,
                        trials: members.map(\.id), host: "bench", machine: "m", boot: "b", cpu: "c")))
            for (number, trial) in zip(start..., members) {
                changes.append(
                    .milestone(
                        training, trial.id, attempt,
                        WorkerEvent.Checkpoint(
                            steps: trial.steps, milestone: true,
                            weights: OutputFile(path: "weights", digest: digest, bytes: 2), state: nil, parameters: 9,
                            losses: [.init(steps: 1, mean: 0.5)], seconds: 10)))
                for request in requests {
                    changes.append(
                        .measured(
                            attempt,
                            WorkerEvent.Measured(
                                trial: trial.id, request: request, checkpoint: digest,
                                rows: rows(request.measure, number), artifacts: [], seconds: 1)))
                }
                changes.append(.trialState(trial.id, .succeeded, reason: nil))
            }
            changes.append(.attemptEnded(attempt, .succeeded))
            if changes.count > 10_000 {
                try catalogue.commit(changes)
                changes = []
            }
        }
        try catalogue.commit(changes)
    }

    private static func rows(_ measure: String, _ number: Int) -> [MeasureRow] {
        func value(_ index: Int) -> Double { Double((number * 7919 + index * 104_729) % 1_000_003) / 1_000_003 }
        if measure == "memorization" {
            return ["copied", "copy_auc", "gl_score", "gl_held_out"].enumerated().map {
                MeasureRow(quantity: $1, value: value($0), n: 256)
            }
        }
        return ["wiener_gain_db", "training_gain_db", "psnr_gap"].enumerated().flatMap { index, name in
            [0.5, 1.5].map { MeasureRow(quantity: name, sigma: $0, value: value(index) - 0.3, n: 256) }
        }
    }
}

extension EigensweepBench {
    struct MakeServed: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make served.sqlite, of a million trials and ten million measurements.")
        @Argument(help: "The directory to make it in; the worker `noop` stands there.")
        var directory: String

        func run() throws {
            let path = "\(directory)/million.yaml"
            try MillionTrials.text(worker: "\(directory)/noop").write(toFile: path, atomically: true, encoding: .utf8)
            var sweep = try SweepFile(contentsOf: path).expand(worker: description(by: "\(directory)/noop")) { _ in
                DatasetIdentity(keys: ["dataset.generator": "geometric", "dataset.generator_version": 1], images: 64)
            }.sweep
            sweep.measures = ServedMillion.requests
            let catalogue = try Catalogue(path: "\(directory)/served.sqlite")
            _ = try catalogue.store(sweep)
            try BenchUsage.measure("recorded \((sweep.trials.count * 10).formatted()) measurements") {
                try ServedMillion.record(sweep, in: catalogue)
            }
        }
    }
}
