import JobContract
import ResultCatalogue
import ResultQueries

/// Where a sweep's trials were computed, and what went wrong.
package struct PageAttempts {
    package let listings: [SweepPage.Listing]

    private static let mostReasons = 50

    /// All rows of every table, where `isWhole`; else as many as a page shows.
    package init(_ reader: CatalogueReader, sweep: String, isWhole: Bool = false) throws {
        let hosts = ResultTable(name: "hosts", try reader.hosts(of: sweep))
        let names = PointNames(reader)
        var failures = ResultTable(name: "failures", try reader.failedAttempts(of: sweep))
        // The first trial's ID comes last.
        failures.columns[failures.columns.count - 1] = "first_at"
        for index in failures.rows.indices {
            guard case .text(let hex)? = failures.rows[index].last, let trial = TrialID(hex: hex) else { continue }
            failures.rows[index][failures.columns.count - 1] = .text(names.point(trial, in: sweep))
        }
        let trials = ResultTable(
            name: "failed_trials", columns: ["point", "trial", "host", "attempt", "reason"],
            rows: try reader.failures(of: sweep).map {
                [
                    .text(names.point($0.trial, in: sweep)), .text(String($0.trial.hex.prefix(12))), .init($0.host),
                    .init($0.attempt?.value), .text(String($0.reason.prefix(500))),
                ]
            })
        let all: [SweepPage.Listing] = [
            .init(title: "Hosts", table: hosts, note: "Hours are those of attempts that have ended."),
            SweepPage.Listing(title: "Attempts that did not succeed, by reason", table: failures)
                .bounded(isWhole ? .max : Self.mostReasons, rest: "`eigensweep status --attempts` has the others"),
            SweepPage.Listing(title: "Trials that failed", table: trials)
                .bounded(isWhole ? .max : Self.mostReasons, rest: "`eigensweep status --attempts` lists them all"),
        ]
        listings = all.filter { $0.table.name == "hosts" || !$0.table.rows.isEmpty }
    }
}
