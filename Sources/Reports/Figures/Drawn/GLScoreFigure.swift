import ResultQueries

/// GL score and copied share by dataset size.
struct GLScoreFigure: SweepFigure {
    let name = FigureName.glScore
    var absence: FigureAbsence? { glScore.isEmpty ? wanting : nil }
    let points: SweepPoints
    let glScore: [GridPoint: Average]
    let copied: [GridPoint: Average]
    /// Averages of held-out images by dataset size alone, since they do not depend on the network's scale.
    private let heldOut: [Int: Average]
    private let heldOutAt: [GridPoint: Average]
    private let wanting: FigureAbsence

    init(_ points: SweepPoints) throws {
        self.points = points
        wanting = try points.wanting("memorization", "gl_score")
        func values(_ quantity: String) throws -> [PlacedValue] {
            try points.values("memorization", quantity)[nil] ?? []
        }
        glScore = try values("gl_score").averages
        copied = try values("copied").averages
        heldOutAt = try values("gl_held_out").averages
        heldOut = Dictionary(grouping: try values("gl_held_out"), by: \.point.size).compactMapValues(\.average)
    }

    /// The numbers behind the figure.
    var table: ResultTable {
        var table = ResultTable(
            name: "gl_score",
            columns: [
                "dataset_size", "model_scale", points.lengthUnit, "trials", "gl_score", "gl_score_min",
                "gl_score_max", "gl_held_out", "copied", "copied_min", "copied_max", "copied_low", "copied_high",
                "ci95_of",
            ])
        for point in glScore.keys.sorted() {
            let (scores, shares) = (glScore[point], copied[point])
            table.rows.append(
                [
                    .init(point.size), .init(point.scale), .init(point.length), .init(scores?.replicates),
                    .init(scores?.mean), .init(scores?.smallest), .init(scores?.largest),
                    .init(heldOutAt[point]?.mean), .init(shares?.mean), .init(shares?.smallest),
                    .init(shares?.largest),
                ] + (shares?.intervalCells ?? [.null, .null, .null]))
        }
        return table
    }

    /// The axes' left and right ends, and where the lower panel ends, in points from the top.
    private static let (left, right, bottom) = (99, 648, 610)

    private func title(_ line: (scale: Int, length: Double)) -> String {
        (line.scale > 0 ? "scale \(line.scale), " : "") + points.lengthLabel(line.length)
    }

    private var width: Int {
        Self.right + 18 + Gnuplot.legendWidth(lines.map(title), samples: 2.5, least: 234)
    }

    /// The legend may reach further down than the panels.
    private var above: Int { max(Self.bottom + 62, 70 + 17 * (lines.count + 2)) }
    private var captionLines: Gnuplot.Caption { Gnuplot.Caption(points.caption(caption), width: width) }
    var size: (width: Int, height: Int) { (width, above + captionLines.height) }

    private var lines: [(scale: Int, length: Double)] {
        let longest = Array(Set(glScore.keys.map(\.length)).sorted().suffix(4))
        return Set(glScore.keys.map(\.scale)).sorted().flatMap { scale in
            longest.reversed().filter { length in glScore.keys.contains { $0.scale == scale && $0.length == length } }
                .map { (scale, $0) }
        }
    }

    var script: String {
        let lines = lines
        let scales = Set(lines.map(\.scale)).sorted()
        let lengths = Array(Set(lines.map(\.length)).sorted().reversed())
        var data = ""
        var scores = [String]()
        var shares = [String]()
        for (index, line) in lines.enumerated() {
            data += block("score\(index)", glScore, line) + block("copied\(index)", copied, line)
            let rank = scales.firstIndex(of: line.scale) ?? 0
            let dash = (lengths.firstIndex(of: line.length) ?? 0) + 1
            let share = scales.count == 1 ? 0.25 : 0.85 * Double(rank) / Double(scales.count - 1)
            let colour = Gnuplot.colour(share)
            let style = "lc rgb '\(colour)' lw \(dash == 1 ? 2.5 : 1.5) dt \(dash) pt \([7, 5, 9, 13, 11][rank % 5])"
            let bar = "lc rgb '\(colour)' lw 1"
            let title = Gnuplot.quote(title(line))
            let bars = (glScore.values.map(\.replicates).max() ?? 1) > 1
            for (name, title, list) in [("score", title, 0), ("copied", "''", 1)] {
                var plots = ["$\(name)\(index) using 1:2 with linespoints \(style) ps 0.7 title \(title)"]
                if bars { plots.append("$\(name)\(index) using 1:3:(0):($4-$3) with vectors nohead \(bar) notitle") }
                if list == 0 { scores += plots } else { shares += plots }
            }
        }
        data += "$baseline << EOD\n" + baseline + "EOD\n"
        scores.append("$baseline using 1:2 with lines lc rgb '#555555' lw 2 dt 3 title 'held-out images'")
        // For other networks and images the threshold means nothing: unseen faces of 16 × 16 score as much.
        if points.hasThreshold {
            scores.append("0.6 with lines lc rgb '#b03a2e' lw 1.5 dt 2 title '0.6 (Li et al. 2024)'")
        }
        let sizes = Set(glScore.keys.map(\.size)).sorted()
        func across(_ place: Int) -> Double { Double(place) / Double(size.width) }
        func down(_ place: Int) -> Double { 1 - Double(place) / Double(size.height) }
        let low = Double(sizes.first ?? 1) / 1.3
        let high = Double(sizes.last ?? 1) * 1.3
        return """
            \(data)
            set multiplot
            set logscale x 2
            set xrange [\(low):\(high)]
            set grid lc rgb '#dddddd' lt 1 lw 0.7
            set border 3 lc rgb '#444444'
            set tics nomirror out
            set lmargin at screen \(across(Self.left))
            set rmargin at screen \(across(Self.right))
            \(captionLines.labels(size))
            set tmargin at screen \(down(58))
            set bmargin at screen \(down(324))
            set title 'Memorization by training-set size' font ',16'
            set ylabel 'GL score (distance / norm)'
            set yrange [0:*]
            set xtics (\(sizes.map { "'' \($0)" }.joined(separator: ", ")))
            set key at screen \(across(Self.right + 18)),\(down(65)) left top Left reverse samplen 2.5 font ',\(Gnuplot.legendSize)'
            plot \(scores.joined(separator: ", \\\n  "))
            \(Gnuplot.endOfPanel)
            unset title
            unset label
            unset key
            set tmargin at screen \(down(353))
            set bmargin at screen \(down(Self.bottom))
            set ylabel 'copied samples (share)'
            set yrange [-0.03:1.03]
            set ytics 0.25
            set xtics (\(sizes.map { "\($0)" }.joined(separator: ", ")))
            set xlabel '\(SweepPoints.sizeAxis), log₂ scale'
            set arrow 1 from graph 0, first 0.5 to graph 1, first 0.5 nohead lc rgb '#999999' dt 3
            plot \(shares.joined(separator: ", \\\n  "))
            \(Gnuplot.endOfPanel)
            unset arrow 1
            unset multiplot
            """
    }

    var marks: [PanelMarks] {
        let shown = lines
        return [("GL score", glScore), ("copied", copied)].map { name, values in
            let places = values.filter { place in
                shown.contains { $0.scale == place.key.scale && $0.length == place.key.length }
            }
            return PanelMarks(
                isLogarithmic: (true, false),
                marks: places.sorted { $0.key < $1.key }.map { place, average in
                    .init(
                        x: Double(place.size), y: average.mean,
                        text: title((place.scale, place.length)) + ", N = \(place.size): "
                            + "\(name) \(average.summary)")
                })
        }
    }

    private var caption: String {
        let bars = (glScore.values.map(\.replicates).max() ?? 1) > 1 ? " Bars: smallest to largest trial." : ""
        return "Copied: nearest training image closer than a third of the second nearest.\(bars)"
    }

    private var baseline: String {
        heldOut.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.mean)\n" }.joined()
    }

    private func block(
        _ name: String, _ values: [GridPoint: Average], _ line: (scale: Int, length: Double)
    ) -> String {
        let rows = values.filter { $0.key.scale == line.scale && $0.key.length == line.length }
            .sorted { $0.key < $1.key }
            .map { "\($0.key.size) \($0.value.mean) \($0.value.smallest) \($0.value.largest)\n" }
        // gnuplot refuses a block without any point.
        return "$\(name) << EOD\n" + (rows.isEmpty ? "1 NaN NaN NaN\n" : rows.joined()) + "EOD\n"
    }
}
