import Diffusion
import JobContract
import Quantities
import Tensors

/// How well a denoiser denoises, by noise level, on images it was and was not trained on (Kadkhodaie et al., ICLR 2024,
/// section 2).
///
/// Pixels are in [−1, 1], so PSNR = 10 log₁₀(4/MSE), with the MSE pooled over images, and the noisy images have
/// −20 log₁₀(σ/2).
/// - `psnr_in`, `psnr_training`, `psnr_held_out`; `psnr_gap`: training less held-out;
/// - `wiener_gain_db`: held-out PSNR less that of the Gaussian denoiser of all images of the dataset: below 0 at σ ≈ 0.5 or
///   1.5 the network is undertrained;
/// - `slope_training`, `slope_held_out`: of PSNR by input PSNR, least squares over the levels of input PSNR from 10 to
///   24 dB; undefined with fewer than two.
///
/// Image i is image i modulo their number, with noise keyed by (seed, i). Levels that the denoiser is not for are left out.
package struct DenoisingMeasure: Measure {
    package static let entry = MeasureEntry.denoising
    package static let defaults: [String: JSONValue] = [
        "samples": 256,
        // Input PSNR −20, −10, −5, 0, 2.5, 5, then 10 to 24 by 2, then 30 and 40 dB.
        "sigmas": [
            20, 6.32456, 3.55656, 2, 1.49979, 1.12468, 0.632456, 0.502377, 0.399052, 0.316979, 0.251785, 0.2, 0.158866,
            0.126191, 0.0632456, 0.02,
        ],
        "seed": 0,
    ]

    let sampling: NoisedSampling

    package init(parameters: [String: JSONValue]) throws {
        sampling = try NoisedSampling(try ParameterReader(Self.self, parameters))
    }

    package func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        guard subject.heldOut.shape[0] > 0, subject.training.shape[0] > 0 else {
            throw MeasureError("denoising needs training and held-out images, but dataset.held_out is 0")
        }
        let levels = sampling.levels(of: subject.denoiser)
        let total = 3 * levels.count * sampling.samples
        var done = 0
        func decibels(_ denoiser: any Denoiser, _ images: Tensor<Float>, _ sigma: Double) throws -> Estimate {
            let noised = NoisedImages(images: images, seed: sampling.seed)
            var errors: [Double] = []
            for block in blocks(of: sampling.samples, by: denoiser.batch) {
                try progress(min(done, total), total)
                let found = denoiser.denoise(
                    noised.block(block, sigma: sigma), sigma: [Double](repeating: sigma, count: block.count))
                for (place, number) in block.enumerated() {
                    let pairs = zip(found[row: place], images[row: number % images.shape[0]])
                    let square = pairs.reduce(0.0) { sum, pair in
                        let difference = Double(pair.0) - Double(pair.1)
                        return sum + difference * difference
                    }
                    errors.append(square / Double(images.stride))
                }
                done += block.count
            }
            return Estimate(meanOf: errors, cycling: images.shape[0]).decibels
        }
        let gaussian = try gaussianDenoiser(of: subject.source(), flips: subject.flips) { try progress(0, total) }
        var rows: [MeasureRow] = []
        var curves: [(input: Double, training: Double, heldOut: Double)] = []
        for sigma in levels {
            let training = try decibels(subject.denoiser, subject.training, sigma)
            let heldOut = try decibels(subject.denoiser, subject.heldOut, sigma)
            let reference = try decibels(gaussian, subject.heldOut, sigma)
            let input = -20 * Elementary.log(sigma / 2) / Estimate.ln10
            curves.append((input, training.value, heldOut.value))
            rows += [
                MeasureRow(quantity: "psnr_in", sigma: sigma, value: input),
                training.row("psnr_training", sigma: sigma), heldOut.row("psnr_held_out", sigma: sigma),
                Estimate.difference(training, heldOut).row("psnr_gap", sigma: sigma),
                Estimate.difference(heldOut, reference).row("wiener_gain_db", sigma: sigma),
            ]
        }
        let fitted = curves.filter { $0.input > 9.99 && $0.input < 24.01 }
        rows += [
            MeasureRow(
                quantity: "slope_training", value: Self.slope(fitted.map { ($0.input, $0.training) }), n: fitted.count),
            MeasureRow(
                quantity: "slope_held_out", value: Self.slope(fitted.map { ($0.input, $0.heldOut) }), n: fitted.count),
        ]
        return MeasureResult(rows: rows, artifacts: [])
    }

    /// Of the least-squares line; nil below two different x, or where a value is not finite.
    static func slope(_ points: [(x: Double, y: Double)]) -> Double? {
        let n = Double(points.count)
        let (meanX, meanY) = (points.reduce(0) { $0 + $1.x } / n, points.reduce(0) { $0 + $1.y } / n)
        let spread = points.reduce(0) { $0 + ($1.x - meanX) * ($1.x - meanX) }
        let common = points.reduce(0) { $0 + ($1.x - meanX) * ($1.y - meanY) }
        let slope = common / spread
        return spread > 0 && slope.isFinite ? slope : nil
    }
}

extension Estimate {
    static let ln10 = Elementary.log(10)

    /// A mean square error as PSNR in dB, for pixels in [−1, 1]; the error is of first order.
    var decibels: Estimate {
        Estimate(value: 10 * Elementary.log(4 / value) / Self.ln10, n: n, stderr: 10 / Self.ln10 * stderr / value)
    }

    /// a − b. They are of the same noise, or of the same images, so that their errors are dependent: the error is an upper
    /// bound, the sum of both.
    static func difference(_ a: Estimate, _ b: Estimate) -> Estimate {
        Estimate(value: a.value - b.value, n: min(a.n, b.n), stderr: a.stderr + b.stderr)
    }
}
