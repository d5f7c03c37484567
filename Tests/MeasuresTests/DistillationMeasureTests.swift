import Diffusion
import Foundation
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

    /// Fewer and more images than pixels take both ways to decompose.
    @Test(arguments: [10, 40]) func theGaussianIsItsOwnAffineFit(count: Int) throws {
        let training = randomImages(count, side: 4)
        let found = try rows(of: try GaussianDenoiser(images: training, flips: false), training: training)
        for sigma in levels {
            #expect(found.value("held_out_rmse", at: sigma) < 1e-5)
            #expect(found.value("network_gaussian_rmse", at: sigma) == 0)
            #expect(found.value("weight_nmse", at: sigma) < 1e-10)
            #expect(found.value("bias_nmse", at: sigma) < 1e-8)
            #expect(found.value("distilled_gaussian_rmse", at: sigma) < 1e-5)
            for row in found where row.quantity == "alignment" { #expect(abs((row.value ?? 0) - 1) < 1e-6) }
        }
    }

    /// Li et al. 2024, theorem 1: the best affine denoiser of the data is the Gaussian one, whatever the data. So the
    /// optimum for the training images, D_M, has it as its affine fit, up to the noise of the estimate, ~1/√inputs.
    @Test func theAffineFitOfTheOptimumIsTheGaussian() throws {
        let training = randomImages(12, side: 4)
        let denoiser = MultiDeltaDenoiser(images: training, flips: false)
        let few = try rows(of: denoiser, training: training, 1000)
        let many = try rows(of: denoiser, training: training, 64_000)
        for sigma in levels {
            #expect(many.value("weight_nmse", at: sigma) < 0.2 * few.value("weight_nmse", at: sigma))
            #expect(many.value("weight_nmse", at: sigma) < 0.01)
            // D_M itself is far from affine: neither fit is near it.
            #expect(many.value("held_out_rmse", at: 0.5) > 0.05)
        }
    }

    /// An affine denoiser is its own fit, and the Gaussian is far off.
    @Test func anAffineDenoiserIsFound() throws {
        let training = randomImages(40, side: 4)
        let found = try rows(of: Affine(slope: 0.4, offset: 0.3), training: training, 400)
        for sigma in levels {
            #expect(
                found.value("held_out_rmse", at: sigma) < 1e-5 * found.value("network_gaussian_rmse", at: sigma),
                "\(sigma)")
        }
        // Its singular values are all 0.4, so none has a vector of its own.
        #expect(found.count { $0.quantity == "alignment" && $0.value == nil } == 2 * 3)
        // Both are affine, so ‖(W−W_G)x + (b−b_G)‖ is the network's own distance.
        for sigma in levels {
            let (own, fitted) = (
                found.value("network_gaussian_rmse", at: sigma), found.value("distilled_gaussian_rmse", at: sigma)
            )
            #expect(abs(own - fitted) < 1e-4 * own)
        }
        let (mean, covariance) = moments(training)
        for sigma in levels {
            var noisy = covariance
            for i in noisy.indices { noisy[i][i] += sigma * sigma }
            // W_G = Σ(Σ + σ²)⁻¹, row by row, and b_G = μ − W_G·μ.
            let weights = covariance.map { solve(noisy, $0) }
            let bias = zip(mean, weights).map { own, row in own - zip(row, mean).reduce(0) { $0 + $1.0 * $1.1 } }
            var (distance, norm) = (0.0, 0.0)
            for (i, row) in weights.enumerated() {
                for (j, value) in row.enumerated() {
                    distance += (value - (i == j ? 0.4 : 0)) * (value - (i == j ? 0.4 : 0))
                    norm += value * value
                }
            }
            #expect(abs(found.value("weight_nmse", at: sigma) / (distance / norm) - 1) < 1e-4)
            let wanted = bias.reduce(0) { $0 + ($1 - 0.3) * ($1 - 0.3) } / bias.reduce(0) { $0 + $1 * $1 }
            #expect(abs(found.value("bias_nmse", at: sigma) / wanted - 1) < 1e-4)
        }
    }

    /// Gradient steps come from nothing to the same W and b: more steps come nearer, and after few the held-out error is
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

    /// An affine denoiser is found on whatever images the fit is made, and the Gaussian it is compared with stays that of
    /// the training images.
    @Test(arguments: ["training", "held_out", "source"]) func anAffineDenoiserIsFoundOnAnyImages(images: String) throws
    {
        let training = randomImages(40, side: 4)
        let found = try rows(
            of: Affine(slope: 0.4, offset: 0.3), training: training, 400, ["images": .string(images)])
        let gaussian = try GaussianDenoiser(images: training, flips: false)
        for sigma in levels {
            #expect(found.value("held_out_rmse", at: sigma) < 1e-5, "\(sigma)")
            // The spectrum gives ‖0.4·1 − W_G‖²/‖W_G‖², whatever the basis.
            let gains = gaussian.eigenvalues.map { $0 / ($0 + sigma * sigma) }
            let expected =
                gains.reduce(0) { $0 + (0.4 - $1) * (0.4 - $1) } / gains.reduce(0) { $0 + $1 * $1 }
            #expect(abs(found.value("weight_nmse", at: sigma) / expected - 1) < 1e-4, "\(sigma)")
        }
        #expect(found.contains { $0.quantity == "held_out_rmse" && $0.n == 48 })
    }

    /// Unequal singular values have their vectors: W = diag(s) and the components are pixels.
    @Test func theMatrixOfAllAlignmentsIsAnArtifact() throws {
        // Pixel k varies by 2^(−k/2): the components are the pixels, those that vary most first.
        let white = randomImages(4000, side: 4, std: 1)
        let training = Tensor<Float>(
            shape: white.shape, values: white.values.enumerated().map { $1 * Float(exp2(-Double($0 % 16) / 2)) })
        let measure = try DistillationMeasure(parameters: [
            "inputs": 8000, "samples": 24, "vectors": 4, "sigmas": [0.5],
        ])
        let result = try measure.evaluate(
            MeasureSubject(
                denoiser: try GaussianDenoiser(images: training, flips: false), training: training, heldOut: heldOut,
                flips: false)
        ) { _, _ in }
        let file = try SafetensorsFile(bytes: try #require(result.artifacts.first).bytes, name: "alignment")
        let matrix: Tensor<Double> = try file.tensor("alignment", shape: [1, 4, 4])
        let values: Tensor<Double> = try file.tensor("singular_values", shape: [1, 4])
        for k in 0..<4 {
            let variance = exp2(-Double(k))
            #expect(abs(values.values[k] - variance / (variance + 0.25)) < 0.02)
            #expect(matrix.values[5 * k] > 0.99)
            #expect(matrix.values[5 * k] == result.rows.first { $0.quantity == "alignment" && $0.position == k }?.value)
        }
    }
}
