import ResultQueries

/// What a sweep says about memorization, in numbers and words.
struct MemorizationSummary {
    private let points: SweepPoints
    private let quantities: [String: [GridPoint: Average]]

    init(_ points: SweepPoints) throws {
        self.points = points
        var quantities = [String: [GridPoint: Average]]()
        for name in ["gl_score", "gl_held_out", "copied", "copy_auc"] {
            quantities[name] = (try points.values("memorization", name)[nil] ?? []).averages
        }
        self.quantities = quantities
    }

    private var places: [GridPoint] { (quantities["gl_score"] ?? [:]).keys.sorted() }

    private func mean(_ name: String, _ place: GridPoint) -> Double? {
        quantities[name]?[place]?.mean
    }

    var table: ResultTable {
        ResultTable(
            name: "memorization",
            columns: [
                "dataset_size", "model_scale", points.lengthUnit, "trials", "gl_score", "gl_held_out", "copied",
                "copy_auc", "copied_low", "copied_high", "ci95_of",
            ],
            rows: places.map { place in
                [
                    .init(place.size), .init(place.scale), .init(place.length),
                    .init(quantities["gl_score"]?[place]?.replicates), .init(mean("gl_score", place)),
                    .init(mean("gl_held_out", place)), .init(mean("copied", place)), .init(mean("copy_auc", place)),
                ] + (quantities["copied"]?[place]?.intervalCells ?? [.null, .null, .null])
            })
    }

    /// One sentence per model scale, at its longest training: the ends of the range of dataset sizes, and where half of
    /// the samples are copies.
    var sentences: [String] {
        Set(places.map(\.scale)).sorted().compactMap { scale in
            let longest = places.filter { $0.scale == scale }.map(\.length).max()
            let line = places.filter { $0.scale == scale && $0.length == longest }
            guard let first = line.first, let last = line.last else { return nil }
            var text =
                "After \(points.lengthWords(first.length)) \(scale > 0 ? "scale \(scale)" : "the network") \(finding(first))"
            if last != first { text += "; \(finding(last, brief: true))" }
            return text + "." + boundary(line)
        }
    }

    private func finding(_ place: GridPoint, brief: Bool = false) -> String {
        let score =
            mean("gl_score", place).map { " (GL score \(ResultTable.format(($0 * 100).rounded() / 100)))" } ?? ""
        guard let copied = mean("copied", place) else { return "has no copied share at N = \(place.size)\(score)" }
        let percent = copied * 100
        let share =
            copied == 0 ? "none" : "\(percent >= 1 ? "\(Int(percent.rounded()))" : String(format: "%.2g", percent)) %"
        return brief
            ? "at N = \(place.size) \(share)\(score)"
            : "copies \(share) of its samples when trained on N = \(place.size) images\(score)"
    }

    private func boundary(_ line: [GridPoint]) -> String {
        let shares = line.compactMap { place in mean("copied", place).map { (place.size, $0) } }
        guard let last = shares.lastIndex(where: { $0.1 >= 0.5 }), last + 1 < shares.count else { return "" }
        return " Half of the samples are copies somewhere between N = \(shares[last].0) and \(shares[last + 1].0)."
    }
}

/// Summarises the lines of a figure over noise levels.
struct CurveSummary {
    /// Noise levels between those that hide nothing of an image and those that hide all of it.
    private static let intermediate = 0.1...10.0
    let figure: CurveFigure
    let subject: String

    init(_ figure: CurveFigure, of subject: String) {
        self.figure = figure
        self.subject = subject
    }

    /// One sentence per panel: from the first line to the last, at the intermediate noise level where they are furthest
    /// apart.
    var sentences: [String] {
        figure.panels.compactMap { panel in
            let lines = panel.lines.filter { !$0.isReference && !$0.points.isEmpty }
            guard let first = lines.first, let last = lines.last, first.title != last.title else { return nil }
            let changes = first.points.filter { Self.intermediate.contains($0.x) }.compactMap { point in
                last.points.first { $0.x == point.x }.map { (point.x, point.y.mean, $0.y.mean) }
            }
            guard let (sigma, from, to) = changes.max(by: { abs($0.1 - $0.2) < abs($1.1 - $1.2) }) else { return nil }
            let place = panel.title.isEmpty ? "" : "At \(panel.title) "
            return "\(place)\(subject) at sigma \(ResultTable.format(sigma)) goes from \(ResultTable.format(from)) "
                + "(\(first.title)) to \(ResultTable.format(to)) (\(last.title))."
        }
    }
}
