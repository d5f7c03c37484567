import JobContract
import SweepFiles
import SweepModel

/// How long expansion takes, for `eigensweep-bench expansion`.
struct ExpansionBenchmark: Sendable {
    var trials: Int
    var trainings: Int
    /// Wall time from text to trials with their IDs.
    var seconds: Double
    /// Digest of all IDs in order, so that runs can be compared.
    var digest: Digest

    /// Expands a sweep of about a million trials. `shared`: eight lengths to a training; else every trial is a
    /// training of its own, the worst case.
    static func run(shared: Bool) throws -> ExpansionBenchmark {
        let clock = ContinuousClock()
        let start = clock.now
        let file = try SweepFile(text: text(shared: shared), file: "benchmark.yaml")
        let expansion = try file.expand(worker: worker) { _ in
            DatasetIdentity(keys: ["dataset.generator": "geometric", "dataset.generator_version": 1], images: 1 << 20)
        }
        let elapsed = clock.now - start
        let identifiers = expansion.sweep.trials.map(\.id.hex).joined()
        return ExpansionBenchmark(
            trials: expansion.sweep.trials.count, trainings: expansion.sweep.trainings.count,
            seconds: elapsed / .seconds(1), digest: Digest(of: identifiers.utf8))
    }

    private static func text(shared: Bool) -> String {
        """
        name: benchmark
        dataset: {source: geometric, count: 1048576}
        grid:
          dataset.size: {geometric: {from: 16, to: 65536, factor: 2}}
          model.scale: [4, 8, 16, 32]
          training.learning_rate: {geometric: {from: 1.0e-4, to: 1.0e-2, count: 25}}
          training.batch: [16, 32, 64, 128]
          \(shared ? "training.images: {geometric: {from: 8192, to: 1048576, factor: 2}}" : "training.images: [65536]")
          seed: {range: [0, \(shared ? 25 : 200)]}
        """
    }

    private static let worker = WorkerDescription(
        contract: ContractVersion.current, name: "benchmark", numerics: 1, deterministic: true, jobKinds: ["train"],
        architectures: ["ddpmpp"], measures: [], build: "", cpu: "", kernels: "", check: "")
}
