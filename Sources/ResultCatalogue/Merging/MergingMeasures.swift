import GRDB
import JobContract
import SweepModel

extension Merging {
    func mergeMeasures(_ outcome: inout MergeOutcome) throws {
        try reportConflicts(&outcome)
        try execute(
            """
            INSERT INTO main.quantity (request, name)
            SELECT q.ours, k.name FROM other.quantity k JOIN request_pair q ON q.theirs = k.request ORDER BY k.key
            ON CONFLICT DO NOTHING
            """)
        try execute(
            "INSERT INTO main.declared_quantity SELECT * FROM other.declared_quantity WHERE true ON CONFLICT DO NOTHING"
        )
        try execute(
            """
            CREATE TEMP TABLE measured_pair AS
            SELECT d.key AS theirs, t.ours AS trial, q.ours AS request, p.ours AS attempt, 0 AS ours
            FROM other.measured d JOIN trial_pair t ON t.theirs = d.trial JOIN request_pair q ON q.theirs = d.request
            JOIN attempt_pair p ON p.theirs = d.attempt
            WHERE NOT EXISTS (
                SELECT 1 FROM main.measured m WHERE m.trial = t.ours AND m.request = q.ours AND m.members = d.members)
            ORDER BY d.key
            """)
        let last = try Int64.fetchOne(db, sql: "SELECT coalesce(max(key), 0) FROM main.measured") ?? 0
        outcome.measures = try execute("UPDATE measured_pair SET ours = ?1 + rowid", [last])
        try execute(
            """
            INSERT INTO main.measured (key, trial, request, attempt, checkpoint, members, seconds, recorded_at)
            SELECT p.ours, p.trial, p.request, p.attempt, d.checkpoint, d.members, d.seconds, d.recorded_at
            FROM measured_pair p JOIN other.measured d ON d.key = p.theirs
            """)
        try execute(
            """
            INSERT INTO main.measurement
            SELECT k.key, p.ours, v.ordinal, v.sigma, v.position, v.value, v.n, v.stderr
            FROM measured_pair p CROSS JOIN other.measured d ON d.key = p.theirs
            CROSS JOIN other.quantity o ON o.request = d.request
            CROSS JOIN main.quantity k ON k.request = p.request AND k.name = o.name
            CROSS JOIN other.measurement v ON v.quantity = o.key AND v.measured = d.key
            """)
        try execute(
            """
            INSERT INTO main.artifact
            SELECT p.ours, f.ordinal, f.name, f.media_type, f.digest, f.bytes
            FROM measured_pair p JOIN other.artifact f ON f.measured = p.theirs
            """)
    }

    /// Measures that both have with other values, checkpoints or artifacts.
    private func reportConflicts(_ outcome: inout MergeOutcome) throws {
        func rows(_ schema: String, _ key: String) -> String {
            """
            SELECT k.name, v.ordinal, v.sigma, v.position, v.value, v.n, v.stderr
            FROM \(schema).measured d JOIN \(schema).quantity k ON k.request = d.request
            JOIN \(schema).measurement v ON v.quantity = k.key AND v.measured = d.key WHERE d.key = \(key)
            """
        }
        func artifacts(_ schema: String, _ key: String) -> String {
            "SELECT ordinal, name, digest FROM \(schema).artifact WHERE measured = \(key)"
        }
        func differ(_ make: (String, String) -> String) -> String {
            let (ours, theirs) = (make("main", "m.key"), make("other", "o.key"))
            return "EXISTS (\(ours) EXCEPT \(theirs)) OR EXISTS (\(theirs) EXCEPT \(ours))"
        }
        let pairs = try Row.fetchAll(
            db,
            sql: """
                SELECT m.key, o.key, t.ours, q.ours, p.ours, i.trial_id, r.measure FROM other.measured o
                JOIN trial_pair t ON t.theirs = o.trial JOIN request_pair q ON q.theirs = o.request
                JOIN attempt_pair p ON p.theirs = o.attempt
                JOIN main.measured m ON m.trial = t.ours AND m.request = q.ours AND m.members = o.members
                JOIN main.trial i ON i.key = t.ours JOIN main.measure_request r ON r.key = q.ours
                WHERE m.checkpoint <> o.checkpoint OR \(differ(rows)) OR \(differ(artifacts)) ORDER BY 1
                """)
        for pair in pairs {
            try recording.addEvidence(
                kind: "measure", trial: pair[2], request: pair[3], attempt: AttemptNumber(pair[4]),
                kept: recording.text(ofMeasured: pair[0]), found: recording.text(ofMeasured: pair[1], in: "other"))
            outcome.conflicts.append(.init(trial: pair[5], about: pair[6]))
        }
    }

    /// Sweeps whose names are new here come with their last revision.
    func mergeSweeps(_ outcome: inout MergeOutcome) throws {
        let sweeps = try Row.fetchAll(
            db,
            sql: """
                SELECT s.name, s.revision, r.content, m.content, s.created_at, m.key IS NOT NULL
                FROM other.sweep s JOIN other.revision r ON r.key = s.revision
                LEFT JOIN main.sweep n ON n.name = s.name LEFT JOIN main.revision m ON m.key = n.revision
                ORDER BY s.key
                """)
        for row in sweeps {
            let name: String = row[0]
            if row[5] {
                if row[2] as String != row[3] as String? { outcome.otherSweeps.append(name) }
                continue
            }
            try mergeSweep(name, revision: row[1], created: row[4])
            outcome.sweeps.append(name)
        }
    }

    private func mergeSweep(_ name: String, revision theirs: Int64, created: String) throws {
        try execute("INSERT INTO main.sweep (name, created_at) VALUES (?, ?)", [name, created])
        let sweep = db.lastInsertedRowID
        try execute(
            """
            INSERT INTO main.revision (sweep, number, about, text, overrides, needs, worker, content, stored_at)
            SELECT ?1, 1, about, text, overrides, needs, worker, content, stored_at FROM other.revision WHERE key = ?2
            """, [sweep, theirs])
        let revision = db.lastInsertedRowID
        try execute(
            """
            INSERT INTO main.wish SELECT ?1, w.position, t.ours, w.asked FROM other.wish w
            JOIN trial_pair t ON t.theirs = w.trial WHERE w.revision = ?2
            """, [revision, theirs])
        try execute(
            """
            INSERT INTO main.dataset_request (request)
            SELECT DISTINCT d.request FROM other.wished_dataset w JOIN other.dataset_request d ON d.key = w.dataset
            WHERE w.revision = ? ON CONFLICT DO NOTHING
            """, [theirs])
        try execute(
            """
            INSERT INTO main.wished_dataset
            SELECT ?1, m.key, k.key FROM other.wished_dataset w JOIN other.training r ON r.key = w.training
            JOIN main.training m ON m.training_id = r.training_id
            JOIN other.dataset_request d ON d.key = w.dataset JOIN main.dataset_request k ON k.request = d.request
            WHERE w.revision = ?2
            """, [revision, theirs])
        try execute(
            """
            INSERT INTO main.wished_measure SELECT ?1, q.ours, w.position FROM other.wished_measure w
            JOIN request_pair q ON q.theirs = w.request WHERE w.revision = ?2
            """, [revision, theirs])
        try execute(
            """
            INSERT INTO main.wished_comparison
            SELECT ?1, w.position, t.ours, q.ours, w.members FROM other.wished_comparison w
            JOIN trial_pair t ON t.theirs = w.trial JOIN request_pair q ON q.theirs = w.request WHERE w.revision = ?2
            """, [revision, theirs])
        try execute("UPDATE main.sweep SET revision = ? WHERE key = ?", [revision, sweep])
        try execute(
            """
            INSERT INTO main.cancelled_wish (sweep, trial, cancelled_at)
            SELECT ?1, t.key, ?3 FROM main.sweep_trials v JOIN main.trial t ON t.trial_id = v.trial_id
            WHERE v.sweep = ?2 AND v.state <> 'succeeded'
            """, [sweep, name, recording.now])
    }
}
