import ScoreNetworks
import Testing

struct BenchmarkTests {
    /// Networks that do not take long to initialise.
    static let small = TrainingBenchmark.standard.filter { $0.scale <= 8 || $0.name.hasPrefix("bias-free") }

    @Test(arguments: small) func everySubjectTrains(subject: TrainingBenchmark.Subject) throws {
        let run = try TrainingBenchmark.training(subject, batch: 1)
        #expect(try run.step().isFinite)
    }
}
