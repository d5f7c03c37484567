import Foundation
import JobContract
import ResultQueries

/// Draws figures with gnuplot: the script stays beside them, for papers.
struct Gnuplot {
    private let program: String

    /// `search` is a PATH. Throws `.environment` naming the Debian package when gnuplot is not in it.
    init(search: String) throws {
        let candidates = search.split(separator: ":").map { "\($0)/gnuplot" }
        guard let found = candidates.first(where: FileManager.default.isExecutableFile(atPath:)) else {
            throw ReportError(
                .environment,
                "gnuplot, which draws the figures, was not found in PATH; install it: apt-get install gnuplot-nox")
        }
        program = found
    }

    /// Draws `body` as `NAME.svg` and `NAME.png` in `directory`, of that size in points, and returns their paths with
    /// the script's. The script holds its data and draws both.
    func draw(_ name: String, width: Int, height: Int, body: String, in directory: String) throws -> [String] {
        let script = """
            \(Self.vector(width, height))
            set output '\(name).svg'
            \(body)
            reset
            # Points are 4/3 pixels here and one pixel in SVG: at this scale both have the same letters.
            set terminal pngcairo size \(width * 2),\(height * 2) noenhanced fontscale 1.5 linewidth 2 pointscale 2 font 'DejaVu Sans,12' background '#ffffff'
            set output '\(name).png'
            \(body)
            set output

            """
        try script.write(toFile: "\(directory)/\(name).gnuplot", atomically: true, encoding: .utf8)
        try run("\(name).gnuplot", in: directory)
        let outputs = ["svg", "png", "gnuplot"].map { "\(directory)/\(name).\($0)" }
        guard outputs.allSatisfy(FileManager.default.fileExists(atPath:)) else {
            throw ReportError(.environment, "gnuplot drew nothing from \(directory)/\(name).gnuplot")
        }
        return outputs
    }

    /// Draws an SVG and says where its panels lie.
    func drawing(of figure: any SweepFigure) throws -> FigureDrawing {
        let files = FileManager.default
        let directory = files.temporaryDirectory.path + "/eigensweep-figure-" + UUID().uuidString
        defer { try? files.removeItem(atPath: directory) }
        do {
            try files.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let script = """
                tellsAxes = 1
                set print 'panels'
                \(Self.vector(figure.size.width, figure.size.height))
                set output 'figure.svg'
                \(figure.script)
                set output

                """
            try script.write(toFile: directory + "/figure.gnuplot", atomically: false, encoding: .utf8)
            try run("figure.gnuplot", in: directory)
            return FigureDrawing(
                svg: try String(contentsOfFile: directory + "/figure.svg", encoding: .utf8),
                panels: try String(contentsOfFile: directory + "/panels", encoding: .utf8), size: figure.size)
        } catch let error as ReportError {
            throw error
        } catch {
            throw ReportError(
                .environment, "the figure \(figure.name.rawValue) could not be drawn: \(error.localizedDescription)")
        }
    }

    private static func vector(_ width: Int, _ height: Int) -> String {
        """
        set encoding utf8
        set terminal svg size \(width),\(height) dynamic standalone noenhanced font \
          'DejaVu Sans,Verdana,sans-serif,12' \
          background '#ffffff'
        """
    }

    /// Runs a script in its directory, without the user's own settings: figures look the same everywhere.
    private func run(_ script: String, in directory: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["-d", script]
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        let messages = Pipe()
        process.standardError = messages
        do {
            try process.run()
        } catch {
            throw ReportError(.environment, "\(program) could not be started: \(error.localizedDescription)")
        }
        let said = messages.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw ReportError(
                .environment,
                "gnuplot failed on \(directory)/\(script): "
                    + String(decoding: said.prefix(500), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }

    /// After a panel's `plot`: tells a program that asks where the panel lies, in points, and what its axes span.
    static let endOfPanel = """
        if (exists('tellsAxes')) print sprintf('%.17g %.17g %.17g %.17g %.17g %.17g %.17g %.17g', \
          GPVAL_TERM_XMIN, GPVAL_TERM_XMAX, GPVAL_TERM_YMIN, GPVAL_TERM_YMAX, \
          GPVAL_X_MIN, GPVAL_X_MAX, GPVAL_Y_MIN, GPVAL_Y_MAX)
        """

    /// `text` as a gnuplot string, quoted so that nothing in it ends the string.
    static func quote(_ text: String) -> String {
        "'" + ShownText.line(text).replacing("'", with: "''") + "'"
    }

    /// The lines under a figure, which are whole: they wrap, and the figure leaves room for them.
    struct Caption {
        /// The size of its type, and the distance from one line to the next, in points.
        private static let (size, pitch) = (10.0, 17)
        /// The distance of text from the figure's left and right edge.
        private static let margin = 14

        let lines: [String]

        /// Of paragraphs, under a figure so many points wide.
        init(_ paragraphs: [String], width: Int) {
            lines = paragraphs.flatMap {
                TextWidth.wrapped(
                    ShownText.line($0), size: Self.size, width: Double(width - 2 * Self.margin))
            }
        }

        /// The room that it takes at the figure's lower end.
        var height: Int { Self.pitch * lines.count + 6 }

        /// Labels for a figure of this size.
        func labels(_ figure: (width: Int, height: Int)) -> String {
            lines.reversed().enumerated().map { index, line in
                let left = Double(Self.margin) / Double(figure.width)
                let bottom = Double(14 + Self.pitch * index) / Double(figure.height)
                return "set label \(90 + index) \(Gnuplot.quote(line)) at screen \(left),\(bottom) left "
                    + "font ',\(Int(Self.size))' textcolor rgb '#444444'"
            }.joined(separator: "\n")
        }
    }

    /// The size of type in legends.
    static let legendSize = 11

    /// The room that a legend of these titles takes beside a figure, at least `least`, with a sample of `samples`
    /// characters before each title.
    static func legendWidth(_ titles: [String], samples: Double, least: Int) -> Int {
        let widest = titles.map { TextWidth.of($0, size: Double(legendSize)) }.max() ?? 0
        return max(least, Int(widest + samples * Double(legendSize) + 40))
    }

    /// A colour of viridis from dark blue to green, by `share` from 0 to 1. Its yellow end could not be read on white.
    static func colour(_ share: Double) -> String {
        let stops: [(Double, Double, Double)] = [
            (68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (190, 205, 40),
        ]
        let place = min(max(share, 0), 1) * Double(stops.count - 1)
        let low = min(Int(place), stops.count - 2)
        let part = place - Double(low)
        func mix(_ a: Double, _ b: Double) -> String {
            let value = String(Int((a + (b - a) * part).rounded()), radix: 16)
            return value.count == 1 ? "0" + value : value
        }
        let (a, b) = (stops[low], stops[low + 1])
        return "#" + mix(a.0, b.0) + mix(a.1, b.1) + mix(a.2, b.2)
    }
}
