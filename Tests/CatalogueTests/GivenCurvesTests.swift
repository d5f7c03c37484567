import JobContract
import ResultCatalogue
import ResultQueries
import SweepModel
import Testing

@testable import Reports

/// What figures of lines show of given values: three seeds whose values lie 0.1 apart, at two dataset sizes.
@Suite struct GivenCurvesTests {
    /// Half of Student's interval of three values that lie 0.1 apart: 4.302653 · 0.1 / √3.
    private static let half = 0.248414

    private struct Row: Equatable {
        var panel, line: String
        var x, y, low, high: Double

        /// The mean of three replicates.
        init(_ panel: String, _ line: String, _ x: Double, _ y: Double, of half: Double = GivenCurvesTests.half) {
            (self.panel, self.line, self.x, self.y, low, high) = (panel, line, x, y, y - half, y + half)
        }

        init?(_ cells: [ResultTable.Cell]) {
            guard case .text(let panel) = cells[0], case .text(let line) = cells[1] else { return nil }
            func number(_ cell: ResultTable.Cell) -> Double {
                switch cell {
                case .number(let value): value
                case .integer(let value): Double(value)
                default: .nan
                }
            }
            let (x, y, low, high) = (number(cells[2]), number(cells[3]), number(cells[4]), number(cells[5]))
            self.init(panel, line, x, y)
            // One value has no interval.
            (self.low, self.high) = low.isNaN ? (y, y) : (low, high)
        }

        func isClose(to other: Row) -> Bool {
            panel == other.panel && line == other.line
                && zip([x, y, low, high], [other.x, other.y, other.low, other.high]).allSatisfy { abs($0 - $1) < 1e-5 }
        }
    }

    private static func curves(
        _ measure: String, losses: @escaping (GivenSweep.Spec) -> [LossPoint] = { _ in [] },
        rows: @escaping (_ size: Double, _ seed: Double) -> [(String, Double?, Int?, Double)]
    ) throws -> SweepPoints {
        let sweep = try GivenSweep(
            [("dataset.size", [16, 64]), ("seed", [0, 1, 2])],
            [
                .of(measure) { spec in
                    rows(Double(spec.integer("dataset.size")), Double(spec.integer("seed"))).map {
                        MeasureRow(quantity: $0.0, sigma: $0.1, position: $0.2, value: $0.3, n: 100)
                    }
                }
            ], losses: losses)
        return try SweepPoints(sweep.reader, sweep: sweep.name)
    }

    private func expect(
        _ figure: CurveFigure, shows rows: [Row], at place: SourceLocation = #_sourceLocation
    ) {
        let found = figure.table.rows.compactMap { Row($0) }
        #expect(found.count == rows.count, sourceLocation: place)
        for (found, due) in zip(found, rows) {
            #expect(found.isClose(to: due), "\(found) for \(due)", sourceLocation: place)
        }
    }

    private static func offset(_ seed: Double) -> Double { (seed - 1) / 10 }

    @Test func distancesToEachExactDenoiser() throws {
        let kinds = ["gaussian", "multi_delta", "distilled", "source_gaussian"]
        let points = try Self.curves("distances") { size, seed in
            kinds.enumerated().map { index, kind in
                ("rmse_network_" + kind, 0.5, nil, Double(index + 1) + size / 100 + Self.offset(seed))
            }
        }
        let titles = [
            "to the Gaussian denoiser", "to the multi-delta denoiser", "to the fitted linear denoiser",
            "to the whole source's Gaussian",
        ]
        expect(
            try points.distancesFigure(),
            shows: titles.enumerated().flatMap { index, title in
                [16, 64].map { Row(title, "N = \($0)", 0.5, Double(index + 1) + Double($0) / 100) }
            })
    }

    @Test func distanceToTheGaussian() throws {
        let points = try Self.curves("gaussian-distance") { size, seed in
            [0.5, 2].map { ("rmse", $0, nil, $0 + size / 100 + Self.offset(seed)) }
        }
        expect(
            try points.gaussianDistanceFigure(),
            shows: [16.0, 64].flatMap { size in
                [0.5, 2].map { Row("scale 4, length 256 steps", "N = \(Int(size))", $0, $0 + size / 100) }
            })
    }

    /// The Gaussian's linearity is a fact of the images. Each trial's draws give it anew, and the figure shows one value.
    @Test func linearityBesideTheGaussians() throws {
        let points = try Self.curves("linearity") { size, seed in
            [("ls", 1, nil, size / 100 + Self.offset(seed)), ("gaussian_ls", 1, nil, 0.9 + Self.offset(seed) / 10)]
        }
        expect(
            try points.linearityFigure(),
            shows: [16.0, 64].map { Row("scale 4, length 256 steps", "N = \(Int($0))", 1, $0 / 100) } + [
                Row("scale 4, length 256 steps", "Gaussian", 1, 0.9, of: 0),
                Row("scale 4, length 256 steps", "", 1, 0.9, of: 0),
            ])
    }

    /// PSNR of noise σ on pixels in [−1, 1] is −20 log₁₀(σ / 2). The Gaussian's is measured: gains come from pooled errors,
    /// and say nothing of means of PSNR.
    @Test func noiseTakenAway() throws {
        let points = try Self.curves("denoising") { size, seed in
            [
                ("psnr_training", 0.2, nil, 25 + size / 100 + Self.offset(seed)),
                ("psnr_held_out", 0.2, nil, 22 + size / 100 + Self.offset(seed)),
                ("psnr_held_out_pooled", 0.2, nil, 20), ("wiener_gain_db", 0.2, nil, 7),
                ("psnr_held_out_gaussian", 0.2, nil, 21 + Self.offset(seed)),
            ]
        }
        let sizes = [16.0, 64]
        let (trained, heldOut) = ("images trained on", "held-out images")
        expect(
            try points.psnrFigure(),
            shows: sizes.map { Row(trained, "N = \(Int($0))", 20, 25 + $0 / 100) }
                + [Row(trained, "identity", 20, 20, of: 0), Row(trained, "identity", 20, 20, of: 0)]
                + sizes.map { Row(heldOut, "N = \(Int($0))", 20, 22 + $0 / 100) }
                + [
                    Row(heldOut, "identity", 20, 20, of: 0), Row(heldOut, "identity", 20, 20, of: 0),
                    Row(heldOut, "Gaussian", 20, 21, of: 0),
                ])
    }

    /// The oracle's eigenvalues are those of the most images.
    @Test func eigenvaluesBesideTheOracles() throws {
        let points = try Self.curves("jacobian") { size, seed in
            [0, 1].flatMap { (position: Int) -> [(String, Double?, Int?, Double)] in
                let less: Double = size / 100 - Self.offset(seed)
                let own: Double = size / 100 - Double(position) / 2 + Self.offset(seed)
                return [
                    ("eigenvalue", 0.3, position, own),
                    ("oracle_shrinkage", 0.3, position, 1 - Double(position) / 10 - less),
                ]
            }
        }
        var due: [Row] = []
        for size in [16.0, 64] {
            due.append(Row("σ = 0.3", "N = \(Int(size))", 1, size / 100))
            due.append(Row("σ = 0.3", "N = \(Int(size))", 2, size / 100 - 0.5))
        }
        due += [Row("σ = 0.3", "oracle", 1, 0.36), Row("σ = 0.3", "oracle", 2, 0.26)]
        expect(try points.jacobianFigure(), shows: due)
    }

    @Test func lossesOfTrainings() throws {
        func loss(_ size: Double, _ steps: Double) -> Double { size / 100 + steps / 1000 }
        let points = try Self.curves(
            "linearity",
            losses: { spec in
                let (size, seed) = (Double(spec.integer("dataset.size")), Double(spec.integer("seed")))
                return [64, 256].map { LossPoint(steps: $0, mean: loss(size, Double($0)) + Self.offset(seed)) }
            }, rows: { _, _ in [] })
        var due: [Row] = []
        for size in [16.0, 64] {
            for steps in [64.0, 256] { due.append(Row("scale 4", "N = \(Int(size))", steps, loss(size, steps))) }
        }
        expect(try points.lossFigure(), shows: due)
    }
}
