import Foundation
import ResultQueries

/// Lines with bands over one quantity, in panels side by side.
struct CurveFigure: SweepFigure {
    struct Point: Hashable {
        var x: Double
        var y: Average

        init(x: Double, y: Average) {
            self.x = x
            self.y = y
        }

        /// A point of a single value, without an interval.
        init?(x: Double, value: Double) {
            guard let y = Average([[Replicate(value)]], areShares: false) else { return nil }
            self.init(x: x, y: y)
        }
    }

    struct Line {
        var title: String
        /// A place from 0 to 1 on the colour map; nil is grey.
        var shade: Double?
        var isReference = false
        /// Whether a reference is dotted rather than dashed.
        var isDotted = false
        var points: [Point]
    }

    struct Panel {
        var title: String
        var lines: [Line]
        /// The settings that the panel's lines share and its title does not name.
        var place = ""
        /// How many things the figure has panels of, where there are more; nil where all have one.
        var among: Chosen?
    }

    struct Chosen {
        var shown: Int
        var count: Int
        var things: String

        /// Nil where nothing is left out.
        init?(_ shown: Int, of count: Int, _ things: String) {
            guard shown < count else { return nil }
            (self.shown, self.count, self.things) = (shown, count, things)
        }

        var words: String { " \(shown) of \(count) \(things) are shown." }
    }

    struct Axis {
        var label: String
        /// The base of its logarithm; nil for a linear one.
        var base: Double?
        /// The axis's ends; those that are nil follow from the values of all panels.
        var low: Double?
        var high: Double?

        /// The ends of the axis of all panels: panels side by side are read against each other. Nil where nothing is shown.
        func ends(over values: [Double]) -> ClosedRange<Double>? {
            let shown = values.filter { $0.isFinite && (base == nil || $0 > 0) }
            guard let least = shown.min(), let most = shown.max() else { return nil }
            func whole(_ value: Double, _ step: Double, _ rule: FloatingPointRoundingRule) -> Double {
                (value / step).rounded(rule) * step
            }
            if base == 10, most < least * 300 {
                let bottom = self.low ?? Self.mantissas(around: least).last { $0 <= least * (1 + 1e-9) } ?? least
                let top = high ?? Self.mantissas(around: most).first { $0 >= most * (1 - 1e-9) && $0 > bottom } ?? most
                return bottom...max(bottom, top)
            }
            if let base {
                let powers = [log(least) / log(base), log(most) / log(base)]
                let low = whole(powers[0] + 1e-9, 1, .down)
                let bottom = self.low ?? pow(base, low)
                return bottom...max(bottom, high ?? pow(base, max(low + 1, whole(powers[1] - 1e-9, 1, .up))))
            }
            let (low, high) = (self.low ?? least, self.high ?? most)
            let span = high > low ? high - low : max(abs(high), 1) / 10
            let unit = pow(10, log10(span / 5).rounded(.down))
            let step = unit * ([1.0, 2, 5].first { $0 * unit >= span / 5 } ?? 10)
            let top = self.high ?? whole(high, step, .up)
            let bottom = self.low ?? whole(low, step, .down)
            return bottom...(top > bottom ? top : bottom + step)
        }

        /// The numbers along an axis of few powers of ten, at which alone gnuplot would put some; nil for one whose ends are
        /// more than `span` times apart.
        func ticks(in ends: ClosedRange<Double>?, span: Double) -> [Double]? {
            guard base == 10, let ends, ends.lowerBound > 0,
                ends.upperBound <= ends.lowerBound * span * (1 + 1e-9)
            else { return nil }
            let all = [ends.lowerBound, (ends.lowerBound * ends.upperBound).squareRoot(), ends.upperBound]
                .flatMap(Self.mantissas)
            return Set(all.filter { (ends.lowerBound * (1 - 1e-9)...ends.upperBound * (1 + 1e-9)).contains($0) })
                .sorted()
        }

        /// 1, 2 and 5 times the powers of ten near a value, ascending.
        private static func mantissas(around value: Double) -> [Double] {
            let power = log10(value).rounded(.down)
            return stride(from: power - 2, through: power + 2, by: 1).flatMap { power in
                [1.0, 2, 5].map { power < 0 ? $0 / pow(10, -power) : $0 * pow(10, power) }
            }
        }

        /// `bounds` as far as they lie within half a span of the values that curves have, above or below: an interval of two
        /// replicates may be many times as wide as all that is to be seen.
        func near(_ values: [Double], _ bounds: [Double]) -> [Double] {
            func place(_ value: Double) -> Double { base == nil ? value : log(value) }
            let shown = values.filter { $0.isFinite && (base == nil || $0 > 0) }.map(place)
            guard let least = shown.min(), let most = shown.max(), most > least else { return bounds }
            let (low, high) = (least - (most - least) / 2, most + (most - least) / 2)
            return bounds.map { bound in
                guard base == nil || bound > 0 else { return exp(low) }
                let near = min(max(place(bound), low), high)
                return base == nil ? near : exp(near)
            }
        }
    }

    let name: FigureName
    var title: String
    var x: Axis
    var y: Axis
    var panels: [Panel]
    /// Two paragraphs.
    var caption: [String]
    /// The names of x and y in the CSV.
    var columns: (x: String, y: String)

    /// Why there is nothing to draw, where that is so.
    var wanting: FigureAbsence

    var absence: FigureAbsence? {
        panels.allSatisfy { $0.lines.allSatisfy(\.points.isEmpty) } ? wanting : nil
    }

    var table: ResultTable {
        var table = ResultTable(
            name: name.rawValue,
            columns: ["panel", "line", columns.x, columns.y, "ci95_low", "ci95_high", "ci95_of", "count"])
        for panel in panels {
            for line in panel.lines {
                for point in line.points {
                    table.rows.append(
                        [.text(panel.title), .text(line.title), .init(point.x), .init(point.y.mean)]
                            + point.y.intervalCells + [.init(point.y.replicates)])
                }
            }
        }
        return table
    }

    var marks: [PanelMarks] {
        panels.compactMap { panel in
            let lines = panel.lines.filter { !$0.points.isEmpty }
            guard !lines.isEmpty else { return nil }
            return PanelMarks(
                isLogarithmic: (x.base != nil, y.base != nil),
                marks: lines.filter { !$0.title.isEmpty }.flatMap { line in
                    line.points.map { point in
                        .init(
                            x: point.x, y: point.y.mean,
                            text: "\(line.title): \(columns.x) \(ResultTable.format(point.x)), "
                                + "\(columns.y) \(point.y.summary)")
                    }
                })
        }
    }

    /// The size of a panel's axes, the distance from panel to panel, and the figure's margins, all in points. Two panels and a
    /// legend at their right are as wide as a page, on which figures must not shrink.
    private static let panel = (width: 345, height: 270)
    private static let pitch = (width: 425, height: 370)
    private static let margin = (left: 105, top: 85)

    private var columnCount: Int { max(1, min(2, panels.count)) }
    private var rowCount: Int { max(1, (panels.count + columnCount - 1) / columnCount) }

    /// Where the legend begins.
    private var right: Int {
        Self.margin.left + columnCount * Self.pitch.width - (Self.pitch.width - Self.panel.width)
    }

    private var width: Int {
        max(640, right + Gnuplot.legendWidth(panels.flatMap(\.lines).map(\.title), samples: 2, least: 150))
    }

    private var captionLines: Gnuplot.Caption {
        guard isCut, let last = caption.last else { return Gnuplot.Caption(caption, width: width) }
        let words = " Bands far wider than what the curves span end at the axes; the CSV has all of them."
        return Gnuplot.Caption(caption.dropLast() + [last + words], width: width)
    }

    private static func bounds(_ points: [Point]) -> [Double] {
        points.flatMap { [$0.y.interval?.low, $0.y.interval?.high] }.compactMap(\.self).filter(\.isFinite)
    }

    private var drawnLines: [Line] { panels.flatMap(\.lines) }

    /// The ends of the upright axis.
    private var heights: ClosedRange<Double>? {
        let centres = drawnLines.flatMap(\.points).map(\.y.mean)
        let bounds = Self.bounds(drawnLines.filter { !$0.isReference }.flatMap(\.points))
        return y.ends(over: centres + y.near(centres, bounds))
    }

    /// Whether a band reaches beyond the axes.
    private var isCut: Bool {
        guard let heights else { return false }
        let least = y.base == nil ? heights.lowerBound : heights.lowerBound / (1 + 1e-9)
        return drawnLines.contains { line in
            // An end that is given, such as 0 of distances, cuts nothing that could be.
            !line.isReference
                && Self.bounds(line.points).contains {
                    y.high == nil && $0 > heights.upperBound * (1 + 1e-9) || y.low == nil && $0 < least
                }
        }
    }

    var size: (width: Int, height: Int) {
        (width, Self.margin.top + rowCount * Self.pitch.height + captionLines.height)
    }

    var script: String {
        let shown = panels.flatMap(\.lines).flatMap(\.points)
        let (widths, heights) = (x.ends(over: shown.map(\.x)), heights)
        var data = ""
        var drawn = ""
        for (index, panel) in panels.enumerated() {
            var bands = [String]()
            var lines = [String]()
            for (number, line) in panel.lines.enumerated() where !line.points.isEmpty {
                let block = "$p\(index)l\(number)"
                data += "\(block) << EOD\n"
                for point in line.points.sorted(by: { $0.x < $1.x }) {
                    let (mean, interval) = (point.y.mean, point.y.interval)
                    let band = [interval?.low ?? mean, interval?.high ?? mean].map { bound in
                        heights.map { min(max(bound, $0.lowerBound), $0.upperBound) } ?? bound
                    }
                    data += "\(point.x) \(mean) \(band[0]) \(band[1])\n"
                }
                data += "EOD\n"
                if !line.isReference, line.points.contains(where: { $0.y.interval != nil }) {
                    bands.append(
                        "\(block) using 1:3:4 with filledcurves lc rgb '\(colour(line))' fs transparent solid 0.18 noborder "
                            + "notitle")
                }
                lines.append("\(block) using 1:2 \(style(line)) title \(Gnuplot.quote(line.title))")
            }
            guard !lines.isEmpty else { continue }
            if drawn.isEmpty { lines += legend(beyond: panel) }
            let left = Self.margin.left + index % columnCount * Self.pitch.width
            let top = Self.margin.top + index / columnCount * Self.pitch.height
            let key =
                drawn.isEmpty
                ? "set key at screen \(fraction(right + 15, size.width)),"
                    + "\(1 - fraction(Self.margin.top, size.height)) left top Left reverse samplen 2 font ',\(Gnuplot.legendSize)'"
                : "unset key"
            drawn += """
                set lmargin at screen \(fraction(left, size.width))
                set rmargin at screen \(fraction(left + Self.panel.width, size.width))
                set tmargin at screen \(1 - fraction(top, size.height))
                set bmargin at screen \(1 - fraction(top + Self.panel.height, size.height))
                set title \(Gnuplot.quote(panel.title)) font ',13' offset 0,-0.4
                set ylabel \(Gnuplot.quote(index % columnCount == 0 ? y.label : ""))
                \(key)
                plot \((bands + lines).joined(separator: ", \\\n  "))
                \(Gnuplot.endOfPanel)
                unset label

                """
        }
        return """
            \(data)
            set multiplot
            set label 1 \(Gnuplot.quote(title)) at screen 0.5,\(1 - fraction(25, size.height)) center font ',16'
            \(captionLines.labels(size))
            \(x.base.map { "set logscale x \(ResultTable.format($0))" } ?? "unset logscale x")
            \(y.base.map { "set logscale y \(ResultTable.format($0))" } ?? "unset logscale y")
            set format x '%g'
            set xrange \(Self.range(widths))
            set yrange \(Self.range(heights))
            set grid lc rgb '#dddddd' lt 1 lw 0.7
            set border 3 lc rgb '#444444'
            set tics nomirror out font ',11'
            \(Self.ticks("x", x.ticks(in: widths, span: 200)))
            \(Self.ticks("y", y.ticks(in: heights, span: 1000)))
            set xlabel \(Gnuplot.quote(x.label))
            \(drawn)
            unset multiplot
            """
    }

    /// In gnuplot's notation.
    private static func range(_ ends: ClosedRange<Double>?) -> String {
        ends.map { "[\($0.lowerBound):\($0.upperBound)]" } ?? "[*:*]"
    }

    private static func ticks(_ axis: String, _ ticks: [Double]?) -> String {
        ticks.map { "set \(axis)tics (\($0.map { "\($0)" }.joined(separator: ", ")))" } ?? ""
    }

    /// Entries of lines that only other panels have: the first panel drawn has the legend of all.
    private func legend(beyond first: Panel) -> [String] {
        var known = Set(first.lines.filter { !$0.points.isEmpty }.map(\.title)).union([""])
        return panels.flatMap(\.lines).filter { !$0.points.isEmpty && known.insert($0.title).inserted }
            .map { "NaN \(style($0)) title \(Gnuplot.quote($0.title))" }
    }

    private func colour(_ line: Line) -> String { line.shade.map(Gnuplot.colour) ?? "#555555" }

    private func style(_ line: Line) -> String {
        line.isReference
            ? "with lines lw 1.5 dt \(line.isDotted ? 3 : 2) lc rgb '\(colour(line))'"
            : "with linespoints lw 2.5 pt 7 ps 0.5 lc rgb '\(colour(line))'"
    }

    private func fraction(_ part: Int, _ whole: Int) -> Double { Double(part) / Double(whole) }
}
