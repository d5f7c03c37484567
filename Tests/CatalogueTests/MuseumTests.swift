import Foundation
import GRDB
import Testing

@testable import ResultCatalogue

/// Catalogues that coordinators and agents of earlier schemas made, with all that these wrote into them (scripts/lib/museum).
@Suite struct MuseumTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Museum")
    private static let pieces = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter {
        $0.hasSuffix(".sqlite")
    }.sorted()
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Schemas 1, 2, 5 and 21 never were the last of a commit whose coordinator could launch a sweep.
    @Test func everySchemaThatLandedIsThere() {
        let schemas = Self.pieces.compactMap { Int($0.prefix(4)) }
        #expect(schemas == (3..<Schema.version).filter { ![5, 21].contains($0) })
    }

    @Test(arguments: pieces)
    func theNewestProgramOpensIt(_ piece: String) throws {
        try FileManager.default.copyItem(
            at: Self.folder.appendingPathComponent(piece), to: URL(fileURLWithPath: scratch.catalogue))
        let id = try RawDatabase.text("SELECT catalogue_id FROM catalogue_identity", at: scratch.catalogue)
        let early = #expect(throws: CatalogueError.self) { _ = try CatalogueReader(path: scratch.catalogue) }
        #expect(early?.kind == .earlier && early?.message.contains("resume") == true)
        let catalogue = try Catalogue(path: scratch.catalogue)
        #expect([catalogue.id] == id)
        let sweeps = try catalogue.reader.sweeps()
        #expect(sweeps.map(\.name) == ["museum"] && sweeps.first?.counts[.succeeded] == 4)
        let measured = try catalogue.reader.rows(
            """
            SELECT printf('%d %d %.4f', dataset_size, steps, value) FROM measurements JOIN trials USING (trial_id)
            WHERE measure = 'spread' AND quantity = 'distance' ORDER BY dataset_size, steps
            """)
        #expect(
            measured.rows.compactMap(\.first?.text) == ["8 10 3.7367", "8 20 3.7460", "16 10 4.1905", "16 20 4.1411"])
        #expect(try catalogue.reader.unfinishedSweeps().isEmpty)
        let fresh = try Scratch()
        _ = try Catalogue(path: fresh.catalogue)
        let schema = "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master ORDER BY 1"
        #expect(
            try RawDatabase.text(schema, at: scratch.catalogue) == RawDatabase.text(schema, at: fresh.catalogue))
        #expect(try RawDatabase.text("PRAGMA integrity_check", at: scratch.catalogue) == ["ok"])
        #expect(try RawDatabase.text("PRAGMA foreign_key_check", at: scratch.catalogue).isEmpty)
    }
}
