import Foundation
import ResultCatalogue
import ResultQueries

/// What `analyze` found and drew.
package struct AnalysisResult: Hashable, Sendable {
    /// `memorization`: GL score, copied share and AUC by dataset size, model scale and length.
    package var tables: [ResultTable]
    /// Paths of the figures: for each an SVG, a PNG, the gnuplot script and the CSV behind it.
    package var figures: [String]
    /// What the numbers say, for people.
    package var sentences: [String]
    /// Figures in which there is nothing to draw; a sentence says why.
    package var missing: [FigureName]
    /// Why figures are missing: gnuplot is not installed (the message names the Debian package) or failed, or the directory
    /// cannot be written. Tables and sentences are complete all the same.
    package var problem: ReportError?
}

/// Draws a sweep's figures and sums it up.
package struct Analysis: Sendable {
    private let reader: CatalogueReader
    private let sweep: String
    private let store: String
    private let searchPath: String

    /// Pictures are in the folder `store`, by digest; `searchPath` is where gnuplot is looked for.
    package init(
        _ reader: CatalogueReader, sweep: String, store: String,
        searchPath: String = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    ) {
        self.reader = reader
        self.sweep = sweep
        self.store = store
        self.searchPath = searchPath
    }

    /// Draws figures into `directory`, which it makes. It leaves out those for whose measure the sweep has no result, and a
    /// sentence names them.
    ///
    /// Throws `ReportError.request` for an unknown sweep.
    package func run(into directory: String, figures names: [FigureName] = FigureName.allCases) throws -> AnalysisResult
    {
        let findings = try Findings(reader, sweep: sweep, store: store)
        let drawn = findings.figures.filter { names.contains($0.name) }
        let missing = findings.missingSentence(among: names)
        var result = AnalysisResult(
            tables: [findings.memorization], figures: [],
            sentences: findings.sentences + (missing.map { [$0] } ?? []),
            missing: findings.missing(among: names))
        guard !drawn.isEmpty else { return result }
        do {
            let gnuplot = try Gnuplot(search: searchPath)
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            for figure in drawn {
                if let samples = figure as? SamplesFigure {
                    _ = try SweepPictures.copy(samples.pictures, from: store, into: directory)
                }
                result.figures += try gnuplot.draw(
                    figure.name.rawValue, width: figure.size.width, height: figure.size.height, body: figure.script,
                    in: directory)
                let path = "\(directory)/\(figure.name.rawValue).csv"
                try figure.table.render(.csv).write(toFile: path, atomically: true, encoding: .utf8)
                result.figures.append(path)
            }
        } catch let error as ReportError {
            result.problem = error
        } catch {
            result.problem = ReportError(
                .environment, "the figures could not be written to \(directory): \(error.localizedDescription)")
        }
        return result
    }
}
