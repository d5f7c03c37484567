import Foundation
import ResultQueries

/// Panels of what was found in single rows, with bounds where rows have no more, and of the laws through it: both axes
/// logarithmic, two panels side by side, each with its own legend. Axes of one name have one scale.
struct LawDrawing {
    enum Kind: String, CaseIterable {
        case at
        /// Only known to lie above or below.
        case above, below

        /// gnuplot's number of the symbol.
        var symbol: Int {
            switch self {
            case .at: 7
            case .above: 8
            case .below: 10
            }
        }
    }

    struct Mark {
        var kind: Kind
        var x: Double
        var y: Double
        /// What the mark is, for the pointer.
        var text: String
    }

    struct Series {
        var title: String
        var marks: [Mark]
        /// Each of its law's lines.
        var lines: [[(x: Double, y: Double, interval: ConfidenceInterval?)]] = []
    }

    struct Panel {
        var title = ""
        var x: String
        /// What is on the axis of the first panel of each row.
        var y: String
        var series: [Series]
        /// The ends of its upright axis, and the numbers along it; nil: they follow from the marks.
        var ticks: [Int]?
    }

    let title: String
    let panels: [Panel]
    let caption: Gnuplot.Caption

    /// Panels without a mark are left out: gnuplot has no axes for them.
    init(title: String, panels: [Panel], caption: Gnuplot.Caption) {
        self.title = title
        self.panels = panels.filter { $0.series.contains { !$0.marks.isEmpty } }.map(Self.withBoundsApart)
        self.caption = caption
    }

    /// The panel with bounds that lie on one place side by side: of triangles upon each other only the last would be seen.
    private static func withBoundsApart(_ panel: Panel) -> Panel {
        struct Place: Hashable {
            var kind: Kind
            var x: Double
            var y: Double
        }
        var panel = panel
        let all = panel.series.flatMap(\.marks)
        let logs = Set(all.map { log($0.x) }).filter(\.isFinite).sorted()
        var counts: [Place: Int] = [:]
        for mark in all where mark.kind != .at { counts[Place(kind: mark.kind, x: mark.x, y: mark.y), default: 0] += 1 }
        guard let most = counts.values.max(), most > 1, let low = logs.first, let high = logs.last else { return panel }
        // A triangle's width on the axis, unless so many would reach the neighbours.
        let gap = zip(logs, logs.dropFirst()).map { $1 - $0 }.min() ?? .infinity
        let step = min(max(high - low, 0.3) * 0.045, 0.8 * gap / Double(most))
        var seen: [Place: Int] = [:]
        for series in panel.series.indices {
            for index in panel.series[series].marks.indices {
                let mark = panel.series[series].marks[index]
                let place = Place(kind: mark.kind, x: mark.x, y: mark.y)
                guard let count = counts[place], count > 1 else { continue }
                let number = seen[place, default: 0]
                seen[place] = number + 1
                panel.series[series].marks[index].x *= exp(step * (Double(number) - Double(count - 1) / 2))
            }
        }
        return panel
    }

    static let width = 980
    /// The distance from panel to panel, the axes' size, and where the first begins, in points.
    private static let pitch = (width: 470, height: 395)
    private static let axes = (width: 274, height: 301)
    private static let left = 98
    /// Where the first panels begin: below the figure's title and, where they have some, their own.
    private var top: Int { panels.contains { !$0.title.isEmpty } ? 80 : 56 }

    var size: (width: Int, height: Int) {
        (Self.width, 364 + top + Self.pitch.height * max(0, (panels.count - 1) / 2) + caption.height)
    }

    /// The scripts' data blocks and what is plotted of them.
    private func drawn(_ panel: Panel, _ index: Int) -> (data: String, plots: [String]) {
        var (data, plots, bands) = ("", [String](), [String]())
        for (number, series) in panel.series.enumerated() {
            let shade = panel.series.count == 1 ? 0.25 : 0.85 * Double(number) / Double(panel.series.count - 1)
            let colour = Gnuplot.colour(shade)
            for kind in Kind.allCases {
                let shown = series.marks.filter { $0.kind == kind }.map { "\($0.x) \($0.y)\n" }
                let block = "$b\(index)\(kind.rawValue)\(number)"
                data += "\(block) << EOD\n" + (shown.isEmpty ? "NaN NaN\n" : shown.joined()) + "EOD\n"
                let title = kind == .at ? "title \(Gnuplot.quote(series.title))" : "notitle"
                plots.append(
                    "\(block) using 1:2 with points pt \(kind.symbol) ps 1.1 lw 1.5 lc rgb '\(colour)' \(title)")
            }
            for (line, places) in series.lines.enumerated() {
                let block = "$l\(index)n\(number)o\(line)"
                data += "\(block) << EOD\n"
                for place in places {
                    let (low, high) = (place.interval?.low ?? place.y, place.interval?.high ?? place.y)
                    data += "\(place.x) \(place.y) \(low) \(high)\n"
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
        var (data, plots) = ("", "")
        func across(_ place: Int) -> Double { Double(place) / Double(size.width) }
        func down(_ place: Int) -> Double { 1 - Double(place) / Double(size.height) }
        for (index, panel) in panels.enumerated() {
            let drawn = drawn(panel, index)
            data += drawn.data
            let left = Self.left + index % 2 * Self.pitch.width
            let top = top + index / 2 * Self.pitch.height
            let right = left + Self.axes.width
            let alike = panels.filter { $0.y == panel.y }
            let heights = alike.flatMap { $0.series.flatMap(\.marks).map(\.y) + ($0.ticks ?? []).map(Double.init) }
            let numbers = Set(alike.flatMap { $0.ticks ?? [] }).sorted()
            let ticks =
                numbers.isEmpty ? nil : "(" + numbers.map { "'\($0)' \($0)" }.joined(separator: ", ") + ")"
            let widths = panels.filter { $0.x == panel.x }.flatMap { $0.series.flatMap(\.marks).map(\.x) }
            plots += """
                set xrange [\((widths.min() ?? 1) / 1.3):\((widths.max() ?? 10) * 1.3)]
                set yrange [\((heights.min() ?? 1) / 1.6):\((heights.max() ?? 10) * 1.6)]
                set ytics \(ticks ?? "autofreq")
                set tmargin at screen \(down(top))
                set bmargin at screen \(down(top + Self.axes.height))
                set lmargin at screen \(across(left))
                set rmargin at screen \(across(right))
                set title \(Gnuplot.quote(panel.title)) font ',13' offset 0,-0.4
                set xlabel \(Gnuplot.quote(panel.x))
                set ylabel \(Gnuplot.quote(index % 2 == 0 ? panel.y : ""))
                set key at screen \(across(right + 10)),\(down(top)) left top Left reverse samplen 1 font ',10'
                plot \(drawn.plots.joined(separator: ", \\\n  "))
                \(Gnuplot.endOfPanel)
                unset label

                """
        }
        return """
            \(data)
            set multiplot
            set label 1 \(Gnuplot.quote(title)) at screen 0.5,\(down(24)) center font ',15'
            \(caption.labels(size))
            set logscale xy
            set format x '%g'
            set format y '%g'
            set grid lc rgb '#dddddd' lt 1 lw 0.7
            set border 3 lc rgb '#444444'
            set tics nomirror out font ',11'
            \(plots)
            unset multiplot
            """
    }

    var marks: [PanelMarks] {
        panels.map { panel in
            PanelMarks(
                isLogarithmic: (true, true),
                marks: panel.series.flatMap(\.marks).map { .init(x: $0.x, y: $0.y, text: $0.text) })
        }
    }
}
