import Diffusion
import JobContract
import Quantities
import Tensors

/// How far a denoiser is from the Gaussian denoiser of its own training subset, by noise level, on noised held-out images.
///
/// With D the denoiser, D_G the Gaussian one and d pixels:
/// - `rmse`: E √(‖D−D_G‖²/d), the mean of roots (Li et al. 2024, eq. 10); `rmse_pooled`: √(E ‖D−D_G‖²/d).
/// - `nrmse`: E ‖D−D_G‖/‖D‖, not squared (eq. 53).
///
/// Image i is held-out image i modulo their number, with noise i of `Draws`, the same at every level. `n` counts
/// these noised images; the standard errors are over the held-out images, several noised images of one being dependent.
/// Levels that the denoiser is not for are left out.
package struct GaussianDistanceMeasure: Measure {
    package static let entry = MeasureEntry.gaussianDistance
    package static let parameters = NoisedSampling.parameters(NoisedSampling.tenLevels)
    package static let rules = [MeasureRule(.heldOut, least: 1), NoisedSampling.rule]

    let sampling: NoisedSampling

    package init(parameters: [String: JSONValue]) throws {
        sampling = try NoisedSampling(try ParameterReader(Self.self, parameters))
    }

    package func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        guard subject.heldOut.shape[0] > 0 else {
            throw MeasureError("gaussian-distance needs held-out images, but dataset.held_out is 0")
        }
        let levels = sampling.levels(of: subject.denoiser)
        let total = levels.count * sampling.samples
        let gaussian = try gaussianDenoiser(of: subject.training, flips: subject.flips) { try progress(0, total) }
        let noised = NoisedImages(images: subject.heldOut, seed: sampling.draws.key(of: subject))
        var rows: [MeasureRow] = []
        for (index, sigma) in levels.enumerated() {
            var distance = DenoiserDistance(images: subject.heldOut.shape[0])
            for block in blocks(of: sampling.samples, by: subject.denoiser.batch) {
                try progress(index * sampling.samples + block.lowerBound, total)
                let noisy = noised.block(block, sigma: sigma)
                let repeated = [Double](repeating: sigma, count: block.count)
                distance.add(
                    subject.denoiser.denoise(noisy, sigma: repeated), gaussian.denoise(noisy, sigma: repeated))
            }
            rows += distance.rows(sigma: sigma)
        }
        return MeasureResult(rows: rows, artifacts: [])
    }
}

/// Gathers the distances between two denoisers' results.
package struct DenoiserDistance {
    /// Result i is of image i modulo this.
    let images: Int
    private var roots: [Double] = []
    private var meanSquares: [Double] = []
    private var relative: [Double] = []
    private var relativeToBoth: [Double] = []

    package init(images: Int) { self.images = images }

    package mutating func add(_ first: Tensor<Float>, _ second: Tensor<Float>) {
        for image in 0..<first.shape[0] {
            var difference = 0.0
            var (norm, other) = (0.0, 0.0)
            for (a, b) in zip(first[row: image], second[row: image]) {
                difference += (Double(a) - Double(b)) * (Double(a) - Double(b))
                norm += Double(a) * Double(a)
                other += Double(b) * Double(b)
            }
            let meanSquare = difference / Double(first.stride)
            meanSquares.append(meanSquare)
            roots.append(meanSquare.squareRoot())
            relative.append((difference / norm).squareRoot())
            relativeToBoth.append(2 * difference.squareRoot() / (norm.squareRoot() + other.squareRoot()))
        }
    }

    /// √(E ‖A−B‖²/d).
    package var pooled: Estimate { Estimate(meanOf: meanSquares, cycling: images).squareRoot }

    /// `nrmse` divides by the norm of the first; with `isPair`, where neither comes first, by the mean of both norms.
    func rows(sigma: Double, isPair: Bool = false) -> [MeasureRow] {
        [
            Estimate(meanOf: roots, cycling: images).row("rmse", sigma: sigma),
            pooled.row("rmse_pooled", sigma: sigma),
            Estimate(meanOf: isPair ? relativeToBoth : relative, cycling: images).row("nrmse", sigma: sigma),
        ]
    }
}
