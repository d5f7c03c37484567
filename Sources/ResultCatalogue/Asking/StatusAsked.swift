extension CatalogueReader {
    private static func openOnes(of sweep: String?) -> String {
        sweep == nil
            ? "a.outcome IS NULL"
            : """
            a.outcome IS NULL AND EXISTS (SELECT 1 FROM attempt_trial x JOIN trial t ON t.key = x.trial
                JOIN sweep_trials s ON s.trial_id = t.trial_id WHERE x.attempt = a.number AND s.sweep = ?)
            """
    }

    /// The trials that attempts without an end serve, each with its attempt.
    package func trialsOfOpenAttempts(of sweep: String?) throws -> CatalogueRows {
        try rows(
            """
            SELECT a.number AS attempt, a.kind, a.host, a.started_at, t.trial_id
            FROM attempt a JOIN attempt_trial y ON y.attempt = a.number JOIN trial t ON t.key = y.trial
            WHERE \(Self.openOnes(of: sweep)) ORDER BY a.number, y.position
            """, sweep.map { [.text($0)] } ?? [])
    }

    /// Attempts without an end, of one sweep's trials or of all: the columns of the table `running` of `status`.
    package func openAttempts(of sweep: String?) throws -> CatalogueRows {
        try rows(
            """
            SELECT a.number AS attempt, a.kind, a.host, r.training_id AS training,
                (SELECT count(*) FROM attempt_trial x WHERE x.attempt = a.number) AS trials, a.started_at,
                coalesce(k.steps, p.steps) AS recovery_steps, coalesce(k.bytes, p.bytes) AS recovery_bytes,
                CASE WHEN k.steps IS NOT NULL THEN 'host' WHEN p.steps IS NOT NULL THEN 'store' END AS recovery_in,
                (SELECT t.trial_id FROM attempt_trial x JOIN trial t ON t.key = x.trial WHERE x.attempt = a.number
                 ORDER BY x.position DESC LIMIT 1) AS trial_id
            FROM attempt a JOIN training r ON r.key = a.training
            LEFT JOIN kept_state k ON k.training = a.training LEFT JOIN recovery_point p ON p.training = a.training
            WHERE \(Self.openOnes(of: sweep)) ORDER BY a.number
            """, sweep.map { [.text($0)] } ?? [])
    }

    /// Hosts with their attempts by outcome: the columns of the table `hosts` of `status`.
    package func hostsWithAttempts() throws -> CatalogueRows {
        try rows(
            """
            SELECT h.name AS host, h.cpu, h.cores, h.memory / 1048576 AS memory_mib, h.free / 1048576 AS free_mib,
                coalesce(sum(c.attempts), 0) AS attempts,
                coalesce(sum(c.attempts) FILTER (WHERE c.outcome = 'open'), 0) AS open,
                coalesce(sum(c.attempts) FILTER (WHERE c.outcome = 'succeeded'), 0) AS succeeded,
                coalesce(sum(c.attempts) FILTER (WHERE c.outcome = 'job-fault'), 0) AS job_faults,
                coalesce(sum(c.attempts) FILTER (WHERE c.outcome = 'host-fault'), 0) AS host_faults, h.seen_at
            FROM host h LEFT JOIN attempt_count c ON c.host = h.name GROUP BY h.name ORDER BY h.name
            """)
    }

    /// Bytes that the catalogue names in the store, by kind.
    package func storedBytes() throws -> CatalogueRows {
        try rows("SELECT kind, bytes FROM stored_bytes ORDER BY kind DESC")
    }

    /// `sweep`, `trial_id` and `reason` of trials that have all measurements and wait for a file to be made again, of one
    /// sweep or of all. They are few, and have an index, from which SQLite would not begin by itself.
    package func trialsThatLackFiles(of sweep: String?) throws -> CatalogueRows {
        try rows(
            """
            SELECT v.sweep, v.trial_id, t.reason FROM trial t CROSS JOIN sweep_trials v ON v.trial_id = t.trial_id
            WHERE t.state = 'waiting' AND t.reason IS NOT NULL AND v.state = 'succeeded' AND v.sweep = coalesce(?1, v.sweep)
            ORDER BY v.sweep, v.position
            """, [sweep.map { .text($0) } ?? .null])
    }

    /// When the oldest open attempt at a sweep's trainings began, as text and in seconds since 1970, NULL without one; and
    /// the number of open attempts.
    package func oldestStart(of sweep: String) throws -> CatalogueRows {
        try rows(
            """
            SELECT min(a.started_at), (julianday(min(a.started_at)) - 2440587.5) * 86400, count(*) FROM attempt a
            WHERE a.outcome IS NULL AND EXISTS (
                SELECT 1 FROM trial t CROSS JOIN wish w ON w.trial = t.key CROSS JOIN sweep s ON s.revision = w.revision
                WHERE t.training = a.training AND s.name = ?)
            """, [.text(sweep)])
    }

    /// What a step's cost depends on (`model_scale`, `resolution`, `batch`, `architecture`), and the steps `wanted` and
    /// `reached`, summed over the sweep's trainings of that cost.
    package func work(of sweep: String) throws -> CatalogueRows {
        try rows(
            """
            SELECT x.model_scale, x.resolution, x.batch, x.architecture, x.wanted, x.reached
            FROM sweep s JOIN sweep_work x ON x.sweep = s.key WHERE s.name = ?
            """, [.text(sweep)])
    }

    /// The same columns, with the steps that failed and cancelled trials leave untrained, which nothing else of the sweep needs.
    package func workGivenUp(of sweep: String) throws -> CatalogueRows {
        try rows(
            """
            WITH gone AS (
                SELECT DISTINCT t.training FROM sweep s JOIN wish w ON w.revision = s.revision JOIN trial t ON t.key = w.trial
                WHERE s.name = ?1 AND (t.state = 'failed'
                    OR EXISTS (SELECT 1 FROM cancelled_wish c WHERE c.sweep = s.key AND c.trial = t.key))
            ), lengths AS (
                SELECT t.training, max(t.steps) AS wanted, coalesce(max(t.steps) FILTER (WHERE t.state <> 'failed'
                    AND NOT EXISTS (SELECT 1 FROM cancelled_wish c WHERE c.sweep = s.key AND c.trial = t.key)), 0) AS still
                FROM gone g CROSS JOIN trial t ON t.training = g.training CROSS JOIN wish w ON w.trial = t.key
                CROSS JOIN sweep s ON s.revision = w.revision
                WHERE s.name = ?1 GROUP BY t.training
            )
            SELECT r.model_scale, r.resolution, r.batch, r.architecture,
                sum(l.wanted - max(l.still, min(l.wanted, coalesce(x.steps, 0)))) AS given_up
            FROM lengths l JOIN training r ON r.key = l.training LEFT JOIN reach x ON x.training = l.training
            GROUP BY 1, 2, 3, 4
            """, [.text(sweep)])
    }

    /// What was trained lately: what a step's cost depends on, and the steps and seconds of the training so far.
    package func latestTrainings() throws -> CatalogueRows {
        try rows(
            """
            SELECT r.model_scale, r.resolution, r.batch, r.architecture, t.steps, m.seconds
            FROM (SELECT trial, seconds FROM milestone ORDER BY recorded_at DESC LIMIT 200) m
            JOIN trial t ON t.key = m.trial JOIN training r ON r.key = t.training
            """)
    }

    /// Seconds that a sweep's measures take of one trial, by those that were taken lately; nil where none were, 0 where the
    /// sweep wants none.
    package func measuringSeconds(of sweep: String) throws -> Double? {
        try rows(
            """
            WITH wanted AS (
                SELECT q.request FROM sweep s JOIN wished_measure q ON q.revision = s.revision WHERE s.name = ?)
            SELECT iif(EXISTS (SELECT 1 FROM wanted), sum(seconds) / count(DISTINCT trial), 0)
            FROM (SELECT trial, request, seconds FROM measured ORDER BY key DESC LIMIT 5000)
            WHERE request IN (SELECT request FROM wanted)
            """, [.text(sweep)]
        ).rows.first?.first?.number
    }

    /// A row for each training of a sweep of which something was recorded since a time: what a step's cost depends on; the
    /// steps wanted; the steps of the longest milestone in all, of the longest before the time and of the shortest since it;
    /// the recovery point's steps, whether it is older than the time, and whether an attempt was interrupted before then.
    package func trainingsTouched(since time: CatalogueValue, of sweep: String) throws -> CatalogueRows {
        try rows(
            """
            WITH touched AS (
                SELECT t.training FROM milestone m JOIN trial t ON t.key = m.trial WHERE m.recorded_at >= ?2
                UNION SELECT training FROM recovery_point WHERE recorded_at >= ?2
            ), wanted AS (
                SELECT t.training, max(t.steps) AS steps
                FROM touched x CROSS JOIN trial t ON t.training = x.training CROSS JOIN wish w ON w.trial = t.key
                CROSS JOIN sweep s ON s.revision = w.revision
                WHERE s.name = ?1 GROUP BY t.training
            ), reached AS (
                SELECT t.training, max(t.steps) AS steps,
                    max(CASE WHEN m.recorded_at < ?2 THEN t.steps END) AS before,
                    min(CASE WHEN m.recorded_at >= ?2 THEN t.steps END) AS since
                FROM wanted w JOIN trial t ON t.training = w.training JOIN milestone m ON m.trial = t.key
                GROUP BY t.training
            )
            SELECT r.model_scale, r.resolution, r.batch, r.architecture, w.steps, x.steps, x.before, x.since, p.steps,
                p.recorded_at < ?2,
                EXISTS (
                    SELECT 1 FROM trial y CROSS JOIN attempt_trial z ON z.trial = y.key
                    CROSS JOIN attempt a ON a.number = z.attempt
                    WHERE y.training = r.key AND a.kind = 'train' AND a.outcome <> 'succeeded' AND a.ended_at < ?2)
            FROM wanted w JOIN training r ON r.key = w.training
            LEFT JOIN reached x ON x.training = w.training LEFT JOIN recovery_point p ON p.training = w.training
            """, [.text(sweep), time])
    }
}
