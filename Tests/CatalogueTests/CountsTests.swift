import Foundation
import JobContract
import Reports
import ResultQueries
import SweepModel
import Testing

@testable import ResultCatalogue

/// The sums that `status` reads are those of the rows, whatever happened.
@Suite struct CountsTests {
    let scratch: Scratch
    let catalogue: Catalogue

    init() throws {
        scratch = try Scratch()
        catalogue = try Catalogue(path: scratch.catalogue)
    }

    /// Random numbers that are the same on every machine.
    private struct Dice: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }
    }

    private static let first = Fixture.sweep(name: "first", sizes: [16, 64], scales: [4])
    private static let second = Fixture.sweep(name: "second", scales: [4, 8], measures: [Fixture.memorization])
    /// The sweeps as later launches may change them, and change them back.
    private static let revisions = [
        first, second, Fixture.sweep(name: "first", sizes: [16], scales: [4, 8], text: "other sizes"),
        Fixture.sweep(
            name: "first", sizes: [16, 64], scales: [4], measures: [Fixture.gaussian], text: "other measures"),
        Fixture.sweep(name: "second", steps: [256, 4096], measures: [], text: "longer, unmeasured"),
    ]

    @Test(arguments: 1...8)
    func countsAreThoseOfTheRows(_ seed: Int) throws {
        var dice = Dice(state: UInt64(seed))
        let trials = Self.revisions.flatMap(\.trials)
        for sweep in Self.revisions.shuffled(using: &dice) { try catalogue.store(sweep) }
        var (attempts, kinds) = (0, Set<Int>())
        for _ in 0..<150 {
            let kind = Int.random(in: 0..<8, using: &dice)
            kinds.insert(kind)
            let trial = trials.randomElement(using: &dice) ?? trials[0]
            let ids = trials.shuffled(using: &dice).prefix(3).map(\.id)
            let sweep = Bool.random(using: &dice) ? "first" : "second"
            switch kind {
            case 0: try catalogue.store(Self.revisions.randomElement(using: &dice) ?? Self.first)
            case 1: try catalogue.cancel(ids, of: sweep)
            case 2: try catalogue.retry(ids, of: sweep)
            case 3:
                let state = TrialState.allCases.randomElement(using: &dice) ?? .waiting
                try catalogue.commit([.trialState(trial.id, state, reason: nil)])
            default:
                attempts += 1
                try record(kind, trial, AttemptNumber(attempts), host: sweep, using: &dice)
            }
            #expect(try catalogue.reader.wrongCounts() == [], "after \(kind)")
        }
        #expect(kinds.count == 8)
    }

    private func record(
        _ kind: Int, _ trial: Trial, _ attempt: AttemptNumber, host: String, using dice: inout Dice
    ) throws {
        var changes: [CatalogueChange] = [.attemptIntended(Fixture.attempt(attempt.value, [trial], host: host))]
        switch kind {
        case 4: changes.append(.milestone(trial.training, trial.id, attempt, Fixture.checkpoint(trial)))
        case 5: changes.append(.measured(attempt, Fixture.memorized(trial, glScore: 0.5, copied: 0)))
        case 6: changes.append(.measured(attempt, Fixture.distances(trial)))
        default:
            let steps = Int.random(in: 1..<4096, using: &dice)
            let point = ResumePoint(steps: steps, state: Fixture.digest("state \(steps)"))
            changes.append(.recoveryPoint(trial.training, attempt, point, bytes: 10))
        }
        let outcomes: [AttemptOutcome?] = [nil, .succeeded, .jobFault("fault"), .paused]
        if let outcome = outcomes.randomElement(using: &dice) ?? nil { changes.append(.attemptEnded(attempt, outcome)) }
        if Bool.random(using: &dice) { changes.append(.attemptExcused(attempt, reason: "the host's")) }
        try catalogue.commit(changes)
    }

    /// A catalogue of the release before, with work that was done and work that was taken back, is counted.
    @Test func anEarlierCatalogueIsCounted() throws {
        try fill()
        let before = try status(catalogue)
        let names = try RawDatabase.text(
            """
            SELECT type || ' ' || name FROM sqlite_master
            WHERE name LIKE 'count\\_%' ESCAPE '\\' AND name NOT IN (
                'count_milestone', 'count_milestone_state', 'count_recovery', 'count_later_recovery', 'count_artifact')
            OR name IN ('discount_cancelled', 'reach_recovery', 'reach_later_recovery', 'sweep_by_revision',
                'trial_failed', 'milestone_by_time', 'trial_settled') ORDER BY type DESC
            """, at: scratch.catalogue)
        let tables = ["sweep_count", "sweep_work", "reach", "attempt_count"].map { "table \($0)" }
        for name in names + tables { try RawDatabase.execute("DROP \(name)", at: scratch.catalogue) }
        try RawDatabase.execute(
            "DELETE FROM grdb_migrations WHERE substr(identifier, 1, 4) IN ('0010', '0011', '0023')",
            at: scratch.catalogue)
        let path = scratch.path + "/copy.sqlite"
        try RawDatabase.execute("VACUUM INTO '\(path)'", at: scratch.catalogue)
        let migrated = try Catalogue(path: path)
        #expect(try migrated.reader.wrongCounts() == [])
        #expect(try status(migrated) == before)
    }

    @Test func wrongCountsAreFoundAndCountedAnew() throws {
        try fill()
        let before = try status(catalogue)
        let counts = [("sweep_count", "trials"), ("sweep_work", "reached"), ("attempt_count", "attempts")]
        for (found, (table, column)) in counts.enumerated() {
            try RawDatabase.execute("UPDATE \(table) SET \(column) = \(column) + 1", at: scratch.catalogue)
            #expect(try catalogue.reader.wrongCounts().count == found + 1, "\(table)")
        }
        try RawDatabase.execute("DELETE FROM reach", at: scratch.catalogue)
        #expect(try catalogue.reader.wrongCounts().count == 4)
        try catalogue.recount()
        #expect(try catalogue.reader.wrongCounts() == [])
        #expect(try status(catalogue) == before)
    }

    private func status(_ catalogue: Catalogue) throws -> [ResultTable] {
        try StatusReport(catalogue.reader).tables(now: Date(timeIntervalSince1970: 2_000_000_000))
    }

    private func fill() throws {
        let trials = Self.first.trials
        try catalogue.store(Self.first)
        try catalogue.store(Self.second)
        try catalogue.commit([
            .hostSeen("far", HostFacts(machine: "m", boot: "b", cores: 4, memory: 1, cpu: "c", free: 1)),
            .attemptIntended(Fixture.attempt(1, Array(trials.prefix(2)), host: "far")),
            .attemptStarted(AttemptNumber(1), nil),
            .milestone(trials[0].training, trials[0].id, AttemptNumber(1), Fixture.checkpoint(trials[0])),
            .measured(AttemptNumber(1), Fixture.memorized(trials[0], glScore: 0.5, copied: 0)),
            .trialState(trials[2].id, .failed, reason: "diverged"),
        ])
        try catalogue.cancel([trials[3].id], of: "first")
    }
}
