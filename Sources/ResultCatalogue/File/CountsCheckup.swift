import GRDB

extension CatalogueReader {
    /// The kinds of counts that differ from what the rows say, a line each. Reads all rows.
    package func wrongCounts() throws -> [String] {
        try read { db in
            try Self.counts.compactMap { about, kept, found in
                let wrong = try Int.fetchOne(
                    db,
                    sql: """
                        SELECT count(*) FROM (
                            SELECT * FROM (SELECT * FROM (\(kept)) EXCEPT SELECT * FROM (\(found)))
                            UNION ALL SELECT * FROM (SELECT * FROM (\(found)) EXCEPT SELECT * FROM (\(kept))))
                        """)
                return wrong == 0 ? nil : about
            }
        }
    }

    /// What is counted, the stored counts, and the counts that the rows give.
    private static let counts = [
        (
            "trials of sweeps by state", "SELECT sweep, state, trials FROM sweep_count WHERE trials <> 0",
            """
            SELECT s.key, v.state, count(*) FROM sweep s JOIN sweep_trials v ON v.sweep = s.name GROUP BY s.key, v.state
            """
        ),
        ("how far trainings are", "SELECT training, steps FROM reach", reach),
        (
            "how far sweeps are",
            "SELECT sweep, model_scale, resolution, batch, architecture, wanted, reached FROM sweep_work",
            """
            SELECT x.sweep, r.model_scale, r.resolution, r.batch, r.architecture, sum(x.steps),
                sum(min(x.steps, coalesce(e.steps, 0)))
            FROM (
                SELECT s.key AS sweep, t.training, max(t.steps) AS steps
                FROM sweep s JOIN wish w ON w.revision = s.revision JOIN trial t ON t.key = w.trial
                GROUP BY s.key, t.training
            ) x JOIN training r ON r.key = x.training LEFT JOIN (\(reach)) e ON e.training = x.training
            GROUP BY 1, 2, 3, 4, 5
            """
        ),
        (
            "attempts by host and outcome", "SELECT host, outcome, attempts FROM attempt_count WHERE attempts <> 0",
            "SELECT host, coalesce(outcome, 'open'), count(*) FROM attempt GROUP BY 1, 2"
        ),
        ("bytes of files", "SELECT kind, bytes FROM stored_bytes", stored),
    ]

    fileprivate static let stored = """
        SELECT 'weights' AS kind, coalesce(sum(weights_bytes), 0) AS bytes FROM milestone
        UNION ALL SELECT 'states', coalesce(sum(state_bytes), 0)
            + (SELECT coalesce(sum(bytes), 0) FROM recovery_point) FROM milestone
        UNION ALL SELECT 'artifacts', coalesce(sum(bytes), 0) FROM artifact
        """
    fileprivate static let reach = """
        SELECT training, max(steps) AS steps FROM (
            SELECT t.training, t.steps FROM milestone m JOIN trial t ON t.key = m.trial
            UNION ALL SELECT training, steps FROM recovery_point)
        GROUP BY training
        """
}

extension Catalogue {
    /// Counts everything anew, in one transaction.
    package func recount() throws {
        try write { try Self.recount($0) }
    }

    static func recount(_ db: Database) throws {
        try db.execute(
            sql: """
                DELETE FROM reach;
                INSERT INTO reach \(CatalogueReader.reach);
                DELETE FROM attempt_count;
                INSERT INTO attempt_count SELECT host, coalesce(outcome, 'open'), count(*) FROM attempt GROUP BY 1, 2;
                UPDATE stored_bytes SET bytes = (
                    SELECT bytes FROM (\(CatalogueReader.stored)) f WHERE f.kind = stored_bytes.kind);
                UPDATE sweep SET revision = revision;
                """)
    }
}
