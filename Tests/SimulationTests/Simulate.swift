import Foundation

/// Plays schedules by their seeds: `eigensweep-simulate FIRST COUNT`. Prints what happened in the first schedule that has a
/// finding, and the summary last; exits with 1 when something was found.
@main
struct Simulate {
    static func main() throws {
        let numbers = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
        guard numbers.count == 2, CommandLine.arguments.count == 3 else {
            print("error: expected the first seed and how many; scripts/simulate gives them")
            exit(2)
        }
        let run = SeedRun(first: numbers[0], count: Int(numbers[1])) { seed in
            let simulation = try Simulation.of(Scenario(seed: seed))
            return (try simulation.run(), simulation.world.census)
        }
        if let finding = run.findings.first {
            let replay = try Simulation.of(Scenario(seed: finding.seed), keepsAllNotes: true)
            _ = try? replay.run()
            for note in replay.notes { print(note) }
        }
        print(run.summary)
        if !run.findings.isEmpty { exit(1) }
    }
}
