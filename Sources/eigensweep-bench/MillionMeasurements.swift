import ArgumentParser
import Foundation
import JobContract
import ResultCatalogue
import SweepFiles
import SweepModel

/// A catalogue with ten million measurements: ten quantities at ten noise levels of each of 100 000 trials.
enum MillionMeasurements {
    static func text(worker: String) -> String {
        """
        name: measured
        dataset: {source: geometric, resolution: 8, channels: 1, count: 64, held_out: 4}
        model: {multipliers: [1], attention: []}
        grid:
          dataset.size: [4, 8, 12, 16, 20, 24, 28, 32, 40, 48]
          model.scale: [4, 8, 12, 16, 20]
          training.learning_rate: {geometric: {from: 1.0e-4, to: 1.0e-2, count: 25}}
          seed: {range: [0, 10]}
          training.steps: {geometric: {from: 100, to: 12800, factor: 2}}
        measures: [nothing]
        worker: {command: [./noop], upload: [\(worker)]}
        """
    }

    static let quantities = (0..<10).map { "quantity_\($0)" }
    static let sigmas = [80, 42.4152, 21.1087, 9.7232, 4.0661, 1.5017, 0.46998, 0.11664, 0.020435, 0.002]

    static func record(_ sweep: ExpandedSweep, in catalogue: Catalogue) throws {
        try catalogue.beginGeneration()
        let digest = Digest(of: "weights".utf8)
        var changes = [CatalogueChange]()
        for (number, trial) in sweep.trials.enumerated() {
            let attempt = AttemptNumber(number + 1)
            changes.append(
                .attemptIntended(
                    AttemptRecord(
                        attempt: attempt, job: JobID(Digest(of: "\(number)".utf8)), training: trial.training,
                        kind: .measure, trials: [trial.id], host: "bench", machine: "m", boot: "b", cpu: "c")))
            var rows = [MeasureRow]()
            for (index, quantity) in quantities.enumerated() {
                for (level, sigma) in sigmas.enumerated() {
                    // Values with as many digits as measurements have.
                    let value = Double((number * 7919 + index * 104_729 + level * 1299) % 1_000_003) / 1_000_003
                    rows.append(
                        MeasureRow(quantity: quantity, sigma: sigma, value: value, n: 256, stderr: value / 16))
                }
            }
            for request in sweep.measures {
                changes.append(
                    .measured(
                        attempt,
                        WorkerEvent.Measured(
                            trial: trial.id, request: request, checkpoint: digest, rows: rows, artifacts: [],
                            seconds: 1)))
            }
            changes.append(.attemptEnded(attempt, .succeeded))
            if changes.count > 3_000 {
                try catalogue.commit(changes)
                changes = []
            }
        }
        try catalogue.commit(changes)
    }
}

extension EigensweepBench {
    struct MakeMeasurements: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make measured.sqlite, of ten million measurements.")
        @Argument(help: "The directory to make it in; the worker `noop` stands there.")
        var directory: String

        func run() throws {
            let path = "\(directory)/measured.yaml"
            try MillionMeasurements.text(worker: "\(directory)/noop").write(
                toFile: path, atomically: true, encoding: .utf8)
            let file = try SweepFile(contentsOf: path)
            let worker = try description(by: "\(directory)/noop")
            let sweep = try file.expand(worker: worker) { _ in
                DatasetIdentity(keys: ["dataset.generator": "geometric", "dataset.generator_version": 1], images: 64)
            }.sweep
            let catalogue = try Catalogue(path: "\(directory)/measured.sqlite")
            _ = try catalogue.store(sweep)
            let rows =
                sweep.trials.count * MillionMeasurements.quantities.count * MillionMeasurements.sigmas.count
            try BenchUsage.measure("recorded \(rows.formatted()) measurements") {
                try MillionMeasurements.record(sweep, in: catalogue)
            }
        }
    }
}
