import GRDB

/// What was foretold of a run that has ended, and what came.
package struct CameTrue: Hashable, Sendable {
    package var sweep: String
    /// Nil where the time was not foretold.
    package var seconds: Double?
    /// Of the store.
    package var bytes: Int
    package var took: Double
    package var kept: Int

    package init(sweep: String, seconds: Double?, bytes: Int, took: Double, kept: Int) {
        (self.sweep, self.seconds, self.bytes, self.took, self.kept) = (sweep, seconds, bytes, took, kept)
    }
}

extension Catalogue {
    /// Keeps what was foretold of a run that has ended, and what came.
    package func keep(_ forecast: CameTrue) throws {
        let now = Timestamp.text(clock())
        try write { db in
            try db.execute(
                sql: """
                    INSERT INTO forecast (sweep, made_at, seconds, bytes, took, kept)
                    SELECT key, ?, ?, ?, ?, ? FROM sweep WHERE name = ?
                    """,
                arguments: [now, forecast.seconds, forecast.bytes, forecast.took, forecast.kept, forecast.sweep])
        }
    }
}

extension CatalogueReader {
    /// The last forecast of which is known what came; nil without one.
    package func lastForecast() throws -> CameTrue? {
        try rows(
            """
            SELECT s.name, f.seconds, f.bytes, f.took, f.kept FROM forecast f JOIN sweep s ON s.key = f.sweep
            ORDER BY f.key DESC LIMIT 1
            """
        ).rows.first.map { row in
            CameTrue(
                sweep: row[0].text ?? "", seconds: row[1].number, bytes: row[2].integer ?? 0, took: row[3].number ?? 0,
                kept: row[4].integer ?? 0)
        }
    }

    /// Bytes of all files in the store that the catalogue names.
    package func bytesKept() throws -> Int {
        try storedBytes().rows.reduce(0) { $0 + ($1[1].integer ?? 0) }
    }
}
