import Foundation
import GRDB
import Testing

@testable import ResultCatalogue

@Suite struct SchemaTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// The columns interface.md promises, by view.
    static let promised = [
        "trials": """
        trial_id training_id state dataset dataset_size part resolution architecture model_scale steps images \
        epochs seed parameters worker attempts host seconds started_at ended_at spec
        """,
        "sweep_trials": "sweep trial_id position asked state",
        "measurements": """
        trial_id measure version parameters quantity sigma position value n stderr members attempt host checkpoint
        """,
        "artifacts": "trial_id measure parameters name media_type digest bytes",
    ]

    @Test(arguments: promised.keys.sorted())
    func viewsHaveThePromisedColumns(_ view: String) throws {
        let catalogue = try Catalogue(path: scratch.catalogue)
        let columns = try catalogue.reader.rows("SELECT * FROM \(view)").columns
        let promised = try #require(Self.promised[view]).split(separator: " ").map(String.init)
        #expect(Set(promised).subtracting(columns).isEmpty)
        #expect(
            try RawDatabase.text("SELECT name FROM sqlite_master WHERE type = 'view'", at: scratch.catalogue).count == 4
        )
    }

    /// A released schema never changes: a difference here needs a new migration, not a new golden file.
    @Test func theSchemaIsTheGoldenOne() throws {
        _ = try Catalogue(path: scratch.catalogue)
        let schema = try RawDatabase.text(
            "SELECT type || ' ' || name || char(10) || sql || ';' FROM sqlite_master WHERE sql NOT NULL ORDER BY type, name",
            at: scratch.catalogue
        ).joined(separator: "\n\n")
        let golden = try #require(
            Bundle.module.url(forResource: "schema", withExtension: "sql", subdirectory: "Golden"))
        #expect(try String(contentsOf: golden, encoding: .utf8) == schema + "\n")
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

    /// A catalogue at every earlier step of the migrations comes up to this one, keeping its identity.
    @Test(arguments: 1..<Schema.version)
    func earlierSchemasAreBroughtUp(_ version: Int) throws {
        let queue = try DatabaseQueue(path: scratch.catalogue)
        try Schema.migrate(queue, through: version)
        try queue.write {
            try $0.execute(sql: "INSERT INTO catalogue_identity VALUES (1, 'kept', 7, '2026-01-01T00:00:00.000Z')")
        }
        try queue.close()
        let early = #expect(throws: CatalogueError.self) { _ = try CatalogueReader(path: scratch.catalogue) }
        #expect(early?.kind == .query)
        let catalogue = try Catalogue(path: scratch.catalogue)
        #expect(catalogue.id == "kept")
        #expect(catalogue.generation == 7)
        try catalogue.store(Fixture.sweep())
        #expect(try catalogue.reader.rows("SELECT count(*) FROM sweep_trials").rows == [[.integer(8)]])
        #expect(try RawDatabase.text("PRAGMA integrity_check", at: scratch.catalogue) == ["ok"])
        #expect(try RawDatabase.text("PRAGMA foreign_key_check", at: scratch.catalogue).isEmpty)
    }
}
