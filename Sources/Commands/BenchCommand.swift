import ArgumentParser
import SweepFiles

/// Measurements of this program itself, for `scripts/bench`.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure the expansion of a million trials.", shouldDisplay: false)

    func run() throws {
        for shared in [true, false] {
            let result = try ExpansionBenchmark.run(shared: shared)
            let rate = Double(result.trials) / result.seconds / 1e6
            Terminal.print(
                "expansion: \(Readable.count(result.trials)) trials of \(Readable.count(result.trainings)) trainings in "
                    + "\((result.seconds * 1000).rounded() / 1000) s, \((rate * 100).rounded() / 100) million a second")
        }
    }
}
