/// What a sweep says about memorization, in numbers and words.
struct MemorizationSummary {
    private let points: SweepPoints
    private let quantities: [String: [GridPoint: [Double]]]

    init(_ points: SweepPoints) throws {
        self.points = points
        var quantities = [String: [GridPoint: [Double]]]()
        for name in ["gl_score", "gl_held_out", "copied", "copy_auc"] {
            quantities[name] = try points.values("memorization", name)[nil] ?? [:]
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
                "copy_auc",
            ],
            rows: places.map { place in
                [
                    .init(place.size), .init(place.scale), .init(place.length),
                    .init(quantities["gl_score"]?[place]?.count), .init(mean("gl_score", place)),
                    .init(mean("gl_held_out", place)), .init(mean("copied", place)), .init(mean("copy_auc", place)),
                ]
            })
    }

    /// One sentence per model scale, at its longest training: the ends of the range of dataset sizes, and where half of
    /// the samples are copies.
    var sentences: [String] {
        Set(places.map(\.scale)).sorted().compactMap { scale in
            let longest = places.filter { $0.scale == scale }.map(\.length).max()
            let line = places.filter { $0.scale == scale && $0.length == longest }
            guard let first = line.first, let last = line.last else { return nil }
            var text = "After \(points.lengthLabel(first.length)) scale \(scale) \(finding(first))"
            if last != first { text += "; \(finding(last, brief: true))" }
            return text + "." + boundary(line)
        }
    }

    private func finding(_ place: GridPoint, brief: Bool = false) -> String {
        let score =
            mean("gl_score", place).map { " (GL score \(ResultTable.format(($0 * 100).rounded() / 100)))" } ?? ""
        guard let copied = mean("copied", place) else { return "has no copied share at \(place.size) images\(score)" }
        let percent = copied * 100
        let share =
            copied == 0 ? "none" : "\(percent >= 1 ? "\(Int(percent.rounded()))" : ResultTable.format(percent)) %"
        return brief
            ? "at \(place.size) images \(share)\(score)"
            : "copies \(share) of its samples when trained on \(place.size) images\(score)"
    }

    private func boundary(_ line: [GridPoint]) -> String {
        let shares = line.compactMap { place in mean("copied", place).map { (place.size, $0) } }
        for (below, above) in zip(shares, shares.dropFirst()) where below.1 >= 0.5 && above.1 < 0.5 {
            return " Half of the samples are copies somewhere between \(below.0) and \(above.0) images."
        }
        return ""
    }
}

/// What a sweep says about the distance to the Gaussian denoiser.
struct GaussianDistanceSummary {
    let figure: GaussianDistanceFigure

    init(_ figure: GaussianDistanceFigure) { self.figure = figure }

    /// One sentence per model scale: at the noise level where dataset size matters most.
    var sentences: [String] {
        Set(figure.places.map(\.scale)).sorted().compactMap { scale in
            let line = figure.places.filter { $0.scale == scale }
            guard let first = line.first, let last = line.last, first != last else { return nil }
            func change(_ sigma: Double) -> (from: Double, to: Double)? {
                guard let from = figure.distances[sigma]?[first], let to = figure.distances[sigma]?[last] else {
                    return nil
                }
                return (from.mean, to.mean)
            }
            let widest = figure.distances.keys.compactMap { sigma in change(sigma).map { (sigma, $0) } }
                .max { abs($0.1.from - $0.1.to) < abs($1.1.from - $1.1.to) }
            guard let (sigma, ends) = widest else { return nil }
            return "At scale \(scale) the distance to the Gaussian denoiser at sigma \(ResultTable.format(sigma)) goes "
                + "from \(ResultTable.format(ends.from)) at \(first.size) images to \(ResultTable.format(ends.to)) at "
                + "\(last.size)."
        }
    }
}
