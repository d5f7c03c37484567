import CImageFiles
import Foundation
import JobContract
import ResultCatalogue
import Testing

@testable import Reports

/// Figures are whole: no text reaches beyond them, in SVG as in PNG, and none is too small to be read.
@Suite struct FigureBorderTests {
    private static let search = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"

    /// A line of text: where it begins and ends in the figure, along the direction in which it runs.
    private struct Line {
        var text: String
        var size: Double
        var x: ClosedRange<Double>
        var y: ClosedRange<Double>
    }

    /// The texts of gnuplot's SVG, as wide as DejaVu Sans makes them.
    private static func lines(_ svg: String) -> [Line] {
        let pattern =
            /<g transform="translate\(([-0-9.]+),([-0-9.]+)\)( rotate\([-0-9.]+\))?"[^>]*font-size="([0-9.]+)"[^>]*text-anchor="(\w+)">\s*<text>(.*?)<\/text>/
        return svg.matches(of: pattern).compactMap { match in
            guard let x = Double(match.1), let y = Double(match.2), let size = Double(match.4) else { return nil }
            let text = [("&lt;", "<"), ("&gt;", ">"), ("&apos;", "'"), ("&quot;", "\""), ("&amp;", "&")].reduce(
                String(match.6)
            ) { $0.replacing($1.0, with: $1.1) }
            let width = TextWidth.of(text, size: size)
            let before = match.5 == "start" ? 0 : match.5 == "end" ? width : width / 2
            // Upright text runs from the bottom to the top.
            return match.3 == nil
                ? Line(text: text, size: size, x: x - before...x - before + width, y: y - size...y)
                : Line(text: text, size: size, x: x - size...x, y: y + before - width...y + before)
        }
    }

    private static func expectWhole(_ figure: any SweepFigure, in folder: String) throws {
        let size = figure.size
        let name = figure.name.rawValue
        _ = try Gnuplot(search: search).draw(
            name, width: size.width, height: size.height, body: figure.script, in: folder)
        let lines = lines(try String(contentsOfFile: "\(folder)/\(name).svg", encoding: .utf8))
        #expect(lines.count > 4, "\(name)")
        for line in lines {
            #expect(line.size >= 9, "\(name): \(line.text)")
            #expect(
                line.x.lowerBound >= 2 && line.x.upperBound <= Double(size.width) - 2 && line.y.lowerBound >= 2
                    && line.y.upperBound <= Double(size.height) - 2,
                "\(name), \(size): \(line.text) at \(line.x), \(line.y)")
        }
        let (pixels, width) = try pixels(Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name).png"))))
        let height = pixels.count / 3 / width
        #expect(width == 2 * size.width && height == 2 * size.height)
        let inked = (0..<width * height).contains { pixel in
            let (x, y) = (pixel % width, pixel / width)
            guard x < 4 || y < 4 || x >= width - 4 || y >= height - 4 else { return false }
            return pixels[3 * pixel..<3 * pixel + 3].contains { $0 < 250 }
        }
        #expect(!inked, "\(name): something touches the border of the PNG")
    }

    private static func pixels(_ png: [UInt8]) throws -> (rgb: [UInt8], width: Int) {
        let context = try #require(spng_ctx_new(0))
        defer { spng_ctx_free(context) }
        var header = spng_ihdr()
        #expect(spng_set_png_buffer(context, png, png.count) == 0 && spng_get_ihdr(context, &header) == 0)
        var pixels = [UInt8](repeating: 0, count: 3 * Int(header.width) * Int(header.height))
        #expect(spng_decode_image(context, &pixels, pixels.count, Int32(SPNG_FMT_RGB8.rawValue), 0) == 0)
        return (pixels, Int(header.width))
    }

    @Test func everyFigureOfAPageIsWhole() throws {
        let fixture = try PageFixture()
        let findings = try Findings(try fixture.reader, sweep: PageFixture.sweepName, store: fixture.store)
        #expect(findings.figures.count == FigureName.allCases.count)
        for picture in findings.figures.compactMap({ $0 as? SamplesFigure }).flatMap(\.pictures) {
            let bytes = try #require(picture.bytes(in: fixture.store))
            try Data(bytes).write(to: URL(fileURLWithPath: "\(fixture.scratch.path)/\(picture.name)"))
        }
        for figure in findings.figures { try Self.expectWhole(figure, in: fixture.scratch.path) }
    }

    /// Many scales, lengths and other axes make long legends and captions.
    @Test func longLegendsAndCaptionsAreWhole() throws {
        let sweep = try GivenSweep(
            [
                ("dataset.size", [16, 262144]), ("model.scale", [1, 2, 4, 8, 16, 32, 64, 128]),
                ("training.steps", [1000, 10000, 1_234_560, 123_456_789]),
                ("training.learning_rate", [.number(0.001), .number(0.002)]),
            ],
            [
                .of("memorization") { spec in
                    let share = spec.integer("dataset.size") == 16 ? 0.95 : 0.1
                    return [
                        MeasureRow(quantity: "copied", value: share, n: 256),
                        MeasureRow(quantity: "gl_score", value: 1 - share, n: 256),
                    ]
                }
            ])
        let findings = try Findings(try sweep.reader, sweep: sweep.name, store: sweep.scratch.path)
        #expect(findings.figures.map(\.name) == [.phaseMap, .phaseMapByLength, .boundaryLaw, .capacity, .glScore])
        for figure in findings.figures { try Self.expectWhole(figure, in: sweep.scratch.path) }
    }

    @Test func textWrapsAtItsWidth() {
        let text = "Undertrained: below the source's Gaussian. \(String(repeating: "W", count: 200)) Ende ÄÖÜ 漢字漢字"
        let lines = TextWidth.wrapped(text, size: 10, width: 300)
        #expect(lines.allSatisfy { TextWidth.of($0, size: 10) <= 300 })
        #expect(lines.joined().filter { $0 != " " } == text.filter { $0 != " " })
        #expect(lines.first == "Undertrained: below the source's Gaussian.")
        // Twenty times 0.863 of the type's size.
        #expect(abs(TextWidth.of(String(repeating: "M", count: 20), size: 10) - 172.6) < 1e-9)
    }

    /// Panels that are read against each other have one scale, which all of their values and intervals lie in.
    @Test func panelsShareTheirScale() throws {
        let fixture = try PageFixture()
        let findings = try Findings(try fixture.reader, sweep: PageFixture.sweepName, store: fixture.store)
        let curves = findings.figures.compactMap { $0 as? CurveFigure }.filter { $0.panels.count > 1 }
        #expect(curves.count >= 4)
        for figure in curves {
            let drawing = try Gnuplot(search: Self.search).drawing(of: figure)
            #expect(drawing.panels.count == figure.panels.count)
            #expect(
                Set(drawing.panels.map(\.x)).count == 1 && Set(drawing.panels.map(\.y)).count == 1, "\(figure.name)")
            for panel in figure.marks {
                for mark in panel.marks {
                    #expect(drawing.panels[0].x.contains(mark.x) && drawing.panels[0].y.contains(mark.y))
                }
            }
        }
    }

    @Test func lawsSideBySideShareTheirScales() {
        func panel(_ places: [(x: Double, y: Double)]) -> LawDrawing.Panel {
            let marks = places.map { LawDrawing.Mark(kind: .at, x: $0.x, y: $0.y, text: "") }
            return LawDrawing.Panel(x: "parameters", y: "images", series: [.init(title: "a", marks: marks)])
        }
        let drawing = LawDrawing(
            title: "t", panels: [panel([(1, 10), (2, 20)]), panel([(3, 100), (4, 400)])],
            caption: Gnuplot.Caption(["c"], width: 900))
        let ranges = drawing.script.matches(of: /set ([xy]range \[.*\])/).map(\.1)
        #expect(ranges.count == 4 && Set(ranges).count == 2, "\(ranges)")
    }

    @Test func axesEndAtRoundNumbers() {
        func range(_ axis: CurveFigure.Axis, _ values: [Double]) -> [Double] {
            axis.ends(over: values).map { [$0.lowerBound, $0.upperBound] } ?? []
        }
        #expect(range(.init(label: ""), [-3, 47]) == [-10, 50])
        #expect(range(.init(label: "", low: 0), [0.2, 0.9]) == [0, 1])
        #expect(range(.init(label: "", base: 10), [0.002, 80, -1]) == [0.001, 100])
        #expect(range(.init(label: "", base: 10), [10, 10]) == [10, 20])
        // Of few powers of ten not all of the last is empty, and the axis has numbers.
        let short = CurveFigure.Axis(label: "", base: 10)
        #expect(range(short, [0.13, 0.41]) == [0.1, 0.5])
        #expect(short.ticks(in: 0.1...0.5, span: 100) == [0.1, 0.2, 0.5])
        #expect(short.ticks(in: 0.001...100, span: 100) == nil)
        #expect(range(.init(label: ""), [5, 5])[0] <= 5 && range(.init(label: ""), [5, 5])[1] > 5)
        #expect(range(.init(label: ""), []).isEmpty)
    }
}
