import Foundation
import ResultCatalogue
import ResultQueries
import SweepModel

/// How far sweeps are, as the catalogue knows it.
package struct StatusReport: Sendable {
    private let reader: CatalogueReader

    package init(_ reader: CatalogueReader) { self.reader = reader }

    /// Tables `sweeps`, `running` (open attempts), `hosts`, `store` (bytes that the catalogue names), and, where there are any, `comparisons`
    /// (measures over several trials, by state), `failures`, `lost_files` (trials whose measurements are recorded and which
    /// wait for a file of theirs to be made again) and `disagreements` (results of equal trials that differ). With
    /// `sweep`, of that sweep only.
    ///
    /// In `running`, the newest recovery point of the training, and where it is: in the coordinator's store, or only on
    /// its host because bringing it would take too long. In `sweeps`, `done` is the share of the training that is recorded, from 0 to 1, and `seconds_left` what the rest
    /// takes at the rate since the oldest running attempt began: NULL while nothing runs or nothing is recorded since.
    package func tables(sweep: String? = nil, now: Date = Date()) throws -> [ResultTable] {
        if let sweep { try TrialKeys.check(sweep, in: reader) }
        let summaries = try reader.sweeps().filter { sweep == nil || $0.name == sweep }
        return [try sweeps(summaries, now: now.timeIntervalSince1970), try running(sweep), try hosts(), try store()]
            + [comparisons(summaries), try failures(summaries), try lostFiles(sweep), try disagreements()]
            .filter { !$0.rows.isEmpty }
    }

    private func sweeps(_ summaries: [SweepSummary], now: Double) throws -> ResultTable {
        try ResultTable(
            name: "sweeps",
            columns: ["sweep", "revision", "trials"] + TrialState.allCases.map(\.rawValue)
                + ["done", "seconds_left", "stored_at"],
            rows: summaries.map { summary in
                let progress = try SweepProgress(reader, sweep: summary.name, now: now)
                return [.text(summary.name), .init(summary.revision), .init(summary.trials)]
                    + TrialState.allCases.map { .init(summary.counts[$0, default: 0]) }
                    + [.init(progress.share), .init(progress.secondsLeft), .text(summary.storedAt)]
            })
    }

    private func comparisons(_ summaries: [SweepSummary]) -> ResultTable {
        let states: [TrialState] = [.waiting, .succeeded, .failed, .cancelled]
        return ResultTable(
            name: "comparisons", columns: ["sweep"] + states.map(\.rawValue),
            rows: summaries.filter { !$0.comparisons.isEmpty }.map { summary in
                [.text(summary.name)] + states.map { .init(summary.comparisons[$0, default: 0]) }
            })
    }

    private func running(_ sweep: String?) throws -> ResultTable {
        let filter =
            sweep == nil
            ? ""
            : """
             AND EXISTS (SELECT 1 FROM attempt_trial x JOIN trial t ON t.key = x.trial
                JOIN sweep_trials s ON s.trial_id = t.trial_id WHERE x.attempt = a.number AND s.sweep = ?)
            """
        return try table(
            "running",
            """
            SELECT a.number AS attempt, a.kind, a.host, r.training_id AS training,
                (SELECT count(*) FROM attempt_trial x WHERE x.attempt = a.number) AS trials, a.started_at,
                coalesce(k.steps, p.steps) AS recovery_steps, coalesce(k.bytes, p.bytes) AS recovery_bytes,
                CASE WHEN k.steps IS NOT NULL THEN 'host' WHEN p.steps IS NOT NULL THEN 'store' END AS recovery_in
            FROM attempt a JOIN training r ON r.key = a.training
            LEFT JOIN kept_state k ON k.training = a.training LEFT JOIN recovery_point p ON p.training = a.training
            WHERE a.outcome IS NULL\(filter) ORDER BY a.number
            """, sweep.map { [.text($0)] } ?? [])
    }

    private func hosts() throws -> ResultTable {
        try table(
            "hosts",
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

    private func store() throws -> ResultTable {
        try table("store", "SELECT kind, bytes FROM stored_bytes ORDER BY kind DESC")
    }

    private func failures(_ summaries: [SweepSummary]) throws -> ResultTable {
        var table = ResultTable(name: "failures", columns: ["sweep", "trial_id", "host", "attempt", "reason"])
        for summary in summaries where summary.comparisons[.failed, default: 0] > 0 {
            table.rows += try self.table(
                "failures",
                """
                SELECT sweep, trial_id, NULL, NULL, measure || ': ' || reason FROM comparisons
                WHERE sweep = ? AND state = 'failed' ORDER BY position
                """, [.text(summary.name)]
            ).rows
        }
        for summary in summaries where summary.counts[.failed, default: 0] > 0 {
            table.rows += try reader.failures(of: summary.name).map {
                [
                    .text(summary.name), .text($0.trial.hex), .init($0.host), .init($0.attempt?.value),
                    .text($0.reason),
                ]
            }
        }
        return table
    }

    private func lostFiles(_ sweep: String?) throws -> ResultTable {
        try table(
            "lost_files",
            """
            SELECT v.sweep, v.trial_id, t.reason FROM trial t JOIN sweep_trials v ON v.trial_id = t.trial_id
            WHERE t.state = 'waiting' AND t.reason IS NOT NULL AND v.state = 'succeeded' AND v.sweep = coalesce(?1, v.sweep)
            ORDER BY v.sweep, v.position
            """, [sweep.map { .text($0) } ?? .null])
    }

    private func disagreements() throws -> ResultTable {
        ResultTable(
            name: "disagreements", columns: ["trial_id", "kind", "measure", "attempt", "host", "recorded_at"],
            rows: try reader.evidence().map {
                [
                    .text($0.trial.hex), .text($0.kind), .init($0.measure), .init($0.attempt.value), .text($0.host),
                    .text($0.recordedAt),
                ]
            })
    }

    private func table(_ name: String, _ sql: String, _ arguments: [CatalogueValue] = []) throws -> ResultTable {
        let answer = try reader.rows(sql, arguments)
        return ResultTable(
            name: name, columns: answer.columns, rows: answer.rows.map { $0.map { ResultTable.Cell($0) } })
    }
}
