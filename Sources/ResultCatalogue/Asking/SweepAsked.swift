import JobContract

extension CatalogueReader {
    /// The text of the file that a sweep was last launched with, and the overrides; nil without that sweep.
    package func writtenSweep(_ sweep: String) throws -> (text: String, overrides: String)? {
        try rows(
            "SELECT r.text, r.overrides FROM sweep s JOIN revision r ON r.key = s.revision WHERE s.name = ?",
            [.text(sweep)]
        ).rows.first.map { ($0[0].text ?? "", $0[1].text ?? "") }
    }

    /// The builds of the workers that trained a sweep's trials.
    package func builds(of sweep: String) throws -> [String] {
        try rows(
            """
            SELECT DISTINCT a.build FROM sweep s JOIN wish w ON w.revision = s.revision
            JOIN milestone m ON m.trial = w.trial JOIN attempt a ON a.number = m.attempt
            WHERE s.name = ? AND a.build NOT NULL ORDER BY 1
            """, [.text(sweep)]
        ).rows.compactMap { $0[0].text }
    }

    /// Workers with the processors they ran on, and the attempts of each at a sweep's trials.
    package func workers(of sweep: String) throws -> CatalogueRows {
        try rows(
            """
            SELECT a.worker, a.numerics, a.build, a.worker_cpu AS cpu, a.kernels, count(*) AS attempts
            FROM \(Self.attempts) AND a.build NOT NULL
            GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
            """, [.text(sweep)])
    }

    /// Hosts with their attempts at a sweep's trials by outcome, and the hours of these attempts.
    package func hosts(of sweep: String) throws -> CatalogueRows {
        try rows(
            """
            SELECT a.host, a.cpu, count(*) AS attempts, count(*) FILTER (WHERE a.kind = 'train') AS trainings,
                count(*) FILTER (WHERE a.outcome = 'succeeded') AS succeeded,
                count(*) FILTER (WHERE a.outcome IN ('job-fault', 'host-fault', 'killed')) AS failed,
                count(*) FILTER (WHERE a.outcome IS NULL) AS open,
                round(sum(max(0, julianday(a.ended_at) - julianday(a.started_at))) * 24, 4) AS hours
            FROM \(Self.attempts) GROUP BY 1, 2 ORDER BY 1, 2
            """, [.text(sweep)])
    }

    /// Attempts at a sweep's trials that did not succeed, by outcome, kind and reason, with the longest trial of the first.
    package func failedAttempts(of sweep: String) throws -> CatalogueRows {
        try rows(
            """
            SELECT f.outcome, f.kind, f.attempts, f.hosts, f.reason,
                (SELECT t.trial_id FROM attempt_trial x JOIN trial t ON t.key = x.trial WHERE x.attempt = f.first
                 ORDER BY x.position DESC LIMIT 1) AS trial_id
            FROM (
                SELECT a.outcome, a.kind, count(*) AS attempts, group_concat(DISTINCT a.host) AS hosts,
                    substr(coalesce(a.reason, 'no reason was recorded'), 1, 500) AS reason, min(a.number) AS first
                FROM \(Self.attempts) AND a.outcome IS NOT NULL AND a.outcome <> 'succeeded'
                GROUP BY 1, 2, 5) f
            ORDER BY f.attempts DESC, f.outcome, f.kind, f.reason
            """, [.text(sweep)])
    }

    /// The attempts at a sweep's trials.
    private static let attempts = """
        attempt a WHERE a.number IN (
            SELECT x.attempt FROM sweep s JOIN wish w ON w.revision = s.revision
            JOIN attempt_trial x ON x.trial = w.trial WHERE s.name = ?)
        """

    /// `measure`, `version` and `parameters` of the measures that a sweep wants, those over several trials last.
    package func wantedMeasures(of sweep: String) throws -> CatalogueRows {
        try rows(
            """
            SELECT q.measure, q.version, q.parameters FROM (
                SELECT w.request, w.position, 0 AS several FROM sweep s JOIN wished_measure w ON w.revision = s.revision
                WHERE s.name = ?1
                UNION SELECT w.request, min(w.position), 1 FROM sweep s
                JOIN wished_comparison w ON w.revision = s.revision WHERE s.name = ?1 GROUP BY 1
            ) w JOIN measure_request q ON q.key = w.request ORDER BY w.several, w.position, q.key
            """, [.text(sweep)])
    }

    /// The key of a sweep's first request for a measure.
    package func firstRequest(of measure: String, in sweep: String) throws -> Int64? {
        try rows(
            """
            SELECT q.key FROM (
                SELECT w.request, w.position FROM sweep s JOIN wished_measure w ON w.revision = s.revision
                WHERE s.name = ?1
                UNION ALL SELECT w.request, w.position FROM sweep s JOIN wished_comparison w ON w.revision = s.revision
                WHERE s.name = ?1
            ) w JOIN measure_request q ON q.key = w.request WHERE q.measure = ?2 ORDER BY w.position LIMIT 1
            """, [.text(sweep), .text(measure)]
        ).rows.first?.first?.integer.map { Int64($0) }
    }

    /// The catalogues from which results of a sweep were merged, with the number of their attempts.
    package func origins(of sweep: String) throws -> CatalogueRows {
        try rows(
            """
            SELECT g.catalogue, count(*) AS attempts FROM merged_attempt g JOIN attempt_trial x ON x.attempt = g.attempt
            JOIN wish w ON w.trial = x.trial JOIN sweep s ON s.revision = w.revision WHERE s.name = ?
            GROUP BY 1 ORDER BY 1
            """, [.text(sweep)])
    }

    /// Whether a sweep trains networks of a scale on images of a resolution that came from files.
    package func trains(_ sweep: String, resolution: Int, scale: Int) throws -> Bool {
        try rows(
            """
            SELECT 1 FROM sweep s JOIN wish w ON w.revision = s.revision JOIN trial t ON t.key = w.trial
            JOIN training r ON r.key = t.training
            WHERE s.name = ? AND r.resolution = ? AND r.model_scale = ? AND length(r.dataset) = 64 LIMIT 1
            """, [.text(sweep), .integer(Int64(resolution)), .integer(Int64(scale))]
        ).rows.count == 1
    }
}
