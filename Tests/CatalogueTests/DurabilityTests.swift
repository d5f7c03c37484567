import Foundation
import JobContract
import SweepModel
import Testing

@testable import ResultCatalogue

@Suite struct DurabilityTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Copies the files as they would lie if the process were killed now: nothing closed, nothing checkpointed.
    private func snapshot(_ name: String) throws -> String {
        let folder = scratch.path + "/" + name
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for suffix in ["", "-wal"] {
            try FileManager.default.copyItem(
                atPath: scratch.catalogue + suffix, toPath: folder + "/catalogue.sqlite" + suffix)
        }
        return folder + "/catalogue.sqlite"
    }

    @Test func everyCommitSurvivesAKillRightAfterIt() throws {
        let catalogue = try Catalogue(path: scratch.catalogue)
        let sweep = Fixture.sweep()
        try catalogue.store(sweep)
        for (index, trial) in sweep.trials.enumerated() {
            try catalogue.commit([
                .attemptIntended(Fixture.attempt(index + 1, [trial])),
                .milestone(trial.training, trial.id, AttemptNumber(index + 1), Fixture.checkpoint(trial)),
            ])
            let killed = try snapshot("after-\(index)")
            let reopened = try Catalogue(path: killed)
            #expect(reopened.id == catalogue.id)
            #expect(try reopened.reader.rows("SELECT count(*) FROM milestone").rows == [[.integer(Int64(index + 1))]])
            #expect(try reopened.reader.nextAttemptNumber() == AttemptNumber(index + 2))
            #expect(try RawDatabase.text("PRAGMA integrity_check", at: killed) == ["ok"])
        }
    }

    @Test func aKillInMidTransactionLeavesNothingOfIt() throws {
        let catalogue = try Catalogue(path: scratch.catalogue)
        let sweep = Fixture.sweep()
        try catalogue.store(sweep)
        try catalogue.queue.writeWithoutTransaction { db in
            // With a cache of one page, uncommitted changes are in the files already.
            try db.execute(sql: "PRAGMA cache_size = 1; PRAGMA cache_spill = 1")
            try db.inTransaction(.immediate) {
                let recording = Recording(db: db, now: "now", generation: 1, path: scratch.catalogue)
                for (index, trial) in sweep.trials.enumerated() {
                    try recording.apply(.attemptIntended(Fixture.attempt(index + 1, [trial])))
                    try recording.apply(.measured(AttemptNumber(index + 1), Fixture.distances(trial)))
                }
                let killed = try snapshot("within")
                let reopened = try Catalogue(path: killed)
                #expect(try reopened.reader.nextAttemptNumber() == AttemptNumber(1))
                #expect(try reopened.reader.rows("SELECT count(*) FROM measurement").rows == [[.integer(0)]])
                #expect(try reopened.reader.sweeps().map(\.trials) == [8])
                #expect(try RawDatabase.text("PRAGMA integrity_check", at: killed) == ["ok"])
                return .rollback
            }
        }
    }
}
