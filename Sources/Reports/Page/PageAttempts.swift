import ResultCatalogue
import ResultQueries

/// Where a sweep's trials were computed, and what went wrong.
package struct PageAttempts {
    package let listings: [SweepPage.Listing]

    private static let mostReasons = 50

    package init(_ reader: CatalogueReader, sweep: String) throws {
        let hosts = ResultTable(name: "hosts", try reader.hosts(of: sweep))
        let failures = ResultTable(name: "failures", try reader.failedAttempts(of: sweep))
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
