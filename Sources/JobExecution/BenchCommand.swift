import ArgumentParser
import ScoreNetworks
import Tensors

/// Measurements of this program itself, for `scripts/bench`.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure how fast training is on one thread.", shouldDisplay: false)

    @Option(help: "Seconds of CPU time for each network.")
    var seconds: Double = 3

    func run() throws {
        NumericThread.prepare()
        let facts = WorkerFacts.current
        print("\(facts.cpu), \(facts.kernels), one thread")
        print("network\tscale\timages_per_cpu_second\timages_per_second\tgflops")
        func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }
        for subject in TrainingBenchmark.standard {
            let result = try TrainingBenchmark.measure(subject, seconds: seconds)
            print(
                "\(result.name)\t\(result.scale)\t\(rounded(result.imagesPerCPUSecond))\t"
                    + "\(rounded(result.imagesPerSecond))\t\(rounded(result.gigaflops))")
        }
    }
}
