import Diffusion
import Foundation
import JobContract
import Measures
import Tensors
import Testing

struct DenoisingMeasureTests {
    private let training = randomImages(60, side: 4)
    private let heldOut = randomImages(40, side: 4, seed: 2)

    private func rows(of denoiser: any Denoiser, _ parameters: [String: JSONValue] = [:]) throws -> [MeasureRow] {
        let measure = try DenoisingMeasure(parameters: parameters)
        return try measure.evaluate(
            MeasureSubject(denoiser: denoiser, training: training, heldOut: heldOut, flips: false)
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
        let power = heldOut.values.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(heldOut.values.count)
        // 256 samples of 40 images: the first 16 count once more.
        #expect(abs(found.value("psnr_held_out", at: 0.2) - 10 * log10(4 / power)) < 0.1)
        #expect(abs(found.value("slope_held_out")) < 1e-9)
        #expect(found.value("wiener_gain_db", at: 0.2) < -1)
    }

    /// Of data that are Gaussian nothing is better than their own Gaussian: none gains on it, itself nothing.
    @Test func theSourcesGaussianGainsNothingOnItself() throws {
        let found = try rows(of: try GaussianDenoiser(images: training, flips: false))
        for row in found where row.quantity == "wiener_gain_db" { #expect(row.value == 0) }
        #expect(found.count { $0.quantity == "wiener_gain_db" } == 16)
    }

    @Test func aMemoryIsBetterOnWhatItRemembers() throws {
        let found = try rows(of: MultiDeltaDenoiser(images: training, flips: false), ["sigmas": [1, 0.5]])
        #expect(found.value("psnr_gap", at: 0.5) > 5)
        #expect(found.value("wiener_gain_db", at: 0.5) < 0)
        // Two levels, of which one is within the fitted range.
        #expect(found.first { $0.quantity == "slope_training" }?.value == nil)
    }
}
