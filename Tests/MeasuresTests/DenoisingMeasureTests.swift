import Diffusion
import Foundation
import JobContract
import Measures
import Tensors
import Testing

struct DenoisingMeasureTests {
    private let training = randomImages(60, side: 4)
    private let heldOut = randomImages(40, side: 4, seed: 2)

    private func rows(
        of denoiser: any Denoiser, _ parameters: [String: JSONValue] = [:], heldOut: Tensor<Float>? = nil,
        training: Tensor<Float>? = nil, seed: UInt64 = 0
    ) throws -> [MeasureRow] {
        let measure = try DenoisingMeasure(parameters: parameters)
        return try measure.evaluate(
            MeasureSubject(
                denoiser: denoiser, training: training ?? self.training, heldOut: heldOut ?? self.heldOut, flips: false,
                seed: seed)
        ) { _, _ in }.rows
    }

    @Test func doingNothingHasSlopeOne() throws {
        let found = try rows(of: Affine(slope: 1))
        // The noise is the same at every level, so its own deviation from 1 shifts all levels alike.
        for sigma in [20.0, 0.2, 0.02] {
            let shift = found.value("psnr_held_out", at: sigma) - found.value("psnr_in", at: sigma)
            #expect(abs(shift) < 0.5)
        }
        #expect(abs(found.value("slope_held_out") - 1) < 1e-4)
        #expect(abs(found.value("slope_training") - 1) < 1e-4)
        #expect(abs(found.value("psnr_in", at: 2)) < 1e-12)
        #expect(abs(found.value("psnr_in", at: 0.2) - 20) < 1e-9)
    }

    @Test func blackHasTheImagesOwnPower() throws {
        let found = try rows(of: Affine(slope: 0))
        func power(_ image: Int) -> Double {
            heldOut[row: image].reduce(0.0) { $0 + Double($1) * Double($1) } / 16
        }
        // 256 samples are drawn of 40 images, so the first 16 count once more.
        let powers = (0..<256).map { power($0 % 40) }
        let pooled = 10 * log10(4 / (powers.reduce(0, +) / 256))
        let mean = powers.reduce(0) { $0 + 10 * log10(4 / $1) } / 256
        #expect(mean - pooled > 0.2)
        #expect(abs(found.value("psnr_held_out", at: 0.2) - mean) < 1e-9)
        #expect(abs(found.value("psnr_held_out_pooled", at: 0.2) - pooled) < 1e-9)
        #expect(abs(found.value("slope_held_out")) < 1e-9)
        #expect(found.value("wiener_gain_db", at: 0.2) < -1)
    }

    /// For data that are Gaussian nothing is better than their own Gaussian: no denoiser gains on it, and it gains nothing
    /// on itself.
    @Test func theSourcesGaussianGainsNothingOnItself() throws {
        let found = try rows(of: try GaussianDenoiser(images: training, flips: false))
        for row in found where row.quantity.hasSuffix("gain_db") { #expect(row.value == 0 && row.stderr == 0) }
        #expect(found.count { $0.quantity == "wiener_gain_db" } == 16)
        #expect(found.count { $0.quantity == "training_gain_db" } == 16)
    }

    @Test func aMemoryIsBetterOnWhatItRemembers() throws {
        let found = try rows(of: MultiDeltaDenoiser(images: training, flips: false), ["sigmas": [1, 0.5]])
        #expect(found.value("psnr_gap", at: 0.5) > 5)
        // The network fits its own images better than any linear map, and others worse.
        #expect(found.value("wiener_gain_db", at: 0.5) < 0 && found.value("training_gain_db", at: 0.5) > 3)
        // One of the two levels is within the fitted range.
        #expect(found.first { $0.quantity == "slope_training" }?.value == nil)
    }

    /// The mean over σ up to 2 is by trapezoids, and each level's gap is that of the doc comment.
    @Test func theMeanGapIsOverSigma() throws {
        let found = try rows(of: MultiDeltaDenoiser(images: training, flips: false), ["sigmas": [9, 0.5, 2, 1]])
        let gaps = [0.5, 1, 2].map { found.value("psnr_gap", at: $0) }
        let expected = (0.5 * (gaps[0] + gaps[1]) / 2 + (gaps[1] + gaps[2]) / 2) / 1.5
        #expect(abs(found.value("psnr_gap_mean") - expected) < 1e-9)
        for (sigma, gap) in zip([0.5, 1, 2], gaps) {
            let parts = (found.value("psnr_training", at: sigma), found.value("psnr_held_out", at: sigma))
            #expect(abs(gap - (parts.0 - parts.1)) < 1e-9)
        }
        #expect(
            found.filter { $0.quantity.hasPrefix("slope") || $0.quantity == "psnr_gap_mean" }.allSatisfy { $0.n == 256 }
        )
    }

    /// D = x/2 errs by ¼‖x − 2y‖², and the Gaussian by its own formula on the same noise, so the gain can be written out.
    @Test func theGainIsThatOfTheDefinition() throws {
        let found = try rows(of: Affine(slope: 0.5), ["sigmas": [0.5], "samples": 100, "draws": "shared", "seed": 3])
        let gaussian = try GaussianDenoiser(images: training, flips: false)
        for (images, quantity) in [(training, "training_gain_db"), (heldOut, "wiener_gain_db")] {
            let count = images.shape[0]
            let noise = CounterRandom(seed: 3, purpose: .measureNoise).normals(from: 0, count: 1600)
            let x = (0..<1600).map { Float(Double(images.values[$0 / 16 % count * 16 + $0 % 16]) + 0.5 * noise[$0]) }
            let other = gaussian.denoise(
                Tensor(shape: [100, 1, 4, 4], values: x), sigma: [Double](repeating: 0.5, count: 100)
            ).values
            var (own, wiener) = (0.0, 0.0)
            for index in 0..<1600 {
                let y = Double(images.values[index / 16 % count * 16 + index % 16])
                own += pow(Double(0.5 * x[index]) - y, 2)
                wiener += pow(Double(other[index]) - y, 2)
            }
            #expect(abs(found.value(quantity, at: 0.5) - 10 * log10(wiener / own)) < 1e-9, "\(quantity)")
        }
    }

    /// Over other images the differences spread as their errors say; the sum of both errors would be far larger.
    @Test(arguments: [40, 400]) func errorsOfDifferencesArePaired(count: Int) throws {
        let denoiser = Affine(slope: 0.7)
        var values: [String: [Double]] = [:]
        var errors: [String: [Double]] = [:]
        for seed in 0..<40 {
            let found = try rows(
                of: denoiser, ["sigmas": [0.5, 1], "samples": 160],
                heldOut: randomImages(count, side: 4, seed: UInt64(1000 + seed)),
                training: seed == 0 ? nil : randomImages(60, side: 4, seed: UInt64(3000 + seed)), seed: UInt64(seed))
            for row in found where row.quantity == "psnr_gap_mean" || row.quantity == "psnr_gap" && row.sigma == 1 {
                values[row.quantity, default: []].append(try #require(row.value))
                errors[row.quantity, default: []].append(try #require(row.stderr))
            }
        }
        for (quantity, values) in values {
            let mean = values.reduce(0, +) / 40
            let spread = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 39).squareRoot()
            let error = try #require(errors[quantity]).reduce(0, +) / 40
            #expect((0.7...1.4).contains(spread / error), "\(quantity): \(spread), \(error)")
        }
        // Paired with the Gaussian, a gain is known better than either PSNR.
        let found = try rows(of: Affine(slope: 0.5), ["sigmas": [0.5]])
        func error(_ quantity: String) -> Double { found.first { $0.quantity == quantity }?.stderr ?? .nan }
        #expect(error("wiener_gain_db") < 0.8 * error("psnr_held_out_pooled"))
    }

    /// The Gaussian is that of all images that are not held out, not of those trained on: it gains nothing on itself, and
    /// the Gaussian of few training images is another.
    @Test func theGainIsOverTheGaussianOfAllImages() throws {
        let source = randomImages(300, side: 4, seed: 9)
        func rows(of denoiser: any Denoiser) throws -> [MeasureRow] {
            try DenoisingMeasure(parameters: ["sigmas": [0.5, 1.5]]).evaluate(
                MeasureSubject(
                    denoiser: denoiser, training: training, heldOut: heldOut, flips: false, source: { source })
            ) { _, _ in }.rows
        }
        let ofSource = try rows(of: try GaussianDenoiser(images: source, flips: false))
        let ofTraining = try rows(of: try GaussianDenoiser(images: training, flips: false))
        for sigma in [0.5, 1.5] {
            for quantity in ["wiener_gain_db", "training_gain_db"] {
                #expect(ofSource.value(quantity, at: sigma) == 0)
                #expect(abs(ofTraining.value(quantity, at: sigma)) > 0.05)
            }
            #expect(
                ofSource.value("psnr_held_out", at: sigma) == ofTraining.value("psnr_held_out_gaussian", at: sigma))
            #expect(ofSource.value("psnr_training", at: sigma) == ofTraining.value("psnr_training_gaussian", at: sigma))
        }
    }
}
