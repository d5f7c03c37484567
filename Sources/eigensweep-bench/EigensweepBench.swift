import ArgumentParser
import Foundation
import Scheduling
import SweepFiles

/// What `scripts/bench` measures of the project's own code, in one process. It is no part of what users get.
@main
struct EigensweepBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eigensweep-bench", abstract: "Measure the parts of Eigensweep.",
        subcommands: [
            Expansion.self, MakeCatalogue.self, MakeMeasurements.self, MakeServed.self, Resumption.self, FleetLoad.self,
            MakeFleetJobs.self, Fleet.self, EarlyResults.self, PlayedHosts.self, Events.self, IntervalCoverage.self,
            Intervals.self,
            NetworksCommand.self, MeasuresCommand.self, GPUCostsCommand.self,
        ])

    struct Events: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "What events of 1 000 hosts cost the scheduler.")

        func run() throws {
            var fleet = BenchUsage.measure("10 000 running jobs") { SchedulingBenchmark() }
            BenchUsage.measure("200 000 events") { fleet.run(events: 200_000) }
        }
    }

    struct Expansion: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The expansion of a million trials.")

        func run() throws {
            for shared in [true, false] {
                let result = try ExpansionBenchmark.run(shared: shared)
                let rate = Double(result.trials) / result.seconds / 1e6
                print(
                    "expansion: \(result.trials.formatted()) trials of \(result.trainings.formatted()) "
                        + "trainings in \(BenchUsage.rounded(result.seconds)) s, \(BenchUsage.rounded(rate)) million a "
                        + "second")
            }
        }
    }
}

/// What this process has used.
struct BenchUsage {
    var wall: Double
    var processor: Double

    static var now: BenchUsage {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return BenchUsage(
            wall: ProcessInfo.processInfo.systemUptime, processor: seconds(usage.ru_utime) + seconds(usage.ru_stime))
    }

    static func - (a: BenchUsage, b: BenchUsage) -> BenchUsage {
        BenchUsage(wall: a.wall - b.wall, processor: a.processor - b.processor)
    }

    var text: String { "\(Self.rounded(wall)) s (processor \(Self.rounded(processor)) s)" }

    static func rounded(_ value: Double) -> String { "\((value * 1000).rounded() / 1000)" }

    /// Does something and says what it cost.
    static func measure<Result>(_ what: String, _ body: () throws -> Result) rethrows -> Result {
        let before = now
        let result = try body()
        print("\(what): \((now - before).text)")
        return result
    }
}
