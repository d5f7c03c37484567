import Foundation
import Testing

@testable import Reports
@testable import ResultQueries

/// How figures are laid out, whatever they show.
@Suite struct FigureFormTests {
    private func figure(_ base: Double?, _ replicates: [[Double]]) -> CurveFigure {
        let points = replicates.enumerated().compactMap { index, values in
            Average([values.map { Replicate($0) }], areShares: false).map {
                CurveFigure.Point(x: Double(index + 1), y: $0)
            }
        }
        return CurveFigure(
            name: .linearity, title: "", x: .init(label: "x"), y: .init(label: "y", base: base),
            panels: [.init(title: "", lines: [.init(title: "a", points: points)])], caption: ["First.", "Second."],
            columns: ("x", "y"), wanting: "")
    }

    /// Student's interval of two replicates is 12.7 times as wide as their error: it says nothing of the curve.
    @Test(arguments: [nil, 10.0]) func aWideBandDoesNotStretchTheAxis(base: Double?) throws {
        let figure = figure(base, [[0.5, 0.9], [0.6, 0.6], [0.7, 0.7], [0.8, 0.8]])
        let interval = try #require(figure.panels[0].lines[0].points[0].y.interval)
        #expect(interval.low < -1 && interval.high > 3)
        let range = try #require(figure.script.firstMatch(of: /set yrange \[([^:]*):([^\]]*)\]/))
        let (low, high) = (try #require(Double(range.1)), try #require(Double(range.2)))
        // Curves reach from 0.6 to 0.8.
        #expect(low <= 0.6 && high >= 0.8 && high <= (base == nil ? 1.2 : 10) && low >= (base == nil ? 0.15 : 0.1))
        let row = try #require(figure.script.firstMatch(of: /\n1.0 0.7 ([^ ]+) ([^ \n]+)\n/))
        #expect(Double(row.1) == low && (base != nil || Double(row.2) == high), "bands end at the axes")
        #expect(figure.script.replacing(/'\nset label.*? '|' at screen.*/, with: " ").contains("Bands far wider"))
        let narrow = self.figure(base, [[0.5, 0.501], [0.6, 0.6], [0.7, 0.7], [0.8, 0.8]])
        #expect(!narrow.script.contains("Bands far wider"))
    }

    @Test func captionsDoNotBreakWithinAQuantity() {
        let words =
            "At N = 8 and scale 16 after 66 k images, of 12 trials, 95 % intervals over 3 steps; N* ∝ P^0.5 and σ = 0.5 at 14 dB."
        let whole = [
            "N = 8", "scale 16", "66 k images", "12 trials", "95 % intervals", "3 steps", "N* ∝ P^0.5", "σ = 0.5",
            "14 dB",
        ].map { $0 == "95 % intervals" ? "95 %" : $0 }
        for width in stride(from: 90.0, to: 700, by: 7) {
            let lines = TextWidth.wrapped(words, size: 10, width: width)
            #expect(lines.joined(separator: " ") == words)
            for quantity in whole { #expect(lines.contains { $0.contains(quantity) }, "\(quantity) at \(width)") }
        }
    }

    @Test func boundsOfOnePlaceStandSideBySide() throws {
        func mark(_ kind: LawDrawing.Kind, _ x: Double) -> LawDrawing.Mark { .init(kind: kind, x: x, y: 64, text: "") }
        let series = [
            [mark(.above, 100), mark(.at, 100)], [mark(.above, 100)], [mark(.above, 100), mark(.above, 200)],
        ]
        let drawing = LawDrawing(
            title: "", panels: [.init(x: "", y: "", series: series.map { .init(title: "", marks: $0) })],
            caption: Gnuplot.Caption([], width: 900))
        let drawn = drawing.panels[0].series.flatMap(\.marks)
        let apart = drawn.filter { $0.kind == .above && $0.x < 150 }.map(\.x)
        #expect(
            Set(apart).count == 3 && apart.max() ?? 0 < 140
                && abs(apart.reduce(0) { $0 + log($1) } / 3 - log(100)) < 1e-9)
        #expect(drawn.filter { $0.kind == .at }.map(\.x) == [100] && drawn.contains { $0.x == 200 })
    }
}
