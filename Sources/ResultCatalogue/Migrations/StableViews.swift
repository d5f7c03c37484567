extension Schema {
    /// The views that users' own queries read: columns may be added, never renamed or removed.
    ///
    /// In `trials`, a trial's `state` takes in everything that any sweep wants of it. In `sweep_trials` it is that of one
    /// sweep: `succeeded` as soon as all that this sweep wants is recorded.
    static let stableViews = """
        CREATE VIEW trials AS
        SELECT
            t.trial_id, r.training_id, t.state, r.dataset, r.dataset_size, r.part, r.resolution, r.architecture,
            r.model_scale, t.steps, t.steps * r.batch AS images,
            CAST(t.steps * r.batch AS REAL) / r.dataset_size AS epochs, r.seed, m.parameters, r.worker,
            (SELECT count(*) FROM attempt_trial x WHERE x.trial = t.key) AS attempts,
            coalesce(
                (SELECT a.host FROM attempt a WHERE a.number = m.attempt),
                (SELECT a.host FROM attempt_trial x JOIN attempt a ON a.number = x.attempt
                 WHERE x.trial = t.key ORDER BY x.attempt DESC LIMIT 1)) AS host,
            m.seconds,
            (SELECT min(a.started_at) FROM attempt_trial x JOIN attempt a ON a.number = x.attempt
             WHERE x.trial = t.key) AS started_at,
            t.ended_at, t.reason, r.spec
        FROM trial t
        JOIN training r ON r.key = t.training
        LEFT JOIN milestone m ON m.trial = t.key;

        CREATE VIEW sweep_trials AS
        SELECT
            s.name AS sweep, t.trial_id, w.position, w.asked,
            CASE
                WHEN EXISTS (SELECT 1 FROM milestone m WHERE m.trial = t.key)
                    AND NOT EXISTS (
                        SELECT 1 FROM wished_measure q WHERE q.revision = w.revision AND NOT EXISTS (
                            SELECT 1 FROM measured d WHERE d.trial = t.key AND d.request = q.request))
                THEN 'succeeded'
                WHEN t.state = 'succeeded' THEN 'waiting'
                ELSE t.state
            END AS state
        FROM sweep s
        JOIN wish w ON w.revision = s.revision
        JOIN trial t ON t.key = w.trial;

        CREATE VIEW measurements AS
        SELECT
            t.trial_id, q.measure, q.version, q.parameters, v.quantity, v.sigma, v.position, v.value, v.n, v.stderr,
            nullif(d.members, '') AS members, d.attempt, a.host, d.checkpoint
        FROM measured d
        JOIN trial t ON t.key = d.trial
        JOIN measure_request q ON q.key = d.request
        JOIN attempt a ON a.number = d.attempt
        JOIN measurement v ON v.measured = d.key;

        CREATE VIEW artifacts AS
        SELECT t.trial_id, q.measure, q.parameters, f.name, f.media_type, f.digest, f.bytes
        FROM measured d
        JOIN trial t ON t.key = d.trial
        JOIN measure_request q ON q.key = d.request
        JOIN artifact f ON f.measured = d.key;
        """
}
