import Foundation
import ResultQueries

/// The dataset size at which copying ends, against the number of parameters and against the length of training.
struct BoundaryLawFigure: SweepFigure {
    let law: BoundaryLaw
    let name = FigureName.boundaryLaw
    private let width = 980
    private var captionLines: Gnuplot.Caption {
        Gnuplot.Caption(law.points.caption(caption, isMean: false), width: width)
    }
    var size: (width: Int, height: Int) { (width, 420 + captionLines.height) }

    var absence: FigureAbsence? {
        guard law.inside.allSatisfy({ $0.parameters == nil }) else { return nil }
        if law.sizes.isEmpty { return law.wanting }
        if law.sizes.count == 1 { return "there are measurements of one dataset.size only" }
        return law.inside.isEmpty
            ? "copying ends within the sizes swept nowhere" : "no worker has told how many parameters its networks have"
    }

    var table: ResultTable {
        let replicates = law.points.replicateAxes
        var table = ResultTable(
            name: name.rawValue,
            columns: ["model_scale", "parameters", law.points.lengthUnit] + law.points.otherAxes
                + (replicates.isEmpty ? ["seed"] : replicates) + ["is", "boundary", "law", "law_low", "law_high"])
        for row in law.rows {
            let (kind, value) = Self.words(row.boundary)
            table.rows.append(
                [.init(row.scale), .init(row.parameters), .init(row.length)] + row.otherCells
                    + (replicates.isEmpty ? [.init(law.points.seeds.first)] : row.replicateCells) + [
                        // Bounds are sizes that were swept.
                        .text(kind), .init(value.map { kind == "at" ? exp($0) : exp($0).rounded() }),
                        .init(law.size(of: row)), .init(law.interval(of: row)?.low), .init(law.interval(of: row)?.high),
                    ])
        }
        return table
    }

    private static func words(_ boundary: BoundaryLaw.Boundary) -> (kind: String, value: Double?) {
        switch boundary {
        case .at(let value): ("at", value)
        case .above(let value): ("above", value)
        case .below(let value): ("below", value)
        case .rises: ("rises", nil)
        }
    }

    /// The law's lines over x, one for each combination of other axes, each from the first place to the last at which
    /// copying was seen to end: places with N* and its interval.
    private func lines(
        _ rows: [BoundaryLaw.Row], x: (BoundaryLaw.Row) -> Double?
    ) -> [[(x: Double, size: Double, interval: ConfidenceInterval?)]] {
        Dictionary(grouping: rows, by: \.other).sorted { $0.key < $1.key }.compactMap { _, rows in
            let measured = rows.filter(\.isInside).compactMap(x)
            guard let first = measured.min(), let last = measured.max(), first < last else { return nil }
            let places = Dictionary(grouping: rows.filter { x($0).map { (first...last).contains($0) } ?? false }) {
                x($0) ?? 0
            }
            return places.sorted { $0.key < $1.key }.compactMap { place, rows in
                rows.first.flatMap { row in law.size(of: row).map { (place, $0, law.interval(of: row)) } }
            }
        }
    }

    /// One panel: `x` against N*, a colour for each value of the other; with the law's lines where it `hasLines`.
    private func panel(
        _ index: Int, hasLines: Bool, x: (BoundaryLaw.Row) -> Double?, other: (BoundaryLaw.Row) -> Double,
        label: (Double) -> String
    ) -> (data: String, plots: [String]) {
        let others = Set(law.rows.map(other)).sorted()
        var data = ""
        var plots = [String]()
        var bands = [String]()
        for (number, value) in others.enumerated() {
            let rows = law.rows.filter { other($0) == value }
            let shade = others.count == 1 ? 0.25 : 0.85 * Double(number) / Double(others.count - 1)
            let colour = Gnuplot.colour(shade)
            for (kind, symbol) in [("at", 7), ("above", 8), ("below", 10)] {
                let shown = rows.compactMap { row -> String? in
                    let found = Self.words(row.boundary)
                    guard found.kind == kind, let size = found.value, let x = x(row) else { return nil }
                    return "\(x) \(exp(size))\n"
                }
                let block = "$b\(index)\(kind)\(number)"
                data += "\(block) << EOD\n" + (shown.isEmpty ? "NaN NaN\n" : shown.joined()) + "EOD\n"
                let title = kind == "at" ? "title \(Gnuplot.quote(label(value)))" : "notitle"
                plots.append("\(block) using 1:2 with points pt \(symbol) ps 1.1 lw 1.5 lc rgb '\(colour)' \(title)")
            }
            guard hasLines else { continue }
            for (line, places) in lines(rows, x: x).enumerated() {
                let block = "$l\(index)n\(number)o\(line)"
                data += "\(block) << EOD\n"
                for place in places {
                    let (low, high) = (place.interval?.low ?? place.size, place.interval?.high ?? place.size)
                    data += "\(place.x) \(place.size) \(low) \(high)\n"
                }
                data += "EOD\n"
                plots.append("\(block) using 1:2 with lines lw 1.5 lc rgb '\(colour)' notitle")
                guard places.contains(where: { $0.interval != nil }) else { continue }
                bands.append(
                    "\(block) using 1:3:4 with filledcurves lc rgb '\(colour)' fs transparent solid 0.15 noborder notitle"
                )
            }
        }
        return (data, bands + plots)
    }

    var script: String {
        let byParameters = panel(0, hasLines: law.line?.ofParameters != nil) {
            $0.parameters.map(Double.init)
        } other: {
            $0.length
        } label: {
            law.points.lengthLabel($0)
        }
        let byLength = panel(1, hasLines: law.line?.ofLength != nil) {
            $0.length
        } other: {
            Double($0.scale)
        } label: {
            "scale \(ResultTable.format($0))"
        }
        func down(_ place: Int) -> Double { 1 - Double(place) / Double(size.height) }
        let ticks = law.sizes.map { "'\($0)' \($0)" }.joined(separator: ", ")
        return """
            \(byParameters.data)\(byLength.data)
            set multiplot
            set label 1 'Where copying ends: training images at which half of the samples are copies' at screen 0.5,\(down(24)) center font ',15'
            \(captionLines.labels(size))
            set logscale xy
            set format x '%g'
            set yrange [\(Double(law.sizes.first ?? 1) / 1.6):\(Double(law.sizes.last ?? 10) * 1.6)]
            set ytics (\(ticks))
            set grid lc rgb '#dddddd' lt 1 lw 0.7
            set border 3 lc rgb '#444444'
            set tics nomirror out font ',11'
            set tmargin at screen \(down(56))
            set bmargin at screen \(down(357))
            set lmargin at screen 0.1
            set rmargin at screen 0.38
            set offsets graph 0.06, graph 0.06, 0, 0
            set xlabel 'parameters'
            set ylabel 'training images N*'
            set key at screen 0.39,\(down(56)) left top Left reverse samplen 1 font ',10'
            plot \(byParameters.plots.joined(separator: ", \\\n  "))
            \(Gnuplot.endOfPanel)
            unset label
            set lmargin at screen 0.58
            set rmargin at screen 0.86
            set xlabel '\(law.points.lengthAxis)'
            unset ylabel
            set key at screen 0.87,\(down(56)) left top Left reverse samplen 1 font ',10'
            plot \(byLength.plots.joined(separator: ", \\\n  "))
            \(Gnuplot.endOfPanel)
            unset multiplot
            """
    }

    var marks: [PanelMarks] {
        func panel(_ x: (BoundaryLaw.Row) -> Double?) -> PanelMarks {
            PanelMarks(
                isLogarithmic: (true, true),
                marks: law.rows.compactMap { row in
                    let (kind, value) = Self.words(row.boundary)
                    guard let x = x(row), let value else { return nil }
                    let others = zip(
                        law.points.otherAxes + law.points.replicateAxes, row.otherCells + row.replicateCells
                    ).map { "\($0) \($1.text)" }
                    let words =
                        [
                            "scale \(row.scale)" + (row.parameters.map { " (\($0) parameters)" } ?? ""),
                            law.points.lengthLabel(row.length),
                        ] + others
                    return .init(
                        x: x, y: exp(value),
                        text: "\(words.joined(separator: ", ")): N* \(kind == "at" ? "" : kind + " ")"
                            + ResultTable.format(exp(value).rounded()))
                })
        }
        return [panel { $0.parameters.map(Double.init) }, panel { $0.length }]
    }

    private var caption: String {
        let marks = "Triangles: beyond the sizes swept, up or down."
        let terms = [
            law.ofParameters.map { "P^" + short($0) }, law.ofLength.map { "\(law.points.lengthUnit)^" + short($0) },
        ]
        .compactMap { $0 }
        guard law.line != nil else { return "\(marks) The law is not determined." }
        let bands = law.rows.contains { law.interval(of: $0) != nil }
        return "\(marks) Lines: N* ∝ \(terms.joined(separator: " · "))"
            + (bands ? "; bands: 95 % intervals over replicates." : ".")
    }

    private func short(_ exponent: BoundaryExponent) -> String {
        "\(exponent.words.value) (\(exponent.words.interval))"
    }
}
