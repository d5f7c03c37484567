import Diffusion
import JobContract
import Measures
import Tensors
import Testing

struct DistillationMeasureTests {
    private let heldOut = randomImages(24, side: 4, seed: 2)
    private let levels: [Double] = [5, 0.5]

    private func rows(
        of denoiser: any Denoiser, training: Tensor<Float>, _ inputs: Int = 2000, _ more: [String: JSONValue] = [:]
    ) throws -> [MeasureRow] {
        let parameters: [String: JSONValue] = [
            "inputs": .integer(Int64(inputs)), "samples": 48, "vectors": 3,
            "sigmas": .array(levels.map { .number($0) }),
        ]
        let measure = try DistillationMeasure(parameters: parameters.merging(more) { $1 })
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

    /// An affine denoiser is its own fit; the Gaussian is far off.
    @Test func anAffineDenoiserIsFound() throws {
        let training = randomImages(40, side: 4)
        let found = try rows(of: Affine(slope: 0.4, offset: 0.3), training: training, 400)
        for sigma in levels {
            #expect(
                found.value("held_out_rmse", at: sigma) < 1e-5 * found.value("gaussian_rmse", at: sigma), "\(sigma)")
        }
        #expect(found.count { $0.quantity == "alignment" } == 2 * 3)
    }

    /// Gradient steps come to the same W and b, from nothing: more of them nearer, and after few the held-out error is
    /// above that of the closed form.
    @Test func gradientStepsComeToTheClosedForm() throws {
        let training = randomImages(40, side: 4)
        let denoiser = Affine(slope: 0.4, offset: 0.3)
        func errors(_ epochs: Int) throws -> [Double] {
            let found = try rows(
                of: denoiser, training: training, 1,
                ["recipe": "gradient", "epochs": .integer(Int64(epochs)), "batch": 20, "learning_rate": 0.03])
            return levels.map { found.value("held_out_rmse", at: $0) }
        }
        let closed = try rows(of: denoiser, training: training, 400)
        let (few, many) = (try errors(5), try errors(400))
        for (index, sigma) in levels.enumerated() {
            #expect(many[index] < 0.02 && few[index] > 5 * many[index], "\(sigma)")
            #expect(few[index] > closed.value("held_out_rmse", at: sigma))
        }
    }

    /// One step of Adam moves each entry by the rate, whatever the gradient: W_eff = ±rate/√d, b = ±rate, so on
    /// nearly equal white images Wx + b is rate·(1 + √d·x̄).
    @Test func theFirstStepIsAdams() throws {
        let training = Tensor<Float>(shape: [2, 1, 4, 4], values: (0..<32).map { 0.8 + Float($0 / 16) * 1e-3 })
        let measure = try DistillationMeasure(parameters: [
            "recipe": "gradient", "epochs": 1, "batch": 2, "learning_rate": 0.01, "vectors": 0, "samples": 4,
            "sigmas": [0.0001],
        ])
        let found = try measure.evaluate(
            MeasureSubject(denoiser: Affine(slope: 1), training: training, heldOut: training, flips: false)
        ) { _, _ in }.rows
        let affine = 0.01 * (1 + 4 * 0.8005)
        #expect(abs(found.value("held_out_rmse", at: 0.0001) - (0.8005 - affine)) < 2e-3)
    }
}
