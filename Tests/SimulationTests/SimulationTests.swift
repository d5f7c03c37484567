import Foundation
import Testing

/// Runs the real scheduler and the real coordination loop against simulated hosts, with a virtual clock.
///
/// A seed is a schedule: `scripts/simulate` chooses which run, and a failing one names itself and replays exactly.
@Suite struct SimulationTests {
    static func setting(_ name: String, _ standard: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? standard
    }

    @Test func noScheduleLosesOrDoublesAResult() throws {
        let first = UInt64(Self.setting("EIGENSWEEP_SIMULATION_FIRST", 1))
        let count = Self.setting("EIGENSWEEP_SIMULATION_SEEDS", 500)
        print("seeds \(first) to \(first + UInt64(count) - 1)")
        let run = SeedRun(first: first, count: count) { seed in
            let simulation = try Simulation.of(Scenario(seed: seed))
            return (try simulation.run(), simulation.world.census)
        }
        print(run.summary)
        // A few thousand other schedules may lack a rare kind.
        if first == 1, count >= 3000 { #expect(run.census.missing == [], "kinds of fault that never happened") }
        guard let finding = run.findings.first else { return }
        let replay = try Simulation.of(Scenario(seed: finding.seed), keepsAllNotes: true)
        _ = try replay.run()
        Issue.record(
            """
            \(run.findings.count) schedules with findings; the first is scripts/simulate --seeds 1 --first \(finding.seed):
            \(finding.violations.joined(separator: "\n"))
            what happened:
            \(replay.notes.suffix(Self.setting("EIGENSWEEP_SIMULATION_NOTES", 120)).joined(separator: "\n"))
            """)
    }

    @Test(arguments: NamedSchedule.allCases) func whatOnceWentWrongDoesNot(schedule: NamedSchedule) throws {
        #expect(try schedule.findings() == [])
    }

    /// Most schedules run on a model of the catalogue, which is fast; these show that the real catalogue does the same.
    @Test func theModelOfTheCatalogueDoesAsTheRealOne() throws {
        for seed in 1...40 as ClosedRange<UInt64> {
            let scenario = Scenario(seed: seed)
            let onModel = Simulation(scenario, catalogue: ModelCatalogue(scenario.sweep))
            let onReal = Simulation(scenario, catalogue: try RealCatalogue(scenario.sweep, diskSeed: nil))
            #expect(try onReal.run() == [], "seed \(seed)")
            #expect(try onModel.run() == [], "seed \(seed)")
            #expect(onReal.fingerprint == onModel.fingerprint, "seed \(seed): the catalogues behave differently")
        }
    }

    /// Seeds with the remainder 8 run on the real catalogue.
    @Test(arguments: [3, 17, 101, 8, 24, 40, 56] as [UInt64]) func aSeedReplaysExactly(seed: UInt64) throws {
        let prints = try (0..<2).map { _ in
            let simulation = try Simulation.of(Scenario(seed: seed))
            _ = try simulation.run()
            return simulation.fingerprint
        }
        #expect(prints[0] == prints[1])
    }

    /// Each call of a port that a coordinator makes in its life is once the last one it makes.
    @Test(arguments: [1, 2, 5, 8] as [UInt64]) func aCoordinatorMayDieBetweenAnyTwoCalls(seed: UInt64) throws {
        @Sendable func scenario(killedAfter calls: Int?) -> Scenario {
            var scenario = Scenario(seed: seed)
            scenario.faults = []
            scenario.later = []
            scenario.takeOutAdoption()
            scenario.kills = calls.map { [$0] } ?? []
            return scenario
        }
        let undisturbed = try Simulation.of(scenario(killedAfter: nil))
        #expect(try undisturbed.run() == [])
        let calls = undisturbed.firstCalls
        #expect(calls > 20)
        let run = SeedRun(first: 1, count: calls) { call in
            let simulation = try Simulation.of(scenario(killedAfter: Int(call)))
            return (try simulation.run(), simulation.world.census)
        }
        #expect(run.findings.map { "after \($0.seed) calls: \($0.violations)" } == [])
    }

    @Test(arguments: Mutant.allCases.filter { $0 != .none }) func theCheckerNotices(mutant: Mutant) throws {
        for seed in 1...100 as ClosedRange<UInt64> {
            let scenario = Scenario(seed: seed, extra: mutant.provocation)
            guard let first = try Simulation.of(scenario, mutant: mutant).run().first else { continue }
            #expect(try Simulation.of(scenario).run() == [], "it shows for another reason")
            return print("\(mutant) shows in schedule \(seed): \(first)")
        }
        Issue.record("a hundred schedules did not show \(mutant)")
    }
}
