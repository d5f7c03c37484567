import Foundation
import ResultQueries

/// The dataset size at which copying ends, against the number of parameters and against the length of training.
struct BoundaryLawFigure: SweepFigure {
    let law: BoundaryLaw
    let name = FigureName.boundaryLaw
    let size = (width: 980, height: 470)

    var isEmpty: Bool { law.inside.isEmpty }

    var table: ResultTable {
        var table = ResultTable(
            name: name.rawValue,
            columns: ["model_scale", "parameters", law.points.lengthUnit, "seed", "is", "boundary", "law"])
        for row in law.rows {
            let (kind, value) =
                switch row.boundary {
                case .exactly(let value): ("at", value)
                case .above(let value): ("above", value)
                case .below(let value): ("below", value)
                }
            table.rows.append([
                .init(row.scale), .init(row.parameters), .init(row.length), .init(row.seed), .text(kind),
                .init(exp(value)), .init(law.size(parameters: row.parameters, length: row.length)),
            ])
        }
        return table
    }

    /// One panel: `x` against N*, a colour for each value of the other.
    private func panel(
        _ index: Int, x: (BoundaryLaw.Row) -> Double, other: (BoundaryLaw.Row) -> Double, label: (Double) -> String
    ) -> (data: String, plots: [String]) {
        let others = Set(law.rows.map(other)).sorted()
        var data = ""
        var plots = [String]()
        for (number, value) in others.enumerated() {
            let rows = law.rows.filter { other($0) == value }
            let shade = others.count == 1 ? 0.25 : 0.85 * Double(number) / Double(others.count - 1)
            let colour = Gnuplot.colour(shade)
            for (kind, symbol) in [("at", 7), ("above", 8), ("below", 10)] {
                let shown = rows.compactMap { row -> String? in
                    switch (row.boundary, kind) {
                    case (.exactly(let size), "at"), (.above(let size), "above"), (.below(let size), "below"):
                        "\(x(row)) \(exp(size))\n"
                    default: nil
                    }
                }
                let block = "$b\(index)\(kind)\(number)"
                data += "\(block) << EOD\n" + (shown.isEmpty ? "NaN NaN\n" : shown.joined()) + "EOD\n"
                let title = kind == "at" ? "title \(Gnuplot.quote(label(value)))" : "notitle"
                plots.append("\(block) using 1:2 with points pt \(symbol) ps 1.1 lw 1.5 lc rgb '\(colour)' \(title)")
            }
            let line = Set(rows.map(x)).sorted().compactMap { place -> String? in
                rows.first { x($0) == place }.flatMap { law.size(parameters: $0.parameters, length: $0.length) }
                    .map { "\(place) \($0)\n" }
            }
            guard line.count > 1 else { continue }
            data += "$l\(index)n\(number) << EOD\n\(line.joined())EOD\n"
            plots.append("$l\(index)n\(number) using 1:2 with lines lw 1.5 lc rgb '\(colour)' notitle")
        }
        return (data, plots)
    }

    var script: String {
        let byParameters = panel(0) {
            Double($0.parameters)
        } other: {
            $0.length
        } label: {
            law.points.lengthLabel($0)
        }
        let byLength = panel(1) {
            $0.length
        } other: {
            Double($0.scale)
        } label: {
            "scale \(ResultTable.format($0))"
        }
        let ticks = law.sizes.map { "'\($0)' \($0)" }.joined(separator: ", ")
        return """
            \(byParameters.data)\(byLength.data)
            set multiplot
            set label 1 'Where copying ends: training images at which half of the samples are copies' at screen 0.5,0.95 center font ',15'
            \(Gnuplot.captions(law.points.caption(caption), height: size.height))
            set logscale xy
            set format x '%g'
            set yrange [\(Double(law.sizes.first ?? 1) / 1.6):\(Double(law.sizes.last ?? 10) * 1.6)]
            set ytics (\(ticks))
            set grid lc rgb '#dddddd' lt 1 lw 0.7
            set border 3 lc rgb '#444444'
            set tics nomirror out font ',11'
            set tmargin at screen 0.88
            set bmargin at screen 0.24
            set lmargin at screen 0.1
            set rmargin at screen 0.38
            set offsets graph 0.06, graph 0.06, 0, 0
            set xlabel 'parameters'
            set ylabel 'training images N*'
            set key at screen 0.39,0.88 left top Left reverse samplen 1 font ',10'
            plot \(byParameters.plots.joined(separator: ", \\\n  "))
            \(Gnuplot.endOfPanel)
            unset label
            set lmargin at screen 0.58
            set rmargin at screen 0.86
            set xlabel 'length (\(law.points.lengthUnit))'
            unset ylabel
            set key at screen 0.87,0.88 left top Left reverse samplen 1 font ',10'
            plot \(byLength.plots.joined(separator: ", \\\n  "))
            \(Gnuplot.endOfPanel)
            unset multiplot
            """
    }

    var marks: [PanelMarks] {
        func panel(_ x: (BoundaryLaw.Row) -> Double) -> PanelMarks {
            PanelMarks(
                isLogarithmic: (true, true),
                marks: law.rows.map { row in
                    let (words, value) =
                        switch row.boundary {
                        case .exactly(let value): ("", value)
                        case .above(let value): ("above ", value)
                        case .below(let value): ("below ", value)
                        }
                    return .init(
                        x: x(row), y: exp(value),
                        text:
                            "scale \(row.scale) (\(row.parameters) parameters), \(law.points.lengthLabel(row.length)), "
                            + "seed \(row.seed): N* \(words)\(ResultTable.format(exp(value).rounded()))")
                })
        }
        return [panel { Double($0.parameters) }, panel { $0.length }]
    }

    private var caption: String {
        let marks = "Triangles: beyond the sizes swept, up or down."
        guard law.intercept != nil else { return "\(marks) The law is not determined." }
        let terms = [
            law.ofParameters.map { "P^" + short($0) }, law.ofLength.map { "\(law.points.lengthUnit)^" + short($0) },
        ]
        .compactMap { $0 }
        return "\(marks) Lines: N* ∝ \(terms.joined(separator: " · "))"
    }

    private func short(_ exponent: BoundaryLaw.Exponent) -> String {
        func short(_ value: Double) -> String { ResultTable.format((value * 100).rounded() / 100) }
        return short(exponent.value)
            + (exponent.interval.map { " (95 %: \(short($0.low)) to \(short($0.high)))" } ?? " (too few seeds)")
    }
}
