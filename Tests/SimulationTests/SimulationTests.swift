import Foundation
import Testing

/// The real scheduler and the real coordination loop against simulated hosts, with a virtual clock.
///
/// A seed is a schedule: `scripts/simulate` chooses which run, and a failing one names itself and replays exactly.
@Suite struct SimulationTests {
    static func setting(_ name: String, _ standard: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? standard
    }

    @Test func noScheduleLosesOrDoublesAResult() throws {
        let first = UInt64(Self.setting("EIGENSWEEP_SIMULATION_FIRST", 1))
        let run = SeedRun(first: first, count: Self.setting("EIGENSWEEP_SIMULATION_SEEDS", 500)) { seed in
            let scenario = Scenario(seed: seed)
            let simulation = Simulation(scenario, catalogue: ModelCatalogue(scenario.sweep))
            return (try simulation.run(), simulation.world.census)
        }
        print(run.summary)
        if let report = ProcessInfo.processInfo.environment["EIGENSWEEP_SIMULATION_REPORT"] {
            try Data((run.summary + "\n").utf8).write(to: URL(fileURLWithPath: report))
        }
        if run.schedules >= 500 { #expect(run.census.missing == [], "kinds of fault that never happened") }
        guard let finding = run.findings.first else { return }
        let scenario = Scenario(seed: finding.seed)
        let replay = Simulation(scenario, catalogue: ModelCatalogue(scenario.sweep), keepsAllNotes: true)
        _ = try replay.run()
        Issue.record(
            """
            \(run.findings.count) schedules with findings; the first is scripts/simulate --seeds 1 --first \(finding.seed):
            \(finding.violations.joined(separator: "\n"))
            what happened:
            \(replay.notes.suffix(Self.setting("EIGENSWEEP_SIMULATION_NOTES", 120)).joined(separator: "\n"))
            """)
    }

    /// The model of the catalogue makes most schedules fast; these show that the real one does the same.
    @Test func theRealCatalogueLosesAndDoublesNothing() throws {
        let first = Self.setting("EIGENSWEEP_SIMULATION_FIRST", 1)
        for seed in first..<(first + Self.setting("EIGENSWEEP_SIMULATION_REAL_SEEDS", 20)) {
            let scenario = Scenario(seed: UInt64(seed))
            let onModel = Simulation(scenario, catalogue: ModelCatalogue(scenario.sweep))
            let onReal = Simulation(scenario, catalogue: try RealCatalogue(scenario.sweep))
            #expect(try onReal.run() == [], "seed \(seed)")
            #expect(try onModel.run() == [], "seed \(seed)")
            #expect(onReal.fingerprint == onModel.fingerprint, "seed \(seed): the catalogues behave differently")
        }
    }

    @Test(arguments: [3, 17, 101] as [UInt64]) func aSeedReplaysExactly(seed: UInt64) throws {
        let scenario = Scenario(seed: seed)
        let prints = try (0..<2).map { _ in
            let simulation = Simulation(scenario, catalogue: ModelCatalogue(scenario.sweep))
            _ = try simulation.run()
            return simulation.fingerprint
        }
        #expect(prints[0] == prints[1])
    }

    @Test(arguments: Mutant.allCases.filter { $0 != .none }) func theCheckerNotices(mutant: Mutant) throws {
        let noticed = try (1...200).contains { seed in
            let scenario = Scenario(seed: UInt64(seed))
            let catalogue = ModelCatalogue(scenario.sweep, mutant: mutant)
            return try !Simulation(scenario, mutant: mutant, catalogue: catalogue).run().isEmpty
        }
        #expect(noticed, "two hundred schedules did not show \(mutant)")
    }
}
