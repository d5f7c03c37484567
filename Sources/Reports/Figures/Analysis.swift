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
    /// a sentence names them.
    ///
    /// Throws `ReportError.request` for an unknown sweep.
    package func run(into directory: String, figures names: [FigureName] = FigureName.allCases) throws -> AnalysisResult
    {
        let points = try SweepPoints(reader, sweep: sweep)
        let summary = try MemorizationSummary(points)
        let map = try PhaseMap(points)
        let law = try BoundaryLaw(points)
        let linearity = try points.linearityFigure()
        let distance = try points.gaussianDistanceFigure()
        let all: [any SweepFigure] = [
            PhaseMapFigure(map, byLength: false), PhaseMapFigure(map, byLength: true), BoundaryLawFigure(law: law),
            try GLScoreFigure(points), distance, try points.distancesFigure(), linearity, try points.psnrFigure(),
            try points.cosinesFigure(), try points.jacobianFigure(), try points.lossFigure(),
        ]
        var result = AnalysisResult(
            tables: [summary.table], figures: [],
            sentences: summary.sentences + map.sentences + law.sentences
                + CurveSummary(distance, of: "the distance to the Gaussian denoiser").sentences
                + CurveSummary(linearity, of: "linearity (LS)").sentences)
        let wanted = all.filter { names.contains($0.name) }
        if let missing = Self.missing(wanted.filter(\.isEmpty)) { result.sentences.append(missing) }
        let drawn = wanted.filter { !$0.isEmpty }
        guard !drawn.isEmpty else { return result }
        do {
            let gnuplot = try Gnuplot(search: searchPath)
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            for figure in drawn {
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
                .environment, "The figures could not be written to \(directory): \(error.localizedDescription)")
        }
        return result
    }

    private static func missing(_ figures: [any SweepFigure]) -> String? {
        guard !figures.isEmpty else { return nil }
        let names = figures.map { figure in
            figure.name.rawValue + (figure.name.measure.map { " (measure \($0))" } ?? "")
        }
        return "Not drawn, for want of measurements or of an axis that varies: \(names.joined(separator: ", "))."
    }
}
