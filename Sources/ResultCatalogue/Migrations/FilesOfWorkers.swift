extension Schema {
    /// The files that workers of users' own consisted of, by name and numerics as `training.worker` has them: a JSON object
    /// of digests by name.
    static let workerFiles =
        """
        CREATE TABLE worker_files (
            key INTEGER PRIMARY KEY,
            worker TEXT NOT NULL,
            files TEXT NOT NULL,
            since TEXT NOT NULL,
            UNIQUE (worker, files)
        ) STRICT;

        """ + editTriggers("worker_files")

    /// `weights`: the averaged weights of the trial's checkpoint, by digest.
    static let trialWeights = """
        DROP VIEW trials;
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
            t.ended_at, t.reason, r.spec, m.weights
        FROM trial t
        JOIN training r ON r.key = t.training
        LEFT JOIN milestone m ON m.trial = t.key;
        """
}
