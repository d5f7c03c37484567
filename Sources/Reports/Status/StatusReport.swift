import Foundation
import JobContract
import ResultCatalogue
import ResultQueries
import SweepModel

/// How far sweeps are, as the catalogue knows it.
package struct StatusReport: Sendable {
    private let reader: CatalogueReader
    private let names: PointNames
    private let most: Int?

    /// With `most`, tables of trials end after so many rows, and a note counts the others.
    package init(_ reader: CatalogueReader, most: Int? = nil) {
        self.reader = reader
        self.most = most
        names = PointNames(reader)
    }

    /// The tables `sweeps`, `running` (open attempts), `hosts`, `store` (bytes of the files that the catalogue names), and,
    /// where they have rows, `running_trials` (all trials of open attempts), `comparisons` (measures over several trials, by state), `failures`, `lost_files` (trials whose
    /// measurements are recorded and which wait for a file of theirs to be made again) and `disagreements` (results of equal
    /// trials that differ). `sweep` restricts all of them but `hosts`, `store` and `disagreements` to one sweep.
    ///
    /// `running` has the newest recovery point of the training and where it is: in the coordinator's store, or only on its
    /// host because bringing it would take too long; `trial_id` is the longest of its trials. In `sweeps`, `done` is the share
    /// of all training and measuring that is recorded, less what failed or was cancelled, from 0 to 1, and `seconds_left` the time that the rest takes: NULL
    /// while nothing runs, as without a coordinator (`isRunning`), or nothing is known.
    package func tables(sweep: String? = nil, now: Date = Date(), isRunning: Bool = true) throws -> [ResultTable] {
        if let sweep { try TrialKeys.check(sweep, in: reader) }
        let summaries = try reader.sweeps().filter { sweep == nil || $0.name == sweep }
        return [
            try sweeps(summaries, now: now.timeIntervalSince1970, isRunning),
            withPoints(ResultTable(name: "running", try reader.openAttempts(of: sweep)), of: sweep),
            ResultTable(name: "hosts", try reader.hostsWithAttempts()),
            ResultTable(name: "store", try reader.storedBytes()),
        ]
            + [
                withPoints(ResultTable(name: "running_trials", try reader.trialsOfOpenAttempts(of: sweep)), of: sweep),
                comparisons(summaries), try failures(summaries),
                withPoints(ResultTable(name: "lost_files", try reader.trialsThatLackFiles(of: sweep)), of: sweep),
                withPoints(try disagreements(), of: sweep),
            ]
            .filter { !$0.rows.isEmpty }
    }

    /// How much of a sweep's work is recorded, as in `tables`; nil for a sweep without trainings.
    package static func share(of sweep: SweepSummary, in reader: CatalogueReader?) throws -> Double? {
        try reader.flatMap { try SweepProgress($0, sweep, now: Date().timeIntervalSince1970).share }
    }

    /// The table with the places of its trials in a last column.
    private func withPoints(_ given: ResultTable, of sweep: String?) -> ResultTable {
        var table = given
        guard let place = table.columns.firstIndex(of: "trial_id") else { return table }
        table.columns.append("point")
        if let most, table.rows.count > most {
            table.notes.append("and \(table.rows.count - most) more")
            table.rows.removeLast(table.rows.count - most)
        }
        for index in table.rows.indices {
            guard case .text(let hex) = table.rows[index][place], let trial = TrialID(hex: hex) else {
                table.rows[index].append(.null)
                continue
            }
            table.rows[index].append(.text(names.point(trial, in: sweep)))
        }
        return table
    }

    private func sweeps(_ summaries: [SweepSummary], now: Double, _ isRunning: Bool) throws -> ResultTable {
        try ResultTable(
            name: "sweeps",
            columns: ["sweep", "revision", "trials"] + TrialState.allCases.map(\.rawValue)
                + ["done", "seconds_left", "stored_at"],
            rows: summaries.map { summary in
                let progress = try SweepProgress(reader, summary, now: now)
                return [.text(summary.name), .init(summary.revision), .init(summary.trials)]
                    + TrialState.allCases.map { .init(summary.counts[$0, default: 0]) }
                    + [.init(progress.share), .init(isRunning ? progress.secondsLeft : nil), .text(summary.storedAt)]
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
        return withPoints(table, of: summaries.count == 1 ? summaries[0].name : nil)
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
