import Foundation

/// A figure as SVG, and where values lie in it.
struct FigureDrawing {
    /// A panel: its edges in points from the left and the bottom, and what its axes span.
    struct Panel: Hashable {
        var left: Double
        var right: Double
        var bottom: Double
        var top: Double
        var x: ClosedRange<Double>
        var y: ClosedRange<Double>
    }

    /// The text from `<svg` to `</svg>`.
    let svg: String
    let panels: [Panel]
    let size: (width: Int, height: Int)

    /// `panels` as `Gnuplot.endOfPanel` prints them.
    init(svg: String, panels: String, size: (width: Int, height: Int)) {
        self.svg = String(svg[(svg.range(of: "<svg")?.lowerBound ?? svg.startIndex)...])
        self.size = size
        self.panels = panels.split(separator: "\n").compactMap { line in
            let numbers = line.split(separator: " ").compactMap { Double($0) }
            guard numbers.count == 8, numbers[4] < numbers[5], numbers[6] < numbers[7] else { return nil }
            return Panel(
                left: numbers[0], right: numbers[1], bottom: numbers[2], top: numbers[3], x: numbers[4]...numbers[5],
                y: numbers[6]...numbers[7])
        }
    }

    /// A mark's place in points from the left and the top; nil outside of its panel.
    func place(of mark: PanelMarks.Mark, in panel: Int, of marks: PanelMarks) -> (x: Double, y: Double)? {
        guard panels.indices.contains(panel) else { return nil }
        let box = panels[panel]
        guard let x = Self.share(mark.x, of: box.x, isLogarithmic: marks.isLogarithmic.x),
            let y = Self.share(mark.y, of: box.y, isLogarithmic: marks.isLogarithmic.y)
        else { return nil }
        return (box.left + x * (box.right - box.left), Double(size.height) - box.bottom - y * (box.top - box.bottom))
    }

    /// Where a value lies between an axis' ends, from 0 to 1.
    private static func share(_ value: Double, of range: ClosedRange<Double>, isLogarithmic: Bool) -> Double? {
        let (low, high) = (range.lowerBound, range.upperBound)
        guard !isLogarithmic || low > 0 && value > 0 else { return nil }
        let share =
            isLogarithmic ? log(value / low) / log(high / low) : (value - low) / (high - low)
        return share >= -1e-9 && share <= 1 + 1e-9 ? share : nil
    }
}
