import ResultCatalogue
import ResultQueries

/// Where a sweep's trials were computed, and what went wrong.
struct PageAttempts {
    let listings: [SweepPage.Listing]

    private static let mostReasons = 50

    /// The attempts at the sweep's trials.
    private static let attempts = """
        attempt a WHERE a.number IN (
            SELECT x.attempt FROM sweep s JOIN wish w ON w.revision = s.revision
            JOIN attempt_trial x ON x.trial = w.trial WHERE s.name = ?)
        """

    init(_ reader: CatalogueReader, sweep: String) throws {
        func table(_ name: String, _ sql: String) throws -> ResultTable {
            let answer = try reader.rows(sql, [.text(sweep)])
            return ResultTable(
                name: name, columns: answer.columns, rows: answer.rows.map { $0.map { ResultTable.Cell($0) } })
        }
        let hosts = try table(
            "hosts",
            """
            SELECT a.host, a.cpu, count(*) AS attempts, count(*) FILTER (WHERE a.kind = 'train') AS trainings,
                count(*) FILTER (WHERE a.outcome = 'succeeded') AS succeeded,
                count(*) FILTER (WHERE a.outcome IN ('job-fault', 'host-fault', 'killed')) AS failed,
                count(*) FILTER (WHERE a.outcome IS NULL) AS open,
                round(sum(max(0, julianday(a.ended_at) - julianday(a.started_at))) * 24, 4) AS hours
            FROM \(Self.attempts) GROUP BY 1, 2 ORDER BY 1, 2
            """)
        let failures = try table(
            "failures",
            """
            SELECT a.outcome, a.kind, count(*) AS attempts, group_concat(DISTINCT a.host) AS hosts,
                substr(coalesce(a.reason, 'no reason was recorded'), 1, 500) AS reason
            FROM \(Self.attempts) AND a.outcome IS NOT NULL AND a.outcome <> 'succeeded'
            GROUP BY 1, 2, 5 ORDER BY 3 DESC, 1, 2, 5
            """)
        let trials = ResultTable(
            name: "failed_trials", columns: ["trial", "host", "attempt", "reason"],
            rows: try reader.failures(of: sweep).map {
                [
                    .text(String($0.trial.hex.prefix(12))), .init($0.host), .init($0.attempt?.value),
                    .text(String($0.reason.prefix(500))),
                ]
            })
        let all: [SweepPage.Listing] = [
            .init(title: "Hosts", table: hosts, note: "Hours are those of attempts that have ended."),
            SweepPage.Listing(title: "Attempts that did not succeed, by reason", table: failures)
                .bounded(Self.mostReasons, rest: "`eigensweep status` has the others"),
            SweepPage.Listing(title: "Trials that failed", table: trials)
                .bounded(Self.mostReasons, rest: "`eigensweep status` lists them all"),
        ]
        listings = all.filter { $0.table.name == "hosts" || !$0.table.rows.isEmpty }
    }
}
