import Foundation
import ResultCatalogue
import ResultQueries
import SweepModel

/// How far sweeps are, as the catalogue knows it.
package struct StatusReport: Sendable {
    private let reader: CatalogueReader

    package init(_ reader: CatalogueReader) { self.reader = reader }

    /// The tables `sweeps`, `running` (open attempts), `hosts`, `store` (bytes of the files that the catalogue names), and,
    /// where they have rows, `comparisons` (measures over several trials, by state), `failures`, `lost_files` (trials whose
    /// measurements are recorded and which wait for a file of theirs to be made again) and `disagreements` (results of equal
    /// trials that differ). `sweep` restricts all of them but `hosts`, `store` and `disagreements` to one sweep.
    ///
    /// `running` has the newest recovery point of the training and where it is: in the coordinator's store, or only on its
    /// host because bringing it would take too long. In `sweeps`, `done` is the share of the training that is recorded, from
    /// 0 to 1, and `seconds_left` the time that the rest takes at the rate since the oldest running attempt began: NULL
    /// while nothing runs or nothing is recorded since.
    package func tables(sweep: String? = nil, now: Date = Date()) throws -> [ResultTable] {
        if let sweep { try TrialKeys.check(sweep, in: reader) }
        let summaries = try reader.sweeps().filter { sweep == nil || $0.name == sweep }
        return [
            try sweeps(summaries, now: now.timeIntervalSince1970),
            ResultTable(name: "running", try reader.openAttempts(of: sweep)),
            ResultTable(name: "hosts", try reader.hostsWithAttempts()),
            ResultTable(name: "store", try reader.storedBytes()),
        ]
            + [
                comparisons(summaries), try failures(summaries),
                ResultTable(name: "lost_files", try reader.trialsThatLackFiles(of: sweep)), try disagreements(),
            ]
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

    private func failures(_ summaries: [SweepSummary]) throws -> ResultTable {
        var table = ResultTable(name: "failures", columns: ["sweep", "trial_id", "host", "attempt", "reason"])
        for summary in summaries where summary.comparisons[.failed, default: 0] > 0 {
            table.rows +=
                ResultTable(
                    name: "failures",
                    try reader.rows(
                        """
                        SELECT sweep, trial_id, NULL, NULL, measure || ': ' || reason FROM comparisons
                        WHERE sweep = ? AND state = 'failed' ORDER BY position
                        """, [.text(summary.name)])
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

    private func disagreements() throws -> ResultTable {
        ResultTable(
            name: "disagreements", columns: ["trial_id", "kind", "measure", "attempt", "host", "recorded_at"],
            rows: try reader.evidence().map {
                [
                    .text($0.trial.hex), .text($0.kind.rawValue), .init($0.measure), .init($0.attempt.value),
                    .text($0.host),
                    .text($0.recordedAt),
                ]
            })
    }
}
