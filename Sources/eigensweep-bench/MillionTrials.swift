import ArgumentParser
import Foundation
import JobContract
import ResultCatalogue
import SweepFiles
import SweepModel

/// A sweep of a million trials, eight lengths to a training, and a catalogue in which a tenth of it is done.
enum MillionTrials {
    static func text(worker: String) -> String {
        """
        name: million
        dataset: {source: geometric, resolution: 8, channels: 1, count: 64, held_out: 4}
        model: {multipliers: [1], attention: []}
        grid:
          dataset.size: [4, 8, 16, 32]
          model.scale: [4, 8]
          training.learning_rate: {geometric: {from: 1.0e-4, to: 1.0e-2, count: 25}}
          seed: {range: [0, 625]}
          training.steps: {geometric: {from: 100, to: 12800, factor: 2}}
        measures: [nothing]
        worker: {command: [./noop], upload: [\(worker)]}
        """
    }

    /// Trainings that are done.
    private static let finished = 12_500

    /// Records the first trainings' milestones and measures as a coordinator would have.
    static func record(_ sweep: ExpandedSweep, in catalogue: Catalogue) throws {
        try catalogue.beginGeneration()
        let digest = Digest(of: "weights".utf8)
        let trials = sweep.trials.prefix(finished * 8)
        let facts = HostFacts(machine: "m", boot: "b", cores: 4, memory: 1 << 34, cpu: "c", free: 1 << 40)
        var changes = [CatalogueChange.hostSeen("bench", facts)]
        for start in stride(from: 0, to: trials.count, by: 8) {
            let members = trials[start..<start + 8]
            let training = members[start].training
            let attempt = AttemptNumber(start / 8 + 1)
            changes.append(
                .attemptIntended(
                    AttemptRecord(
                        attempt: attempt, job: JobID(Digest(of: "\(start)".utf8)), training: training, kind: .train,
                        trials: members.map(\.id), host: "bench", machine: "m", boot: "b", cpu: "c")))
            changes.append(.attemptStarted(attempt, nil))
            for trial in members {
                changes.append(
                    .milestone(
                        training, trial.id, attempt,
                        WorkerEvent.Checkpoint(
                            steps: trial.steps, milestone: true,
                            weights: OutputFile(path: "weights", digest: digest, bytes: 2), state: nil, parameters: 9,
                            losses: [.init(steps: 1, mean: 0.5)], seconds: 10)))
                for request in sweep.measures {
                    changes.append(
                        .measured(
                            attempt,
                            WorkerEvent.Measured(
                                trial: trial.id, request: request, checkpoint: digest,
                                rows: [MeasureRow(quantity: "value", value: 0.5)], artifacts: [], seconds: 1)))
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
}

extension EigensweepBench {
    struct MakeCatalogue: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make million.yaml and million.sqlite.")
        @Argument(help: "The directory to make them in; the worker `noop` stands there.")
        var directory: String

        func run() throws {
            let path = "\(directory)/million.yaml"
            try MillionTrials.text(worker: "\(directory)/noop").write(toFile: path, atomically: true, encoding: .utf8)
            let file = try SweepFile(contentsOf: path)
            let worker = try description(by: "\(directory)/noop")
            let sweep = try BenchUsage.measure("expanded") {
                try file.expand(worker: worker) { request in
                    DatasetIdentity(
                        keys: ["dataset.generator": "geometric", "dataset.generator_version": 1], images: 64)
                }.sweep
            }
            let catalogue = try Catalogue(path: "\(directory)/million.sqlite")
            try BenchUsage.measure("stored \(sweep.trials.count.formatted()) trials") {
                _ = try catalogue.store(sweep)
            }
            try BenchUsage.measure("recorded a tenth of them") { try MillionTrials.record(sweep, in: catalogue) }
        }
    }
}

/// What a worker says of itself.
func description(by program: String) throws -> WorkerDescription {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = ["describe"]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let said = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return try JSONDecoder().decode(WorkerDescription.self, from: said)
}
