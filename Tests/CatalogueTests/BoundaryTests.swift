import Foundation
import JobContract
import SweepModel
import Testing

@testable import Reports
@testable import ResultCatalogue
@testable import ResultQueries

@Suite struct BoundaryTests {
    /// Through two points the curve is exact: the logits of the shares, with half a success and half a failure added, lie
    /// on a line.
    @Test func theLogisticCurveGoesThroughTwoPoints() throws {
        let fit = try #require(LogisticFit([(x: 2, share: 0.9, n: 99), (x: 5, share: 0.2, n: 99)]))
        func logit(_ share: Double) -> Double {
            let corrected = (share * 99 + 0.5) / 100
            return log(corrected / (1 - corrected))
        }
        let slope = (logit(0.2) - logit(0.9)) / 3
        #expect(abs(fit.slope - slope) < 1e-9)
        #expect(abs(fit.middle - (2 - logit(0.9) / slope)) < 1e-9)
    }

    /// Where shares are mirrored about a point, the curve's middle is that point, also where all are 0 or 1.
    @Test(arguments: [[1.0, 1, 0, 0], [1, 0.75, 0.25, 0]])
    func theMiddleOfMirroredShares(_ shares: [Double]) throws {
        let points = zip([1.0, 2, 3, 4], shares).map { (x: $0, share: $1, n: 256.0) }
        #expect(abs(try #require(LogisticFit(points)).middle - 2.5) < 1e-9)
        #expect(LogisticFit([points[0]]) == nil)
    }

    /// At the most likely curve the weighted residuals sum to nothing, alone and times x.
    @Test func theScoreEquationsHold() throws {
        let points = [(1.0, 0.97), (2, 0.81), (3, 0.62), (4, 0.11), (5, 0.02)].map { (x: $0.0, share: $0.1, n: 64.0) }
        let fit = try #require(LogisticFit(points))
        var (sum, moment) = (0.0, 0.0)
        for point in points {
            let p = 1 / (1 + exp(-(fit.intercept + fit.slope * point.x)))
            let residual = point.share * 64 + 0.5 - 65 * p
            sum += residual
            moment += residual * point.x
        }
        #expect(abs(sum) < 1e-6 && abs(moment) < 1e-6)
    }

    @Test func withoutCensoringItIsLeastSquares() throws {
        // y = 1 + 2x − 3z exactly.
        let rows: [(predictors: [Double], value: CensoredRegression.Value)] = [
            ([1, 0, 0], .exactly(1)), ([1, 1, 0], .exactly(3)), ([1, 0, 1], .exactly(-2)), ([1, 2, 1], .exactly(2)),
        ]
        let fit = try #require(CensoredRegression(rows))
        for (found, wanted) in zip(fit.coefficients, [1.0, 2, -3]) { #expect(abs(found - wanted) < 1e-9) }
        // Both predictors say the same.
        #expect(CensoredRegression([([1, 2], .exactly(1)), ([1, 2], .exactly(2)), ([1, 2], .exactly(3))]) == nil)
    }

    /// Nearby no curve has a greater likelihood, by its definition.
    @Test func aCensoredFitIsTheMostLikely() throws {
        let rows: [(predictors: [Double], value: CensoredRegression.Value)] = [
            ([1, 0], .below(0.5)), ([1, 1], .exactly(1.3)), ([1, 2], .exactly(1.9)), ([1, 3], .exactly(3.4)),
            ([1, 4], .above(3.5)), ([1, 2.5], .exactly(2.2)), ([1, 5], .above(3.5)),
        ]
        let fit = try #require(CensoredRegression(rows))
        func likelihood(_ a: Double, _ b: Double, _ s: Double) -> Double {
            rows.reduce(0) { sum, row in
                let mean = a + b * row.predictors[1]
                switch row.value {
                case .exactly(let y): return sum - log(s) - (y - mean) * (y - mean) / (2 * s * s)
                case .above(let y): return sum + log(erfc((y - mean) / s / 2.squareRoot()) / 2)
                case .below(let y): return sum + log(erfc((mean - y) / s / 2.squareRoot()) / 2)
                }
            }
        }
        let (a, b, s) = (fit.coefficients[0], fit.coefficients[1], fit.deviation)
        let best = likelihood(a, b, s)
        for step in [-0.002, 0.002] {
            #expect(likelihood(a + step, b, s) < best)
            #expect(likelihood(a, b + step, s) < best)
            #expect(likelihood(a, b, s + step) < best)
        }
    }

    @Test func rowsThatNeverFlipAreCensored() {
        #expect(BoundaryLaw.boundary([(16, 1, 256), (64, 0.5, 256)]) == .above(log(64)))
        #expect(BoundaryLaw.boundary([(16, 0.4, 256), (64, 0, 256)]) == .below(log(16)))
        #expect(BoundaryLaw.boundary([(16, 0.5, 256)]) == .above(log(16)))
        #expect(BoundaryLaw.boundary([(16, 0, 256), (64, 1, 256)]) == .rises)
    }
}

/// A sweep whose boundary follows a law: N* = 0.02 · P^0.5 · steps^0.75, the curve falling over a factor of some two.
@Suite struct PhaseMapTests {
    let scratch: Scratch
    let sweep: ExpandedSweep
    let points: SweepPoints

    init() throws {
        scratch = try Scratch()
        let catalogue = try Catalogue(path: scratch.catalogue)
        let denoising = MeasureRequest(measure: "denoising", version: 1, parameters: [:])
        sweep = Fixture.sweep(
            name: "law", sizes: [16, 32, 64, 128, 256, 512, 1024], scales: [4, 8, 16], steps: [256, 1024, 4096],
            seeds: [0, 1, 2], measures: [Fixture.memorization, denoising])
        try catalogue.store(sweep)
        for (index, trial) in sweep.trials.enumerated() {
            let spec = try #require(sweep.trainings[trial.training]).spec
            let size = Double(spec["dataset.size"]?.integerValue ?? 1)
            let scale = spec["model.scale"]?.integerValue ?? 1
            let seed = Double(spec["seed"]?.integerValue ?? 0)
            let parameters = 100 * scale * scale
            let boundary = 0.02 * pow(Double(parameters), 0.5) * pow(Double(trial.steps), 0.75) * exp(0.1 * (seed - 1))
            let copied = 1 / (1 + pow(size / boundary, 3))
            var checkpoint = Fixture.checkpoint(trial)
            checkpoint.parameters = parameters
            let gain = trial.steps == 256 ? -1.0 : 1
            try catalogue.commit([
                .attemptIntended(Fixture.attempt(index + 1, [trial])),
                .milestone(trial.training, trial.id, AttemptNumber(index + 1), checkpoint),
                .measured(
                    AttemptNumber(index + 1),
                    Fixture.memorized(trial, glScore: 0.1, copied: copied, copyAUC: 0.5 + copied / 2)),
                .measured(
                    AttemptNumber(index + 1),
                    WorkerEvent.Measured(
                        trial: trial.id, request: denoising, checkpoint: Fixture.digest("c"),
                        rows: ["wiener_gain_db", "training_gain_db"].flatMap { quantity in
                            [0.502377, 1.49979].map {
                                MeasureRow(quantity: quantity, sigma: $0, value: gain + $0 / 10, n: 64)
                            }
                        }, artifacts: [], seconds: 1)),
            ])
        }
        points = try SweepPoints(catalogue.reader, sweep: "law")
    }

    @Test func theLawIsFoundWithItsExponents() throws {
        let law = try BoundaryLaw(points)
        #expect(law.rows.count == 27 && law.inside.count >= PowerLaw.fewestRows)
        let parameters = try #require(law.ofParameters)
        let length = try #require(law.ofLength)
        #expect(abs(parameters.value - 0.5) < 0.05)
        #expect(abs(length.value - 0.75) < 0.05)
        let interval = try #require(length.interval)
        #expect(interval.low < length.value && length.value < interval.high)
        #expect(law.sentences.first?.contains("goes as P^0.") == true)
    }

    @Test func fewRowsThatFlipDetermineNothing() throws {
        let catalogue = try Catalogue(path: scratch.path + "/few.sqlite")
        let few = Fixture.sweep(
            name: "few", sizes: [16, 64], scales: [4, 8], steps: [256], measures: [Fixture.memorization])
        try catalogue.store(few)
        for (index, trial) in few.trials.enumerated() {
            let size = few.trainings[trial.training]?.spec["dataset.size"]?.integerValue ?? 0
            try catalogue.commit([
                .attemptIntended(Fixture.attempt(index + 1, [trial])),
                .milestone(trial.training, trial.id, AttemptNumber(index + 1), Fixture.checkpoint(trial)),
                .measured(AttemptNumber(index + 1), Fixture.memorized(trial, glScore: 0.1, copied: size == 16 ? 1 : 0)),
            ])
        }
        let law = try BoundaryLaw(try SweepPoints(catalogue.reader, sweep: "few"))
        #expect(law.ofParameters == nil && law.ofLength == nil && law.inside.count == 2)
        #expect(
            law.sentences == [
                "The boundary's law is not determined: copying ends within the sizes swept in 2 of 2 rows (scale, length). "
                    + "An exponent needs 4 rows in which it does, of two scales at one length or of two lengths at one "
                    + "scale."
            ])
    }

    @Test func phasesAndContours() throws {
        let map = try PhaseMap(points)
        #expect(map.missingWords == nil && map.cells.count == 63)
        func phase(_ scale: Int, _ length: Double, _ size: Int) -> PhaseMap.Phase? {
            map.cells.first { $0.point == GridPoint(scale: scale, length: length, size: size) }?.phase
        }
        // Scale 16 after 4096 steps: N* = 0.02 · 160 · 512 = 1638; scale 4 after 256 steps: 0.02 · 40 · 64 = 51.
        #expect(phase(16, 4096, 16) == .memorizing)
        #expect(phase(4, 4096, 1024) == .generalizing)
        #expect(phase(4, 256, 1024) == .undertrained)
        #expect(phase(4, 256, 16) == .memorizing)
        let contour = try #require(map.copiedHalf.first { $0.scale == 4 && $0.length == 256 })
        #expect(abs(try #require(contour.size) / 51.2 - 1) < 0.03)
        let interval = try #require(contour.interval)
        #expect(interval.low < 51.2 && interval.high > 51.2)
        // copy_auc = 0.95 where copied = 0.9: (N/N*)³ = 1/9.
        let chance = try #require(map.copyAUC.first { $0.scale == 4 && $0.length == 1024 }?.size)
        #expect(abs(chance / (0.02 * 40 * 181.02 / pow(9, 1 / 3.0)) - 1) < 0.1)
        #expect(map.sentences.first?.hasPrefix("Of 63 places on the map") == true)
    }

    @Test func theMapIsDrawn() throws {
        let out = ProcessInfo.processInfo.environment["EIGENSWEEP_FIGURES"] ?? scratch.path + "/figures"
        let reader = try CatalogueReader(path: scratch.catalogue)
        let result = try Analysis(reader, sweep: "law", store: scratch.path).run(
            into: out, figures: [.phaseMap, .phaseMapByLength, .boundaryLaw, .linearity])
        #expect(result.problem == nil)
        let names = Set(result.figures.map { URL(fileURLWithPath: $0).lastPathComponent })
        for name in ["phase-map", "phase-map-by-length", "boundary-law"] {
            #expect(names.isSuperset(of: ["svg", "png", "gnuplot", "csv"].map { "\(name).\($0)" }))
        }
        let map = try String(contentsOfFile: out + "/phase-map.svg", encoding: .utf8)
        for label in ["undertrained", "generalizing", "memorizing", "copied = ½", "training images", "Seeds 0 to 2"] {
            #expect(map.contains(label) == (label != "undertrained"), "\(label)")
        }
        let law = try String(contentsOfFile: out + "/boundary-law.svg", encoding: .utf8)
        for label in ["parameters", "training images N*", "length of training (steps)", "scale 16", "N* ∝ P^0."] {
            #expect(law.contains(label), "\(label)")
        }
        #expect(
            result.sentences.contains { $0.contains("linearity (the sweep does not ask for the measure linearity)") })
    }
}
