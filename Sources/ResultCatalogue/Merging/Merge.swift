import Foundation
import GRDB
import JobContract
import SweepModel

extension Catalogue {
    /// Takes in what the catalogue that `other` reads has recorded, in one transaction: trainings, trials, checkpoints,
    /// measures, and sweeps by names that are new here, and what was noted of them. A second merge of the same catalogue changes nothing.
    ///
    /// Results that both have must be equal; where they are not, ours stand and theirs are kept as evidence. Incomplete
    /// trials that only the other's sweeps want come cancelled, so that nobody runs them unasked. Full states come with
    /// `states` only: their files must be in the store then.
    ///
    /// Anybody may have made the other file: every identity is computed again, every name, digest, time, count and reference
    /// is checked, and rows that fail are left out and told with the reason (`MergeOutcome.refused`).
    ///
    /// Throws `CatalogueError`.
    package func merge(_ other: CatalogueReader, states: Bool) throws -> MergeOutcome {
        guard other.path != path else {
            throw CatalogueError(.unknown, "\(path): a catalogue cannot be merged into itself")
        }
        let source = try CatalogueFile.attachingPath(other.path)
        let now = Timestamp.text(clock())
        knownKeys.forget()
        return try CatalogueError.translating(path) {
            try queue.inDatabase { db in
                try db.execute(sql: "ATTACH ? AS other", arguments: [source])
                defer { try? db.execute(sql: "DETACH other") }
                var outcome = MergeOutcome()
                try db.inTransaction(.immediate) {
                    try Pages.check(db, path: path)
                    try Pages.check(db, schema: "other", path: other.path)
                    try ForeignSchema.checkTables(db, schema: "other", path: other.path)
                    let recording = Recording(db: db, now: now, generation: generation, path: path)
                    let merging = Merging(recording: recording, ours: id, theirs: other.id, states: states)
                    outcome = try merging.run()
                    return .commit
                }
                return outcome
            }
        }
    }
}

/// One merge inside a transaction; the other catalogue is the schema `other`.
struct Merging {
    let recording: Recording
    let ours: String
    let theirs: String
    let states: Bool
    var db: Database { recording.db }

    func run() throws -> MergeOutcome {
        var outcome = MergeOutcome()
        try makeRefused()
        let last = try Int64.fetchOne(db, sql: "SELECT coalesce(max(key), 0) FROM main.trial") ?? 0
        try mergeWorkerFiles(&outcome)
        try mergeTrials(&outcome)
        try findWrongRows()
        try findRefused()
        try mapKeys()
        try mergeAttempts()
        try mergeCheckpoints(&outcome)
        try succeed(after: last)
        try mergeMeasures(&outcome)
        try mergeSweeps(&outcome)
        try mergeRemarks(ofSweeps: outcome.sweeps, &outcome)
        try settle()
        outcome.refused += try refusals()
        for table in ["trial_pair", "attempt_pair", "request_pair", "measured_pair", "refused", "wrong_row"] {
            try execute("DROP TABLE temp.\(table)")
        }
        return outcome
    }

    /// Returns how many rows it changed.
    @discardableResult
    func execute(_ sql: String, _ arguments: StatementArguments = []) throws -> Int {
        try db.execute(sql: sql, arguments: arguments)
        return db.changesCount
    }

    /// Pairs the keys, theirs and ours, of trials and requests that are the same.
    private func mapKeys() throws {
        try execute(
            """
            CREATE TEMP TABLE trial_pair AS
            SELECT o.key AS theirs, m.key AS ours FROM other.trial o JOIN main.trial m ON m.trial_id = o.trial_id
            WHERE \(Self.accepts(.trial, "o.key"))
            """)
        try execute("CREATE UNIQUE INDEX temp.trial_pair_by_theirs ON trial_pair (theirs)")
        try execute(
            """
            INSERT INTO main.measure_request (measure, version, parameters)
            SELECT measure, version, parameters FROM other.measure_request o WHERE \(Self.accepts(.request, "o.key"))
            ON CONFLICT DO NOTHING
            """)
        try execute(
            """
            CREATE TEMP TABLE request_pair AS
            SELECT o.key AS theirs, m.key AS ours FROM other.measure_request o
            JOIN main.measure_request m USING (measure, version, parameters) WHERE \(Self.accepts(.request, "o.key"))
            """)
    }

    /// Marks new trials as succeeded that have succeeded in the other catalogue and have a checkpoint.
    private func succeed(after last: Int64) throws {
        try execute(
            """
            UPDATE main.trial SET state = 'succeeded' WHERE key > ?1 AND key IN (
                SELECT p.ours FROM trial_pair p JOIN other.trial o ON o.key = p.theirs WHERE o.state = 'succeeded')
                AND EXISTS (SELECT 1 FROM main.milestone m WHERE m.trial = trial.key)
            """, [last])
    }

    /// Takes in attempts that left something, under new numbers. Attempts that were ours, or were taken in before, keep the
    /// number that they have here.
    private func mergeAttempts() throws {
        try execute(
            """
            CREATE TEMP TABLE attempt_pair AS
            SELECT a.number AS theirs, coalesce(g.catalogue, ?1) AS catalogue, coalesce(g.number, a.number) AS number,
                CAST(NULL AS INTEGER) AS ours
            FROM other.attempt a LEFT JOIN other.merged_attempt g ON g.attempt = a.number
            WHERE a.number IN (SELECT attempt FROM other.milestone UNION SELECT attempt FROM other.measured)
                AND \(Self.accepts(.attempt, "a.number"))
            """, [theirs])
        try execute("CREATE UNIQUE INDEX temp.attempt_pair_by_theirs ON attempt_pair (theirs)")
        try execute(
            """
            UPDATE attempt_pair SET ours = (
                SELECT a.number FROM main.attempt a WHERE attempt_pair.catalogue = ?1 AND a.number = attempt_pair.number
                UNION ALL SELECT g.attempt FROM main.merged_attempt g
                WHERE g.catalogue = attempt_pair.catalogue AND g.number = attempt_pair.number)
            """, [ours])
        let last =
            try Int64.fetchOne(
                db, sql: "SELECT coalesce(max(number), 0) FROM main.attempt WHERE number < \(AttemptNumber.mostGiven)")
            ?? 0
        try execute(
            "CREATE TEMP TABLE new_attempt AS SELECT theirs FROM attempt_pair WHERE ours IS NULL ORDER BY theirs")
        try execute(
            """
            UPDATE attempt_pair SET ours = ?1 + n.rowid FROM temp.new_attempt n WHERE n.theirs = attempt_pair.theirs
            """, [last])
        // An attempt that still ran there is taken in as paused: nobody waits for it here.
        try execute(
            """
            INSERT INTO main.attempt (number, job, training, kind, host, machine, boot, cpu, generation, intended_at,
                started_at, ended_at, outcome, reason, worker, numerics, build, worker_cpu, kernels, diagnostics)
            SELECT p.ours, a.job, m.key, a.kind, a.host, a.machine, a.boot, a.cpu, a.generation, a.intended_at,
                a.started_at, a.ended_at, coalesce(a.outcome, 'paused'), a.reason, a.worker, a.numerics, a.build,
                a.worker_cpu, a.kernels, a.diagnostics
            FROM temp.new_attempt n JOIN attempt_pair p ON p.theirs = n.theirs
            JOIN other.attempt a ON a.number = n.theirs JOIN other.training r ON r.key = a.training
            JOIN main.training m ON m.training_id = r.training_id
            """)
        try execute(
            """
            INSERT OR IGNORE INTO main.merged_attempt
            SELECT p.catalogue, p.number, p.ours FROM temp.new_attempt n JOIN attempt_pair p ON p.theirs = n.theirs
            """)
        try execute(
            """
            INSERT OR IGNORE INTO main.attempt_trial
            SELECT p.ours, x.position, t.ours FROM temp.new_attempt n JOIN attempt_pair p ON p.theirs = n.theirs
            JOIN other.attempt_trial x ON x.attempt = n.theirs JOIN trial_pair t ON t.theirs = x.trial
            """)
        try execute("DROP TABLE temp.new_attempt")
    }

    private func mergeCheckpoints(_ outcome: inout MergeOutcome) throws {
        let conflicts = try Row.fetchAll(
            db,
            sql: """
                SELECT t.ours, p.ours, m.weights, m.state, o.weights, o.state, i.trial_id FROM other.milestone o
                JOIN trial_pair t ON t.theirs = o.trial JOIN attempt_pair p ON p.theirs = o.attempt
                JOIN main.milestone m ON m.trial = t.ours JOIN main.trial i ON i.key = t.ours
                WHERE (m.weights <> o.weights OR m.state <> o.state) AND \(Self.accepts(.milestone, "o.trial")) ORDER BY 1
                """)
        for row in conflicts {
            try recording.addEvidence(
                kind: .milestone, trial: row[0], request: nil, attempt: AttemptNumber(row[1]),
                kept: Recording.text(weights: row[2], state: row[3]),
                found: Recording.text(weights: row[4], state: row[5]))
            outcome.conflicts.append(.init(trial: row[6], about: "checkpoint"))
        }
        // An earlier merge without states has left theirs out of what it took in.
        try execute(
            """
            UPDATE main.milestone SET state = o.state, state_bytes = o.state_bytes
            FROM other.milestone o JOIN trial_pair t ON t.theirs = o.trial JOIN attempt_pair p ON p.theirs = o.attempt
            WHERE ?1 AND milestone.trial = t.ours AND milestone.attempt = p.ours AND milestone.weights = o.weights
                AND milestone.state IS NULL AND o.state IS NOT NULL AND p.catalogue <> ?2
                AND \(Self.accepts(.milestone, "o.trial"))
            """, [states, ours])
        outcome.checkpoints = try execute(
            """
            INSERT INTO main.milestone
                (trial, attempt, weights, weights_bytes, state, state_bytes, parameters, losses, seconds, recorded_at)
            SELECT t.ours, p.ours, o.weights, o.weights_bytes, iif(?1, o.state, NULL), iif(?1, o.state_bytes, NULL),
                o.parameters, o.losses, o.seconds, o.recorded_at
            FROM other.milestone o JOIN trial_pair t ON t.theirs = o.trial JOIN attempt_pair p ON p.theirs = o.attempt
            WHERE NOT EXISTS (SELECT 1 FROM main.milestone m WHERE m.trial = t.ours)
                AND \(Self.accepts(.milestone, "o.trial")) ON CONFLICT DO NOTHING
            """, [states])
    }

    /// Trials that now have everything have succeeded, also where they had failed or were cancelled here.
    private func settle() throws {
        try execute(
            """
            DELETE FROM main.failed_comparison WHERE EXISTS (
                SELECT 1 FROM main.measured d WHERE d.trial = failed_comparison.trial
                AND d.request = failed_comparison.request AND d.members = failed_comparison.members)
            """)
        try execute(
            """
            UPDATE main.trial SET state = 'waiting', reason = NULL, ended_at = NULL
            WHERE state IN ('failed', 'cancelled') AND key IN (SELECT ours FROM trial_pair)
                AND EXISTS (SELECT 1 FROM main.wish w JOIN main.sweep s ON s.revision = w.revision WHERE w.trial = key)
                AND NOT \(Recording.isIncomplete)
            """)
        let storing = Storing(recording: recording)
        for revision in try Int64.fetchAll(db, sql: "SELECT revision FROM main.sweep WHERE revision NOT NULL") {
            try storing.reconsider(revision)
        }
        // This counts all sweeps anew.
        try execute("UPDATE main.sweep SET revision = revision")
    }
}
