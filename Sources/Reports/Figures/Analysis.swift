import Foundation
import ResultCatalogue

/// What `analyze` found and drew.
package struct AnalysisResult: Hashable, Sendable {
    /// `memorization`: GL score, copied share and AUC by dataset size, model scale and length.
    package var tables: [ResultTable]
    /// Paths of the figures: for each an SVG, a PNG, the gnuplot script and the CSV behind it.
    package var figures: [String]
    /// What the numbers say, for people.
    package var sentences: [String]
    /// Why figures are missing: gnuplot is not installed (it names the Debian package) or failed, or the directory
    /// cannot be written. Tables and sentences are whole all the same.
    package var problem: ReportError?
}

/// Draws a sweep's figures and sums it up.
package struct Analysis: Sendable {
    private let reader: CatalogueReader
    private let sweep: String
    private let searchPath: String

    /// `searchPath` is where gnuplot is looked for.
    package init(
        _ reader: CatalogueReader, sweep: String,
        searchPath: String = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    ) {
        self.reader = reader
        self.sweep = sweep
        self.searchPath = searchPath
    }

    /// Draws `figures` into `directory`, making it. Figures whose measure the sweep has no result of are left out, and
    /// a sentence says so.
    ///
    /// Throws `ReportError.request` for an unknown sweep.
    package func run(into directory: String, figures: [FigureName] = FigureName.allCases) throws -> AnalysisResult {
        let points = try SweepPoints(reader, sweep: sweep)
        let memorization = try GLScoreFigure(points)
        let distance = try GaussianDistanceFigure(points)
        let summary = try MemorizationSummary(points)
        var result = AnalysisResult(
            tables: [summary.table], figures: [],
            sentences: summary.sentences + GaussianDistanceSummary(distance).sentences)
        guard !figures.isEmpty else { return result }
        do {
            let gnuplot = try Gnuplot(search: searchPath)
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            for figure in figures {
                switch figure {
                case .glScore where memorization.glScore.isEmpty:
                    result.sentences.append("No memorization measurement is recorded yet: gl-score is not drawn.")
                case .glScore:
                    result.figures += try gnuplot.draw(
                        figure.rawValue, width: GLScoreFigure.size.width, height: GLScoreFigure.size.height,
                        body: memorization.script, in: directory)
                    result.figures.append(try write(memorization.table, figure, directory))
                case .gaussianDistance where distance.distances.isEmpty:
                    result.sentences.append(
                        "No gaussian-distance measurement is recorded yet: gaussian-distance is not drawn.")
                case .gaussianDistance:
                    result.figures += try gnuplot.draw(
                        figure.rawValue, width: distance.size.width, height: distance.size.height,
                        body: distance.script, in: directory)
                    result.figures.append(try write(distance.table, figure, directory))
                }
            }
        } catch let error as ReportError {
            result.problem = error
        } catch {
            result.problem = ReportError(
                .environment, "The figures could not be written to \(directory): \(error.localizedDescription)")
        }
        return result
    }

    private func write(_ table: ResultTable, _ figure: FigureName, _ directory: String) throws -> String {
        let path = "\(directory)/\(figure.rawValue).csv"
        try table.render(.csv).write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }
}
