import Foundation
import JobContract
import ResultCatalogue
import ResultQueries
import SweepModel

extension SweepPage {
    /// Reads all that the page about `sweep` says; equal catalogues and stores give equal pages. Pictures come from
    /// `store`, a folder of files by digest; gnuplot is looked for in `searchPath`. Lists are bounded, so that the page
    /// of 500 trials stays below 5 MB and that of a million is no larger than a few times that.
    ///
    /// Throws `ReportError.request` for an unknown sweep.
    package init(
        _ reader: CatalogueReader, sweep name: String, store: String,
        searchPath: String = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    ) throws {
        try TrialKeys.check(name, in: reader)
        guard let summary = try reader.sweeps().first(where: { $0.name == name }),
            let written = try reader.writtenSweep(name)
        else { throw ReportError(.request, "the catalogue \(reader.path) has no sweep \"\(name)\"") }

        sweep = name
        about = summary.about
        states = TrialState.allCases.compactMap { state in
            summary.counts[state].flatMap { $0 > 0 ? (state.rawValue, $0) : nil }
        }
        let findings = try Findings(reader, sweep: name, store: store)
        self.findings = findings.sentences + (findings.missingSentence().map { [$0] } ?? [])
        memorization = Listing(
            title: "Memorization by place on the map", table: findings.memorization,
            note: findings.points.averageSentence)
        // Sample pictures stand by themselves in a page.
        (figures, problem) = Self.drawn(findings.figures.filter { $0.name != .samples }, searchPath: searchPath)
        (pictures, picturesNote) = Self.shown(try SweepPictures(reader, sweep: name).pictures, in: store)

        let grid = try PageGrid(reader, sweep: name)
        axes = grid.axes
        settings = grid.settings
        trials = try PageTrials(reader, sweep: name, keys: grid.axes.map(\.key)).listing(of: summary.trials)
        attempts = try PageAttempts(reader, sweep: name).listings
        provenance = try PageProvenance(reader, sweep: summary, datasets: grid.datasets).listings

        file = written.text
        let overrides = JSONText.read(written.overrides)?.arrayValue?.compactMap(\.stringValue) ?? []
        commands = Self.commands(name, overrides: overrides, commits: Set(findings.points.builds.compactMap(\.commit)))
    }

    /// The commands that make the sweep anew; the first checks out the commit, where all results are of one.
    private static func commands(_ sweep: String, overrides: [String], commits: Set<String>) -> [String] {
        let settings = overrides.map { " --set " + quoted($0) }.joined()
        let checkout = commits.count == 1 ? commits.map { "git checkout " + $0.replacing("-dirty", with: "") } : []
        return checkout + [
            "eigensweep launch \(quoted(sweep + ".yaml"))\(settings)", "eigensweep analyze \(quoted(sweep))",
            "eigensweep report \(quoted(sweep))",
        ]
    }

    /// `word` as one word of a shell.
    package static func quoted(_ word: String) -> String {
        let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=,:@%+")
        if !word.isEmpty, word.allSatisfy(plain.contains) { return word }
        return "'" + word.replacing("'", with: "'\\''") + "'"
    }
}
