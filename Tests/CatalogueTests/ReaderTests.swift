import Foundation
import GRDB
import JobContract
import SweepModel
import Testing

@testable import ResultCatalogue

@Suite struct ReaderTests {
    let scratch: Scratch
    let catalogue: Catalogue

    init() throws {
        scratch = try Scratch()
        catalogue = try Catalogue(path: scratch.catalogue)
        try catalogue.store(Fixture.sweep())
    }

    @Test(arguments: [
        "DELETE FROM trial", "UPDATE trial SET state = 'failed'", "DROP VIEW trials", "VACUUM",
        "INSERT INTO trial (trial_id, training, steps) VALUES ('a', 1, 9) RETURNING key",
        "ATTACH ':memory:' AS other", "CREATE TEMP TABLE t (x)", "PRAGMA user_version = 9", "BEGIN IMMEDIATE",
        "SELECT 1; DELETE FROM trial", "SELECT * FROM nothing", "not SQL", "",
    ])
    func aReaderRunsNothingButOneSelect(_ sql: String) throws {
        let reader = try CatalogueReader(path: scratch.catalogue)
        for reader in [reader, catalogue.reader] {
            #expect(throws: CatalogueError.self) { try reader.rows(sql) }
        }
        #expect(try reader.rows("SELECT count(*), min(state) FROM trial").rows == [[.integer(8), .text("waiting")]])
        #expect(try RawDatabase.text("PRAGMA user_version", at: scratch.catalogue) == ["\(Schema.version)"])
        // The connection still works for the writer.
        #expect(try catalogue.beginGeneration() == 1)
    }

    @Test func theSizeOfWeightsIsThatOfAWorkersOwn() throws {
        let worker = WorkerName(name: "eigensweep-worker", numerics: 1)
        #expect(try catalogue.reader.weightsSeen(of: worker) == nil)
        let trial = Fixture.sweep().trials[0]
        try catalogue.commit([
            .attemptIntended(Fixture.attempt(1, [trial])),
            .milestone(trial.training, trial.id, AttemptNumber(1), Fixture.checkpoint(trial)),
        ])
        #expect(try catalogue.reader.weightsSeen(of: worker) == 1000)
        #expect(try catalogue.reader.weightsSeen(of: WorkerName(name: "eigensweep-worker", numerics: 2)) == nil)
    }

    @Test func theConnectionItselfRefusesWrites() throws {
        let reader = try CatalogueReader(path: scratch.catalogue)
        #expect(throws: CatalogueError.self) {
            try reader.read { try $0.execute(sql: "UPDATE trial SET state = 'failed'") }
        }
    }

    @Test func readersSeeCommitsOfALivingWriterAndNothingBefore() throws {
        let reader = try CatalogueReader(path: scratch.catalogue)
        let trial = Fixture.sweep().trials[0]
        try catalogue.queue.writeWithoutTransaction { db in
            try db.inTransaction(.immediate) {
                try db.execute(sql: "UPDATE trial SET state = 'running'")
                // The writer is in mid-transaction: readers neither wait for it nor see what it writes.
                #expect(try reader.rows("SELECT DISTINCT state FROM trial").rows == [[.text("waiting")]])
                return .rollback
            }
        }
        try catalogue.commit([.trialState(trial.id, .running, reason: nil)])
        #expect(try reader.sweeps().first?.counts == [.running: 1, .waiting: 7])
    }

    @Test func aReaderWorksAfterTheWriterIsGone() throws {
        try catalogue.queue.close()
        let reader = try CatalogueReader(path: scratch.catalogue)
        #expect(try reader.sweeps().map(\.trials) == [8])
    }

    @Test func argumentsAreBound() throws {
        let rows = try catalogue.reader.rows(
            "SELECT ? AS a, ? AS b, ? AS c, ? AS d", [.text("x'y"), .integer(3), .real(0.5), .null])
        #expect(
            rows
                == CatalogueRows(
                    columns: ["a", "b", "c", "d"], rows: [[.text("x'y"), .integer(3), .real(0.5), .null]]))
    }
}
