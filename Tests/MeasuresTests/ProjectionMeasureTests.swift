import Diffusion
import JobContract
import Measures
import Tensors
import Testing

struct ProjectionMeasureTests {
    private let training = randomImages(6, side: 4)

    private func rows(of denoiser: any Denoiser, _ training: Tensor<Float>? = nil, flips: Bool = false) throws
        -> [MeasureRow]
    {
        try ProjectionMeasure(parameters: ["samples": 60, "sigmas": [50, 1, 0.05]]).evaluate(
            MeasureSubject(
                denoiser: denoiser, training: training ?? self.training, heldOut: randomImages(5, side: 4, seed: 2),
                flips: flips)
        ) { _, _ in }.rows
    }

    /// With one training image the optimum is the projection itself.
    @Test func oneImageIsProjectedOntoExactly() throws {
        let one = training.entries(0..<1)
        let found = try rows(of: MultiDeltaDenoiser(images: one, flips: false), one)
        for sigma in [50, 1, 0.05] {
            for suffix in ["", "_held_out"] {
                #expect(found.value("projection_error" + suffix, at: sigma) == 0)
                #expect(found.value("gradient_error" + suffix, at: sigma) == 0)
            }
        }
        // dist = σ‖n‖, and E √d/‖n‖ of 16 normals is √16·Γ(7.5)/(√2·Γ(8)).
        #expect(abs(found.value("noise_ratio", at: 1) - 1.0494) < 0.05)
        #expect(found.value("noise_ratio_held_out", at: 0.05) < 0.2)
    }

    /// D(x) = x estimates no noise: all of the way is left.
    @Test func doingNothingLeavesAllOfTheWay() throws {
        let found = try rows(of: Affine(slope: 1))
        for sigma in [50, 1, 0.05] { #expect(abs(found.value("projection_error", at: sigma) - 1) < 1e-6) }
    }

    @Test(arguments: [false, true]) func theOptimumErrsOnlyBetweenImages(flips: Bool) throws {
        let found = try rows(of: MultiDeltaDenoiser(images: training, flips: flips), flips: flips)
        for sigma in [50, 1, 0.05] {
            #expect(found.value("gradient_error", at: sigma) == 0)
            #expect(
                found.value("projection_error", at: sigma) == found.value("projection_error_multi_delta", at: sigma))
        }
        #expect(found.value("projection_error", at: 0.05) < 1e-6)
        #expect(found.value("projection_error", at: 1) > 0.1)
        // Far away the images are near to one another in comparison.
        #expect(found.value("projection_error", at: 50) < 0.1)
    }
}
