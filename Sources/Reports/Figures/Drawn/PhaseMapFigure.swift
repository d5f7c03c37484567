import Foundation
import ResultQueries

/// A phase map over dataset size and model scale, or dataset size and length.
struct PhaseMapFigure: SweepFigure {
    let map: PhaseMap
    let name: FigureName
    private let cells: [PhaseMap.Cell]
    private let isByLength: Bool

    /// A map by length shows the largest scale; a map by scale shows each scale's longest length.
    init(_ map: PhaseMap, byLength: Bool) {
        self.map = map
        isByLength = byLength
        name = byLength ? .phaseMapByLength : .phaseMap
        let scale = map.cells.map(\.point.scale).max()
        cells = map.cells.filter { cell in
            byLength
                ? cell.point.scale == scale
                : !map.cells.contains { $0.point.scale == cell.point.scale && $0.point.length > cell.point.length }
        }
    }

    /// A single row is no map, but where the other map has a single row too.
    var absence: FigureAbsence? {
        guard !cells.isEmpty else { return map.wanting }
        let lengths = Set(map.cells.map(\.point.length)).count
        if isByLength { return lengths < 2 ? "there are measurements after one length of training only" : nil }
        return rows.count < 2 && lengths > 1
            ? "there are measurements of one model.scale only; see phase-map-by-length" : nil
    }

    var table: ResultTable {
        var table = ResultTable(
            name: name.rawValue,
            columns: [
                "dataset_size", "model_scale", map.points.lengthUnit, "phase", "trials", "copied", "copied_low",
                "copied_high", "ci95_of", "copy_auc", "wiener_gain_db", "training_gain_db",
            ])
        for cell in cells {
            table.rows.append(
                [
                    .init(cell.point.size), .init(cell.point.scale), .init(cell.point.length),
                    .text(cell.phase.rawValue), .init(cell.copied.replicates), .init(cell.copied.mean),
                ] + cell.copied.intervalCells + [
                    .init(cell.copyAUC?.mean), .init(cell.gain), .init(cell.trainingGain),
                ])
        }
        return table
    }

    private func row(_ scale: Int, _ length: Double) -> Double { isByLength ? length : Double(scale) }
    private var rows: [Double] { Set(cells.map { row($0.point.scale, $0.point.length) }).sorted() }
    private var sizes: [Int] { Set(cells.map(\.point.size)).sorted() }

    /// The room beside the map: above it, at its left, for the legend at its right.
    private static let (top, left, right) = (45, 150, 190)

    private var width: Int { max(660, Self.left + Self.right - 10 + 80 * sizes.count) }
    private var captionLines: Gnuplot.Caption { Gnuplot.Caption(caption, width: width) }
    /// Where the map ends, from the top: it is at least as high as its legend.
    private var bottom: Int { Self.top + max(130, 62 * rows.count) }
    var size: (width: Int, height: Int) { (width, bottom + 65 + captionLines.height) }

    /// Where a size lies among the columns, which are evenly spread: between two by their logarithms.
    private func place(_ size: Double) -> Double {
        guard let first = sizes.first, let last = sizes.last, last > first else { return 0 }
        let inside = min(max(size, Double(first)), Double(last))
        let index = max(1, sizes.firstIndex { Double($0) >= inside } ?? 1)
        let (low, high) = (log(Double(sizes[index - 1])), log(Double(sizes[index])))
        return Double(index - 1) + (log(inside) - low) / (high - low)
    }

    private func contour(_ name: String, _ crossings: [PhaseMap.Crossing]) -> String {
        let shown = crossings.compactMap { crossing -> String? in
            guard let size = crossing.size, let y = rows.firstIndex(of: row(crossing.scale, crossing.length)),
                cells.contains(where: { $0.point.scale == crossing.scale && $0.point.length == crossing.length })
            else { return nil }
            let low = place(crossing.interval?.low ?? size)
            let high = place(crossing.interval?.high ?? size)
            return "\(place(size)) \(y) \(low) \(high)\n"
        }
        return "\(name) << EOD\n" + (shown.isEmpty ? "NaN NaN NaN NaN\n" : shown.joined()) + "EOD\n"
    }

    /// A contour that lies nowhere on the map is not named in the legend.
    private func title(_ name: String, _ crossings: [PhaseMap.Crossing]) -> String {
        contour("", crossings).contains("NaN") ? "notitle" : "title \(Gnuplot.quote(name))"
    }

    private func label(_ value: Double) -> String {
        isByLength ? map.points.lengthNumber(value) : ResultTable.format(value)
    }

    var script: String {
        var boxes = ""
        for (number, cell) in cells.enumerated() {
            guard let x = sizes.firstIndex(of: cell.point.size),
                let y = rows.firstIndex(of: row(cell.point.scale, cell.point.length))
            else { continue }
            let colour = cell.phase.colour
            boxes += """
                set object \(number + 1) rectangle from \(Double(x) - 0.5),\(Double(y) - 0.5) to \
                \(Double(x) + 0.5),\(Double(y) + 0.5) fc rgb '\(colour)' fs solid 1 border rgb '#ffffff' behind
                set label \(number + 100) '\(Int((cell.copied.mean * 100).rounded())) %' at \(x),\(Double(y) - 0.28) center \
                font ',11' textcolor rgb '#222222'

                """
        }
        let phases = PhaseMap.Phase.allCases.filter { phase in cells.contains { $0.phase == phase } }
        let legend = phases.map { phase in
            "NaN with boxes fs solid 1 lc rgb '\(phase.colour)' title '\(phase.rawValue)'"
        }
        let right = 1 - Double(Self.right) / Double(size.width)
        func down(_ place: Int) -> Double { 1 - Double(place) / Double(size.height) }
        let xs = sizes.enumerated().map { "'\($1)' \($0)" }.joined(separator: ", ")
        let ys = rows.enumerated().map { "\(Gnuplot.quote(label($1))) \($0)" }.joined(separator: ", ")
        let style = "lw 2.5 lc rgb '#000000'"
        let thin = "lw 1.5 lc rgb '#000000'"
        let rest =
            isByLength ? cells.first.flatMap { $0.point.scale > 0 ? "scale \($0.point.scale)" : nil } : lengthNote
        return """
            \(contour("$copied", map.copiedHalf))
            \(contour("$auc", map.copyAUC))
            \(boxes)
            set title \(Gnuplot.quote("Phases" + (rest.map { ": \($0)" } ?? ""))) font ',15'
            \(captionLines.labels(size))
            set lmargin at screen \(Double(Self.left) / Double(size.width))
            set rmargin at screen \(right)
            set tmargin at screen \(down(Self.top))
            set bmargin at screen \(down(bottom))
            set xrange [-0.5:\(Double(sizes.count) - 0.5)]
            set yrange [-0.5:\(Double(rows.count) - 0.5)]
            set xtics (\(xs))
            set ytics (\(ys))
            set tics nomirror out font ',11' scale 0.4
            set border 3 lc rgb '#444444'
            set xlabel '\(SweepPoints.sizeAxis)'
            set ylabel '\(isByLength ? map.points.lengthAxis : "model scale")'
            set key at screen \(right + 0.015),\(down(Self.top)) left top Left reverse samplen 1.5 font ',\(Gnuplot.legendSize)'
            set boxwidth 0.5
            plot $copied using 1:2:3:4 with xerrorbars pt 7 ps 0.9 \(style) notitle, \\
              $copied using 1:2 with linespoints pt 7 ps 0.9 \(style) \(title("copied = ½", map.copiedHalf)), \\
              $auc using 1:2:3:4 with xerrorbars pt 6 ps 0.9 \(thin) notitle, \\
              $auc using 1:2 with linespoints pt 6 ps 0.9 dt 2 \(thin) \(title("copy_auc = 0.95", map.copyAUC)), \\
              \(legend.joined(separator: ", \\\n  "))
            \(Gnuplot.endOfPanel)
            """
    }

    var marks: [PanelMarks] {
        let (sizes, rows) = (sizes, rows)
        return [
            PanelMarks(
                isLogarithmic: (false, false),
                marks: cells.compactMap { cell in
                    guard let x = sizes.firstIndex(of: cell.point.size),
                        let y = rows.firstIndex(of: row(cell.point.scale, cell.point.length))
                    else { return nil }
                    var text = "N = \(cell.point.size), " + (cell.point.scale > 0 ? "scale \(cell.point.scale), " : "")
                    text += "\(map.points.lengthLabel(cell.point.length)): \(cell.phase.rawValue), "
                    text += "copied \(cell.copied.summary)"
                    if let copyAUC = cell.copyAUC { text += ", copy_auc \(copyAUC.summary)" }
                    return .init(x: Double(x), y: Double(y), text: text)
                })
        ]
    }

    private var lengthNote: String {
        let lengths = Set(cells.map(\.point.length)).sorted()
        return lengths.count == 1 ? "after \(map.points.lengthWords(lengths[0]))" : "at each scale's longest training"
    }

    private var caption: [String] {
        map.points.caption("Numbers: copied samples." + map.points.intervalWords("Bars")) + [
            PhaseMap.missingWords(of: cells)
                ?? "Undertrained: below the source's Gaussian on images trained on; overfitted: on held-out ones alone; both at "
                + "the worse of σ = 0.5 and 1.5."
        ]
    }
}
