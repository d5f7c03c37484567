extension Schema {
    /// `failed_comparison` holds measures of one trial too, with no members: a trial that failed for these alone is trained,
    /// and can be compared with others. `missing_measures` lists these measures and their reasons.
    static let failedMeasures = """
        DROP VIEW comparisons;
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
                    WHERE x.trial IS NOT NULL OR o.state = 'cancelled' OR o.state = 'failed' AND NOT EXISTS (
                            SELECT 1 FROM failed_comparison y WHERE y.trial = o.key AND y.members = ''))
                THEN 'cancelled'
                ELSE 'waiting'
            END AS state,
            f.reason
        FROM sweep s
        JOIN wished_comparison c ON c.revision = s.revision
        JOIN trial t ON t.key = c.trial
        JOIN measure_request q ON q.key = c.request
        LEFT JOIN failed_comparison f ON f.trial = c.trial AND f.request = c.request AND f.members = c.members;

        CREATE VIEW missing_measures AS
        SELECT t.trial_id, q.measure, q.version, q.parameters, f.reason, f.failed_at
        FROM failed_comparison f
        JOIN trial t ON t.key = f.trial
        JOIN measure_request q ON q.key = f.request
        WHERE f.members = '';
        """
}
