import Foundation
import ResultCatalogue
import ResultQueries

/// A sweep's sentences and figures as `analyze` makes them, for a page that shows them.
package struct SweepDrawings: Sendable {
    package let sentences: [String]
    /// Without the samples' sheet: pages show pictures by themselves.
    package let figures: [SweepPage.Figure]
    /// Why figures are not drawn.
    package let problem: ReportError?

    /// Throws `ReportError.request` for an unknown sweep.
    package init(
        _ reader: CatalogueReader, sweep: String, store: String,
        searchPath: String = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    ) throws {
        let findings = try Findings(reader, sweep: sweep, store: store)
        let names = FigureName.allCases.filter { $0 != .samples }
        sentences = findings.sentences + (findings.missingSentence(among: names).map { [$0] } ?? [])
        (figures, problem) = SweepPage.drawn(
            findings.figures.filter { $0.name != .samples }, searchPath: searchPath)
    }
}
