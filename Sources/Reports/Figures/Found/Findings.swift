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
    private let absent: [(name: FigureName, reason: FigureAbsence)]

    /// Pictures are looked for in `store`. Throws `ReportError.request` for an unknown sweep.
    init(_ reader: CatalogueReader, sweep: String, store: String) throws {
        points = try SweepPoints(reader, sweep: sweep)
        let summary = try MemorizationSummary(points)
        let map = try PhaseMap(points)
        let law = try BoundaryLaw(points)
        let capacity = try BoundaryLaw(points, level: BoundaryLaw.capacity)
        let times = try CrossingTimes(points)
        let modeTimes = try ModeTimes(points)
        let linearity = try points.linearityFigure()
        let distance = try points.gaussianDistanceFigure()
        let modes = try points.modesFigure()
        let all: [any SweepFigure] = [
            PhaseMapFigure(map, byLength: false), PhaseMapFigure(map, byLength: true), BoundaryLawFigure(law: law),
            BoundaryLawFigure(law: capacity), times.figure, modeTimes.figure,
            try GLScoreFigure(points), distance, try points.distancesFigure(), linearity, try points.psnrFigure(),
            try points.cosinesFigure(), try points.jacobianFigure(),
            try SamplesFigure(points, try SweepPictures(reader, sweep: sweep).pictures, store: store),
            try points.lossFigure(), try points.heldOutLossFigure(), try points.copiesFigure(), modes,
            try points.ownTrajectoryFigure(),
        ]
        memorization = summary.table
        let laws = law.sentences + capacity.sentences + times.sentences + modeTimes.sentences
        let curves =
            CurveSummary(distance, of: "the distance to the Gaussian denoiser").sentences
            + CurveSummary(linearity, of: "linearity (LS)").sentences
        let ofMeasures =
            try points.heldOutLossSentences() + points.copiesSentences() + SweepPoints.modesSentences(modes)
            + points.ownTrajectorySentences()
        let places = [points.averageSentence].compactMap(\.self) + summary.sentences + map.sentences
        sentences = places + laws + curves + ofMeasures
        figures = all.filter { $0.absence == nil }
        absent = all.compactMap { figure in figure.absence.map { (figure.name, $0) } }
    }

    /// Which of `names` cannot be drawn.
    func missing(among names: [FigureName] = FigureName.allCases) -> [FigureName] {
        absent.map(\.name).filter(names.contains)
    }

    /// A sentence that says so, with the reasons; nil where all can be drawn.
    func missingSentence(among names: [FigureName] = FigureName.allCases) -> String? {
        let missing = absent.filter { names.contains($0.name) }
        guard missing.count > 1 else {
            return missing.first.map { "Not drawn: \($0.name.rawValue) (\($0.reason.words))." }
        }
        var parts = [String]()
        var unasked = [String]()
        for (name, reason) in missing {
            switch reason {
            case .unasked(let measure):
                unasked.append(name.rawValue + (measure == name.rawValue ? "" : " (\(measure))"))
            case .because(let words): parts.append("\(name.rawValue) (\(words))")
            }
        }
        if !unasked.isEmpty {
            parts.append(
                (parts.isEmpty ? "" : "and, ") + "as the sweep does not ask for their measures, "
                    + unasked.joined(separator: ", "))
        }
        return "Not drawn: \(parts.joined(separator: ", "))."
    }
}
