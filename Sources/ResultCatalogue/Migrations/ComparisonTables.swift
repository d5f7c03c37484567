extension Schema {
    /// Measures over several trials: each is recorded once, of the first of its trials, and does not change that trial's
    /// state. `members` are the trials as a JSON list, that one first; it is empty for measures of one trial.
    static let comparisons = """
        CREATE TABLE wished_comparison (
            revision INTEGER NOT NULL REFERENCES revision,
            position INTEGER NOT NULL,
            trial INTEGER NOT NULL REFERENCES trial,
            request INTEGER NOT NULL REFERENCES measure_request,
            members TEXT NOT NULL,
            PRIMARY KEY (revision, position)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE failed_comparison (
            trial INTEGER NOT NULL REFERENCES trial,
            request INTEGER NOT NULL REFERENCES measure_request,
            members TEXT NOT NULL,
            reason TEXT NOT NULL,
            failed_at TEXT NOT NULL,
            PRIMARY KEY (trial, request, members)
        ) STRICT, WITHOUT ROWID;

        CREATE VIEW comparisons AS
        SELECT
            s.name AS sweep, t.trial_id, c.position, q.measure, q.version, q.parameters, c.members,
            CASE
                WHEN EXISTS (
                    SELECT 1 FROM measured d
                    WHERE d.trial = c.trial AND d.request = c.request AND d.members = c.members)
                THEN 'succeeded'
                WHEN f.trial IS NOT NULL THEN 'failed'
                WHEN EXISTS (
                    SELECT 1 FROM json_each(c.members) j JOIN trial o ON o.trial_id = j.value
                    LEFT JOIN cancelled_wish x ON x.sweep = s.key AND x.trial = o.key
                    WHERE x.trial IS NOT NULL OR o.state IN ('failed', 'cancelled'))
                THEN 'cancelled'
                ELSE 'waiting'
            END AS state,
            f.reason
        FROM sweep s
        JOIN wished_comparison c ON c.revision = s.revision
        JOIN trial t ON t.key = c.trial
        JOIN measure_request q ON q.key = c.request
        LEFT JOIN failed_comparison f ON f.trial = c.trial AND f.request = c.request AND f.members = c.members;
        """
}
