import Foundation
import GRDB
import Testing

@testable import ResultCatalogue

@Suite struct SchemaTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// The columns of each view that docs/reading-the-catalogue.md promises.
    static let promised = [
        "trials": """
        trial_id training_id state dataset dataset_size part resolution architecture model_scale steps images \
        epochs seed parameters worker attempts host seconds started_at ended_at spec weights
        """,
        "sweep_trials": "sweep trial_id position asked state",
        "measurements": """
        trial_id measure version parameters quantity sigma position value n stderr members attempt host checkpoint
        """,
        "comparisons": "sweep trial_id position measure version parameters members state reason",
        "missing_measures": "trial_id measure version parameters reason failed_at",
        "artifacts": "trial_id measure parameters name media_type digest bytes",
        "notes": "subject name text written_at",
        "tags": "subject name tag tagged_at",
    ]

    @Test(arguments: promised.keys.sorted())
    func viewsHaveThePromisedColumns(_ view: String) throws {
        let catalogue = try Catalogue(path: scratch.catalogue)
        let columns = try catalogue.reader.rows("SELECT * FROM \(view)").columns
        let promised = try #require(Self.promised[view]).split(separator: " ").map(String.init)
        #expect(Set(promised).subtracting(columns).isEmpty)
        #expect(
            try RawDatabase.text("SELECT name FROM sqlite_master WHERE type = 'view'", at: scratch.catalogue).count
                == Self.promised.count
        )
    }

    /// A released schema never changes: a difference here needs a new migration. `EIGENSWEEP_WRITE_DOCS=1` writes what that
    /// one makes, for a person to read the difference.
    @Test func theSchemaIsTheGoldenOne() throws {
        _ = try Catalogue(path: scratch.catalogue)
        let schema = try RawDatabase.text(
            "SELECT type || ' ' || name || char(10) || sql || ';' FROM sqlite_master WHERE sql NOT NULL ORDER BY type, name",
            at: scratch.catalogue
        ).joined(separator: "\n\n")
        let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Golden/schema.sql")
        if ProcessInfo.processInfo.environment["EIGENSWEEP_WRITE_DOCS"] != nil {
            try (schema + "\n").write(to: golden, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: golden, encoding: .utf8) == schema + "\n")
    }

    /// Every change that another program makes is recorded as one.
    @Test func everyTableIsWatched() throws {
        _ = try Catalogue(path: scratch.catalogue)
        let unwatched = try RawDatabase.text(
            """
            SELECT name FROM sqlite_master t WHERE type = 'table' AND name NOT IN ('unsealed', 'grdb_migrations')
            AND name NOT LIKE 'sqlite%' AND 3 <> (
                SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = t.name
                AND instr(name, '_elsewhere_') > 0)
            """, at: scratch.catalogue)
        #expect(unwatched.isEmpty)
    }

    @Test func tablesAreStrict() throws {
        _ = try Catalogue(path: scratch.catalogue)
        let loose = try RawDatabase.text(
            """
            SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0
            AND name NOT LIKE 'sqlite%' AND name <> 'grdb_migrations'
            """, at: scratch.catalogue)
        #expect(loose.isEmpty)
    }

    /// A catalogue of each earlier step of the migrations comes up to the newest, and keeps its identity.
    @Test(arguments: 1..<Schema.version)
    func earlierSchemasAreBroughtUp(_ version: Int) throws {
        let queue = try DatabaseQueue(path: scratch.catalogue)
        try Schema.migrate(queue, through: version)
        try queue.write {
            try $0.execute(
                sql: """
                    INSERT INTO catalogue_identity (one, catalogue_id, generation, created_at)
                    VALUES (1, 'kept', 7, '2026-01-01T00:00:00.000Z')
                    """)
        }
        try queue.close()
        let early = #expect(throws: CatalogueError.self) { _ = try CatalogueReader(path: scratch.catalogue) }
        #expect(early?.kind == .earlier)
        let catalogue = try Catalogue(path: scratch.catalogue)
        #expect(catalogue.id == "kept")
        #expect(catalogue.generation == 7)
        try catalogue.store(Fixture.sweep())
        #expect(try catalogue.reader.rows("SELECT count(*) FROM sweep_trials").rows == [[.integer(8)]])
        #expect(try RawDatabase.text("PRAGMA integrity_check", at: scratch.catalogue) == ["ok"])
        #expect(try RawDatabase.text("PRAGMA foreign_key_check", at: scratch.catalogue).isEmpty)
    }

    /// Measurements that were recorded before they lay by quantity read as they did.
    @Test func earlierMeasurementsAreKept() throws {
        let queue = try DatabaseQueue(path: scratch.catalogue)
        try Schema.migrate(queue, through: 11)
        try queue.write {
            try $0.execute(
                sql: """
                    INSERT INTO training (key, training_id, batch, spec) VALUES (1, 'r', 1, '{}');
                    INSERT INTO trial (key, trial_id, training, steps) VALUES (1, 'a', 1, 1), (2, 'b', 1, 2);
                    INSERT INTO attempt (number, job, training, kind, host, machine, boot, cpu, generation, intended_at)
                    VALUES (1, 'j', 1, 'train', 'h', 'm', 'b', 'c', 1, 't');
                    INSERT INTO measure_request VALUES (1, 'distances', 1, '{}'), (2, 'memorization', 1, '{}');
                    INSERT INTO measured (key, trial, request, attempt, checkpoint, seconds, recorded_at) VALUES
                        (1, 1, 2, 1, 'w', 1, 't'), (2, 1, 1, 1, 'w', 1, 't'), (3, 2, 2, 1, 'w', 1, 't');
                    INSERT INTO measurement VALUES
                        (1, 0, 'gl_score', NULL, NULL, 0.5, 256, 0.1), (1, 1, 'copied', NULL, NULL, NULL, 256, NULL),
                        (2, 0, 'rmse', 80, NULL, 1, 8, NULL), (2, 1, 'rmse', 2, 3, 2, 8, NULL),
                        (3, 0, 'gl_score', NULL, NULL, 0.75, 256, NULL);
                    """)
        }
        try queue.close()
        let catalogue = try Catalogue(path: scratch.catalogue)
        let rows = try catalogue.reader.rows(
            "SELECT trial_id, quantity, sigma, position, value, n FROM measurements ORDER BY 1, 2, 3 DESC")
        let lines = rows.rows.map { row in
            let words: [String] = row.map { value in value.text ?? value.number.map { "\($0)" } ?? "-" }
            return words.joined(separator: " ")
        }
        #expect(
            lines == [
                "a copied - - - 256.0", "a gl_score - - 0.5 256.0", "a rmse 80.0 - 1.0 8.0", "a rmse 2.0 3.0 2.0 8.0",
                "b gl_score - - 0.75 256.0",
            ])
    }
}
