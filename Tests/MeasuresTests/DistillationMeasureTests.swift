import Diffusion
import JobContract
import Measures
import Tensors
import Testing

struct DistillationMeasureTests {
    private let heldOut = randomImages(24, side: 4, seed: 2)
    private let levels: [Double] = [5, 0.5]

    private func rows(
        of denoiser: any Denoiser, training: Tensor<Float>, _ inputs: Int = 2000
    ) throws -> [MeasureRow] {
        let measure = try DistillationMeasure(parameters: [
            "inputs": .integer(Int64(inputs)), "samples": 48, "vectors": 3,
            "sigmas": .array(levels.map { .number($0) }),
        ])
        return try measure.evaluate(
            MeasureSubject(denoiser: denoiser, training: training, heldOut: heldOut, flips: false)
        ) { _, _ in }.rows
    }

    /// Fewer and more images than pixels: both ways to decompose.
    @Test(arguments: [10, 40]) func theGaussianIsItsOwnAffineFit(count: Int) throws {
        let training = randomImages(count, side: 4)
        let found = try rows(of: try GaussianDenoiser(images: training, flips: false), training: training)
        for sigma in levels {
            #expect(found.value("held_out_rmse", at: sigma) < 1e-5)
            #expect(found.value("gaussian_rmse", at: sigma) == 0)
            #expect(found.value("weight_nmse", at: sigma) < 1e-10)
            #expect(found.value("bias_nmse", at: sigma) < 1e-8)
            for row in found where row.quantity == "alignment" { #expect(abs((row.value ?? 0) - 1) < 1e-6) }
        }
    }

    /// Li et al. 2024, theorem 1: the best affine denoiser of the data is the Gaussian one, whatever the data. The optimum
    /// for the training images, D_M, has it as its affine fit; what is left is the noise of the estimate, ~1/√inputs.
    @Test func theAffineFitOfTheOptimumIsTheGaussian() throws {
        let training = randomImages(12, side: 4)
        let denoiser = MultiDeltaDenoiser(images: training, flips: false)
        let few = try rows(of: denoiser, training: training, 1000)
        let many = try rows(of: denoiser, training: training, 64_000)
        for sigma in levels {
            #expect(many.value("weight_nmse", at: sigma) < 0.2 * few.value("weight_nmse", at: sigma))
            #expect(many.value("weight_nmse", at: sigma) < 0.01)
            // D_M itself is far from affine: neither fit is near.
            #expect(many.value("held_out_rmse", at: 0.5) > 0.05)
        }
    }

    /// An affine denoiser is its own fit, but for the noise of the moments; the Gaussian is far off.
    @Test func anAffineDenoiserIsFound() throws {
        let training = randomImages(40, side: 4)
        let found = try rows(of: Affine(slope: 0.4, offset: 0.3), training: training, 40_000)
        for sigma in levels {
            #expect(
                found.value("held_out_rmse", at: sigma) < 0.05 * found.value("gaussian_rmse", at: sigma), "\(sigma)")
        }
        #expect(found.count { $0.quantity == "alignment" } == 2 * 3)
    }
}
