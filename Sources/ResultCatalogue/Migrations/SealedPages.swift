extension Schema {
    /// Who may have left pages without a seal. Our writer is noted there from its opening until it closes in order. Another
    /// program is noted by triggers: only on our connections `sqlite_version()` answers `eigensweep`.
    static let sealedPages = """
        CREATE TABLE unsealed (by TEXT PRIMARY KEY, since TEXT NOT NULL) STRICT, WITHOUT ROWID;

        """ + watchedTables.map(editTriggers).joined()

    private static let watchedTables = [
        "artifact", "attempt", "attempt_count", "attempt_trial", "cancelled_wish", "catalogue_identity",
        "coordinator_start", "dataset_request", "declared_quantity", "drained_host", "evidence", "failed_comparison",
        "host", "kept_state",
        "measure_request", "measured", "measurement", "merged_attempt", "milestone", "quantity", "reach",
        "recovery_point", "revision", "stored_bytes", "sweep", "sweep_count", "sweep_work", "training", "trial", "wish",
        "wished_comparison", "wished_dataset", "wished_measure",
    ]

    /// Triggers that note an edit by another program. A later migration adds them for each table that it makes.
    static func editTriggers(_ table: String) -> String {
        ["INSERT", "UPDATE", "DELETE"].map { change in
            """
            CREATE TRIGGER \(change.lowercased())_elsewhere_\(table) AFTER \(change) ON \(table)
            WHEN sqlite_version() <> 'eigensweep' BEGIN
                INSERT INTO unsealed VALUES ('another program', strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
                ON CONFLICT DO NOTHING;
            END;

            """
        }.joined()
    }
}
