import GRDB
import JobContract
import SweepModel

extension Catalogue {
    /// Takes back the sweep's wish for those of `trials` that wait or run for it, in one transaction, and returns how
    /// many they were. Trials that no sweep wants any more become `cancelled`; what another sweep wants goes on.
    @discardableResult
    package func cancel(_ trials: [TrialID], of sweep: String) throws -> Int {
        try change(trials, of: sweep) { recording, sweep, trial in
            try recording.run(
                """
                INSERT INTO cancelled_wish (sweep, trial, cancelled_at)
                SELECT s.key, t.key, ?3 FROM sweep s JOIN trial t ON t.key = ?2
                JOIN sweep_trials v ON v.sweep = s.name AND v.trial_id = t.trial_id
                WHERE s.key = ?1 AND v.state IN ('waiting', 'running')
                """, [sweep, trial, recording.now])
            guard recording.db.changesCount > 0 else { return false }
            try recording.run(
                """
                UPDATE trial SET state = 'cancelled', ended_at = ?2
                WHERE key = ?1 AND state IN ('waiting', 'running') AND NOT \(Recording.isWanted)
                """, [trial, recording.now])
            try recording.settle(trial)
            return true
        }
    }

    /// Wants again those of `trials` that have failed, that this sweep took back, or of which a measure or comparison
    /// failed, in one transaction, and returns how many they were. Earlier faults no longer count against them.
    @discardableResult
    package func retry(_ trials: [TrialID], of sweep: String) throws -> Int {
        try change(trials, of: sweep) { recording, sweep, trial in
            try recording.run("DELETE FROM cancelled_wish WHERE sweep = ? AND trial = ?", [sweep, trial])
            var isChanged = recording.db.changesCount > 0
            try recording.run(
                """
                DELETE FROM failed_comparison WHERE trial = ?1 AND request IN (
                    SELECT c.request FROM sweep s JOIN wished_comparison c ON c.revision = s.revision WHERE s.key = ?2
                    UNION SELECT q.request FROM sweep s JOIN wished_measure q ON q.revision = s.revision
                    WHERE s.key = ?2)
                """, [trial, sweep])
            isChanged = isChanged || recording.db.changesCount > 0
            try recording.run(
                """
                UPDATE trial SET state = 'waiting', reason = NULL, ended_at = NULL,
                    forgiven = (SELECT coalesce(max(number), 0) FROM attempt)
                WHERE key = ? AND (state IN ('failed', 'cancelled') OR state = 'succeeded' AND \(Recording.isIncomplete))
                """, [trial])
            guard isChanged || recording.db.changesCount > 0 else { return false }
            try recording.settle(trial)
            return true
        }
    }

    /// Applies `body` to the keys of the trials that the sweep's revision holds, and counts those it changed.
    private func change(
        _ trials: [TrialID], of sweep: String, _ body: (Recording, _ sweep: Int64, _ trial: Int64) throws -> Bool
    ) throws -> Int {
        let now = Timestamp.text(clock())
        return try write { db in
            let recording = Recording(db: db, now: now, generation: generation, path: path)
            guard let key = try Int64.fetchOne(db, sql: "SELECT key FROM sweep WHERE name = ?", arguments: [sweep])
            else { throw recording.unknown("there is no sweep \"\(sweep)\"") }
            let wished = try db.cachedStatement(
                sql: """
                    SELECT t.key FROM trial t JOIN wish w ON w.trial = t.key JOIN sweep s ON s.revision = w.revision
                    WHERE t.trial_id = ? AND s.key = ?
                    """)
            return try trials.count { id in
                guard let trial = try Int64.fetchOne(wished, arguments: [id.hex, key]) else { return false }
                return try body(recording, key, trial)
            }
        }
    }
}

extension Recording {
    /// Whether some sweep's current revision wants the trial and has not taken that back. SQL over a row of `trial`.
    static let isWanted = """
        EXISTS (
            SELECT 1 FROM wish w JOIN sweep s ON s.revision = w.revision WHERE w.trial = trial.key AND NOT EXISTS (
                SELECT 1 FROM cancelled_wish c WHERE c.sweep = s.key AND c.trial = w.trial))
        """

    /// Lets a trial succeed that waits or runs although all that is wanted of it is recorded.
    fileprivate func settle(_ trial: Int64) throws {
        try run(
            """
            UPDATE trial SET state = 'succeeded', ended_at = ?2
            WHERE key = ?1 AND state IN ('waiting', 'running') AND NOT \(Self.isIncomplete)
            """, [trial, now])
    }
}
