import ArgumentParser
import Foundation
import Reports
import ResultQueries

extension EigensweepBench {
    /// What 95 % intervals cover.
    struct IntervalCoverage: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "coverage", abstract: "What the 95 % intervals cover, by simulation.")

        @Option(help: "Draws a cell.")
        var draws = 5000
        @Option(help: "Only fits whose names hold this.")
        var only: String?

        func run() throws {
            if let only { return printFits(FitCoverage.cases.filter { $0.name.contains(only) }) }
            print("Shares of 256 samples, the replicates' own beta-distributed; \(draws) draws a cell")
            print("")
            print("| replicates | mean | deviation | covers | width | t covers | t width | ratio |")
            print("|---|---|---|---|---|---|---|---|")
            for result in Self.concurrently(AverageCoverage.shareCells, { AverageCoverage.shares($0, draws: draws) }) {
                let cell = result.cell
                print(
                    "| \(cell.replicates) | \(cell.mean) | \(cell.deviation) | \(Self.percent(result.found.share)) | "
                        + "\(Self.rounded(result.found.medianWidth)) | \(Self.percent(result.student.share)) | "
                        + "\(Self.rounded(result.student.medianWidth)) | \(Self.rounded(result.ratio)) |")
            }
            print("\nMeans, places and pairs\n\n| of | replicates | covers | width |\n|---|---|---|---|")
            let cases = AverageCoverage.cases
            for (given, found) in zip(
                cases, Self.concurrently(cases) { AverageCoverage.coverage(of: $0, draws: draws) })
            {
                print(
                    "| \(given.name) | \(given.replicates) | \(Self.percent(found.share)) | "
                        + "\(Self.rounded(found.medianWidth)) |")
            }
            printFits(FitCoverage.cases)
        }

        private func printFits(_ fits: [FitCoverage.Case]) {
            print(
                "\nFits\n\n| of | estimate | replicates | covers | width | no interval |\n|---|---|---|---|---|---|")
            for (given, found) in zip(fits, Self.concurrently(fits) { FitCoverage.coverage(of: $0, draws: draws) }) {
                for (estimate, coverage) in found {
                    print(
                        "| \(given.name) | \(estimate) | \(given.replicates) | \(Self.percent(coverage.share)) | "
                            + "\(Self.rounded(coverage.medianWidth)) | \(coverage.missing) of \(coverage.draws) |")
                }
            }
            printLaws(fits.filter(\.isOfLaw))
        }

        /// Of so many sweeps of a known law nine in ten must hold it.
        private static let sweeps = 200

        private func printLaws(_ laws: [FitCoverage.Case]) {
            print("\nLaws of \(Self.sweeps) sweeps each, of which \(Self.sweeps * 9 / 10) must hold the exponent\n")
            print("| of | estimate | replicates | hold |\n|---|---|---|---|")
            for (given, found) in zip(
                laws, Self.concurrently(laws) { FitCoverage.coverage(of: $0, draws: Self.sweeps) })
            {
                for (estimate, coverage) in found {
                    let isShort = coverage.held < Self.sweeps * 9 / 10
                    print(
                        "| \(given.name) | \(estimate) | \(given.replicates) | \(coverage.held)\(isShort ? ", too few" : "") |"
                    )
                }
            }
        }

        /// What becomes of each, in their order.
        private static func concurrently<Given: Sendable, Result: Sendable>(
            _ all: [Given], _ body: @Sendable (Given) -> Result
        ) -> [Result] {
            let results = Results<Result>(all.count)
            DispatchQueue.concurrentPerform(iterations: all.count) { results.set($0, body(all[$0])) }
            return results.all
        }

        private final class Results<Value: Sendable>: @unchecked Sendable {
            private let lock = NSLock()
            private var values: [Value?]

            init(_ count: Int) { values = [Value?](repeating: nil, count: count) }

            func set(_ index: Int, _ value: Value) { lock.withLock { values[index] = value } }
            var all: [Value] { lock.withLock { values.compactMap(\.self) } }
        }

        private static func percent(_ share: Double) -> String { String(format: "%.1f %%", share * 100) }
        private static func rounded(_ value: Double) -> String { String(format: "%.3f", value) }
    }

    /// The interval of shares given as lines of a number of samples and the replicates' shares, for `scripts/bench`.
    struct Intervals: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "intervals", abstract: "Intervals of shares given on standard input.")

        func run() throws {
            while let line = readLine() {
                let numbers = line.split(separator: " ").compactMap { Double($0) }
                guard let n = numbers.first,
                    let average = Average([numbers.dropFirst().map { Replicate($0, n: n) }], areShares: true),
                    let interval = average.interval
                else { throw ValidationError("expected a number of samples and shares, got \"\(line)\"") }
                print("\(average.mean) \(interval.low) \(interval.high)")
            }
        }
    }
}
