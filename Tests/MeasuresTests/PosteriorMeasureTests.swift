import Diffusion
import Foundation
import JobContract
import Measures
import Tensors
import Testing

struct PosteriorMeasureTests {
    private func rows(_ training: Tensor<Float>, _ parameters: [String: JSONValue]) throws -> [MeasureRow] {
        try PosteriorMeasure(parameters: parameters).evaluate(
            MeasureSubject(
                denoiser: Affine(slope: 1), training: training, heldOut: randomImages(3, side: 4, seed: 2),
                flips: false)
        ) { _, _ in }.rows
    }

    /// Where two images are Δ apart, the other's weight is 1/(1 + e^u), u = Δ²/(2σ²) + zΔ/σ, z standard normal.
    @Test func twoImagesFollowTheirClosedForm() throws {
        let pair = randomImages(2, side: 4)
        let gap = zip(pair[row: 0], pair[row: 1]).reduce(0) { $0 + pow(Double($1.0 - $1.1), 2) }.squareRoot()
        func coincidence(_ sigma: Double) -> Double {
            var sum = 0.0
            for step in -800...800 {
                let z = Double(step) / 100
                let other = 1 / (1 + exp(gap * gap / (2 * sigma * sigma) + z * gap / sigma))
                sum +=
                    (other * other + (1 - other) * (1 - other)) * exp(-z * z / 2) / (2 * Double.pi).squareRoot() / 100
            }
            return sum
        }
        let levels = [0.2, 0.5, 1, 3]
        let found = try rows(pair, ["samples": 10_000, "sigmas": .array(levels.map { .number($0) })])
        for sigma in levels {
            let row = try #require(found.first { $0.quantity == "coincidence" && $0.sigma == sigma })
            #expect(abs((row.value ?? 0) - coincidence(sigma)) < 0.01, "\(sigma)")
        }
    }

    @Test func theCountGoesFromOneToAllAndCrossesOnce() throws {
        let training = randomImages(40, side: 4)
        let found = try rows(training, ["samples": 80, "sigmas": [0.01, 100, 0.5, 1, 2, 4]])
        #expect(abs(found.value("effective_count", at: 0.01) - 1) < 1e-9)
        #expect(abs(found.value("effective_count", at: 100) - 40) < 0.1)
        #expect(abs(found.value("coincidence_held_out", at: 100) - 1.0 / 40) < 1e-3)
        let collapse = found.value("collapse_sigma")
        let levels = [0.01, 0.5, 1, 2, 4, 100]
        let next = try #require(levels.first { $0 >= collapse })
        let before = try #require(levels.last { $0 < collapse })
        #expect(found.value("coincidence", at: before) >= 0.5 && found.value("coincidence", at: next) < 0.5)
    }

    /// The level is where the function itself is ½, whichever levels are asked for: between them, above and below.
    @Test(arguments: [[0.01, 100], [0.5, 1, 2], [50, 100], [0.001, 0.002]])
    func theCollapseIsFoundOnTheFunction(levels: [Double]) throws {
        let training = randomImages(40, side: 4)
        let sigmas = JSONValue.array(levels.map { .number($0) })
        let found = try rows(training, ["samples": 80, "sigmas": sigmas])
        for suffix in ["", "_held_out"] {
            let row = try #require(found.first { $0.quantity == "collapse_sigma" + suffix })
            let sigma = try #require(row.value)
            let there = try rows(training, ["samples": 80, "sigmas": [.number(sigma), .number(1.05 * sigma)]])
            #expect(abs(there.value("coincidence" + suffix, at: sigma) - 0.5) < 1e-5)
            // The level's error is that of the coincidence over its slope.
            let error = try #require(there.first { $0.quantity == "coincidence" + suffix && $0.sigma == sigma }?.stderr)
            let slope =
                (0.5 - there.value("coincidence" + suffix, at: 1.05 * sigma)) / (0.05 * sigma)
            let expected = error / slope
            #expect(abs((row.stderr ?? 0) / expected - 1) < 0.25, "\(row.stderr ?? 0), \(expected)")
        }
    }

    @Test func oneImageNeverCollapses() throws {
        let row = try rows(randomImages(1, side: 4), ["samples": 4, "sigmas": [0.5, 1]])
            .first { $0.quantity == "collapse_sigma" }
        #expect(row != nil && row?.value == nil)
    }

    /// Over other images the level spreads as its error says.
    @Test func theErrorOfTheCollapseIsThatOfItsLevel() throws {
        let training = randomImages(12, side: 4)
        var (values, errors): ([Double], [Double]) = ([], [])
        for seed in 0..<30 {
            let measure = try PosteriorMeasure(
                parameters: ["samples": 24, "sigmas": [1.0], "seed": .integer(Int64(seed))])
            let found = try measure.evaluate(
                MeasureSubject(
                    denoiser: MultiDeltaDenoiser(images: training, flips: false), training: training,
                    heldOut: randomImages(24, side: 4, seed: UInt64(100 + seed)), flips: false)
            ) { _, _ in }.rows
            let row = try #require(found.first { $0.quantity == "collapse_sigma_held_out" })
            values.append(try #require(row.value))
            errors.append(try #require(row.stderr))
        }
        let mean = values.reduce(0, +) / 30
        let spread = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 29).squareRoot()
        #expect((0.6...1.5).contains(spread / (errors.reduce(0, +) / 30)))
    }
}
