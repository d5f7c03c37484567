import Foundation
import JobContract
import SweepModel
import Testing

@testable import ResultCatalogue

@Suite struct CommitTests {
    let scratch: Scratch
    let catalogue: Catalogue
    let sweep = Fixture.sweep()

    init() throws {
        scratch = try Scratch()
        catalogue = try Catalogue(path: scratch.catalogue)
        try catalogue.store(sweep)
    }

    private func count(_ table: String) throws -> Int? {
        try catalogue.reader.rows("SELECT count(*) FROM \(table)").rows[0][0].integer
    }

    private func everything() throws -> [[CatalogueRows]] {
        let names = try catalogue.reader.rows(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name")
        return try names.rows.map { [try catalogue.reader.rows("SELECT * FROM \($0[0].text ?? "")")] }
    }

    @Test func applyingTheSameChangesAgainChangesNothing() throws {
        let trial = sweep.trials[0]
        let changes: [CatalogueChange] = [
            .hostSeen(
                "local",
                HostFacts(machine: "m", boot: "b", cores: 2, memory: 4_000_000_000, cpu: "zen", free: 1_000_000)),
            .attemptIntended(Fixture.attempt(1, [trial])),
            .attemptStarted(
                AttemptNumber(1),
                WorkerEvent.Started(contract: 1, worker: "w", numerics: 1, build: "b", cpu: "c", kernels: "avx2")),
            .milestone(trial.training, trial.id, AttemptNumber(1), Fixture.checkpoint(trial)),
            .recoveryPoint(
                trial.training, AttemptNumber(1), ResumePoint(steps: 300, state: Fixture.digest("r")), bytes: 3),
            .measured(AttemptNumber(1), Fixture.memorized(trial, glScore: 0.2, copied: 0.9)),
            .attemptEnded(AttemptNumber(1), .succeeded),
            .trialState(trial.id, .succeeded, reason: nil),
        ]
        try catalogue.commit(changes)
        let once = try everything()
        for change in changes { try catalogue.commit([change]) }
        try catalogue.commit(changes)
        let again = try everything()
        #expect(try count("milestone") == 1)
        #expect(try count("measurement") == 5)
        #expect(try catalogue.reader.evidence().isEmpty)
        // Only the time moves at which a host was last seen.
        #expect(once.count == again.count)
        for (before, after) in zip(once, again) where !before[0].columns.contains("seen_at") {
            #expect(before == after)
        }
    }

    @Test func aFailedCommitRecordsNothingOfIt() throws {
        let trial = sweep.trials[0]
        let stranger = TrialID(Fixture.digest("nobody"))
        #expect(throws: CatalogueError.self) {
            try catalogue.commit([
                .attemptIntended(Fixture.attempt(1, [trial])),
                .trialState(stranger, .running, reason: nil),
            ])
        }
        #expect(try count("attempt") == 0)
        #expect(try catalogue.reader.nextAttemptNumber() == AttemptNumber(1))
    }

    @Test func theFirstMilestoneStandsAndADifferentOneIsEvidence() throws {
        let trial = sweep.trials[0]
        try catalogue.commit([
            .attemptIntended(Fixture.attempt(1, [trial])), .attemptIntended(Fixture.attempt(2, [trial], host: "far")),
            .milestone(trial.training, trial.id, AttemptNumber(1), Fixture.checkpoint(trial)),
        ])
        try catalogue.commit([
            .milestone(trial.training, trial.id, AttemptNumber(2), Fixture.checkpoint(trial, bits: "other"))
        ])
        try catalogue.commit([
            .milestone(trial.training, trial.id, AttemptNumber(2), Fixture.checkpoint(trial, bits: "other"))
        ])
        let weights = try #require(Fixture.checkpoint(trial).weights?.digest)
        #expect(try catalogue.reader.rows("SELECT weights FROM milestone").rows == [[.text(weights.hex)]])
        let evidence = try catalogue.reader.evidence()
        #expect(evidence.count == 1)
        #expect(evidence.first?.kind == .milestone)
        #expect(evidence.first?.trial == trial.id)
        #expect(evidence.first?.host == "far")
        let other = try #require(Fixture.checkpoint(trial, bits: "other").weights?.digest.hex)
        #expect(evidence.first?.found.contains(other) == true)
    }

    @Test func theFirstMeasureStandsAndOtherValuesAreEvidence() throws {
        let trial = sweep.trials[0]
        let first = Fixture.memorized(trial, glScore: 0.2, copied: 0.9)
        try catalogue.commit([
            .attemptIntended(Fixture.attempt(1, [trial])), .attemptIntended(Fixture.attempt(2, [trial])),
            .measured(AttemptNumber(1), first),
        ])
        // Another attempt that took another time gives the same values, and agrees.
        var same = first
        same.seconds = 77
        try catalogue.commit([.measured(AttemptNumber(2), same)])
        #expect(try catalogue.reader.evidence().isEmpty)
        try catalogue.commit([
            .measured(AttemptNumber(2), Fixture.memorized(trial, glScore: 0.2.nextUp, copied: 0.9))
        ])
        #expect(try catalogue.reader.evidence().map(\.measure) == ["memorization"])
        let rows = try catalogue.reader.rows("SELECT value, attempt FROM measurements WHERE quantity = 'gl_score'")
        #expect(rows.rows == [[.real(0.2), .integer(1)]])
    }

    @Test func undefinedValuesAreNull() throws {
        let trial = sweep.trials[0]
        try catalogue.commit([
            .attemptIntended(Fixture.attempt(1, [trial])),
            .measured(AttemptNumber(1), Fixture.memorized(trial, glScore: .nan, copied: nil)),
        ])
        let rows = try catalogue.reader.rows(
            "SELECT quantity, value FROM measurements WHERE quantity IN ('gl_score', 'copied') ORDER BY quantity")
        #expect(rows.rows == [[.text("copied"), .null], [.text("gl_score"), .null]])
        try catalogue.commit([.measured(AttemptNumber(1), Fixture.memorized(trial, glScore: .nan, copied: nil))])
        #expect(try catalogue.reader.evidence().isEmpty)
    }

    @Test func theLongestRecoveryPointStands() throws {
        let trial = sweep.trials[0]
        try catalogue.commit([.attemptIntended(Fixture.attempt(1, [trial]))])
        for steps in [100, 300, 200] {
            let point = ResumePoint(steps: steps, state: Fixture.digest("r\(steps)"))
            try catalogue.commit([.recoveryPoint(trial.training, AttemptNumber(1), point, bytes: 9)])
        }
        let holdings = try catalogue.reader.holdings(of: [trial.training])
        #expect(holdings.states[trial.training] == ResumePoint(steps: 300, state: Fixture.digest("r300")))
    }

    @Test func anUnexpectedMilestoneIsRefused() throws {
        let trial = sweep.trials[0]
        let other = sweep.trials[7]
        try catalogue.commit([.attemptIntended(Fixture.attempt(1, [trial]))])
        var bare = Fixture.checkpoint(trial)
        bare.weights = nil
        let wrong: [CatalogueChange] = [
            .milestone(other.training, trial.id, AttemptNumber(1), Fixture.checkpoint(trial)),
            .milestone(trial.training, trial.id, AttemptNumber(1), Fixture.checkpoint(sweep.trials[1])),
            .milestone(trial.training, trial.id, AttemptNumber(9), Fixture.checkpoint(trial)),
            .milestone(trial.training, trial.id, AttemptNumber(1), bare),
        ]
        for change in wrong {
            let error = #expect(throws: CatalogueError.self) { try catalogue.commit([change]) }
            #expect(error?.kind == .unknown)
        }
        #expect(try count("milestone") == 0)
    }
}
