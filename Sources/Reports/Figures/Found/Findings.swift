import ResultCatalogue
import ResultQueries

/// What a sweep's measurements say, and the figures they allow.
struct Findings {
    let points: SweepPoints
    /// GL score, copied share and AUC by dataset size, model scale and length.
    let memorization: ResultTable
    /// The findings in words, for people.
    let sentences: [String]
    /// The figures in which there is something to draw.
    let figures: [any SweepFigure]
    private let empty: [FigureName]

    /// Pictures are looked for in `store`. Throws `ReportError.request` for an unknown sweep.
    init(_ reader: CatalogueReader, sweep: String, store: String) throws {
        points = try SweepPoints(reader, sweep: sweep)
        let summary = try MemorizationSummary(points)
        let map = try PhaseMap(points)
        let law = try BoundaryLaw(points)
        let linearity = try points.linearityFigure()
        let distance = try points.gaussianDistanceFigure()
        let all: [any SweepFigure] = [
            PhaseMapFigure(map, byLength: false), PhaseMapFigure(map, byLength: true), BoundaryLawFigure(law: law),
            try GLScoreFigure(points), distance, try points.distancesFigure(), linearity, try points.psnrFigure(),
            try points.cosinesFigure(), try points.jacobianFigure(),
            SamplesFigure(points, try SweepPictures(reader, sweep: sweep).pictures, store: store),
            try points.lossFigure(),
        ]
        memorization = summary.table
        sentences =
            [points.averageSentence].compactMap(\.self) + summary.sentences + map.sentences + law.sentences
            + CurveSummary(distance, of: "the distance to the Gaussian denoiser").sentences
            + CurveSummary(linearity, of: "linearity (LS)").sentences
        figures = all.filter { !$0.isEmpty }
        empty = all.filter(\.isEmpty).map(\.name)
    }

    /// A sentence that says which of `names` cannot be drawn; nil where all can.
    func missing(among names: [FigureName] = FigureName.allCases) -> String? {
        let missing = empty.filter(names.contains).map { name in
            name.rawValue + (name.measure.map { " (measure \($0))" } ?? "")
        }
        guard !missing.isEmpty else { return nil }
        return "Not drawn, for want of measurements or of an axis that varies: \(missing.joined(separator: ", "))."
    }
}
