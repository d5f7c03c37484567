import Diffusion
import JobContract
import Quantities
import Tensors

/// How well a denoiser denoises, by noise level, images that it was trained on and others (Kadkhodaie et al., ICLR 2024,
/// section 2).
///
/// Pixels are in [−1, 1], so an image's PSNR = 10 log₁₀(4/MSE), and noisy images have −20 log₁₀(σ/2).
/// - `psnr_in`, `psnr_training`, `psnr_held_out`: means of per-image PSNR; `psnr_gap`: training less held-out;
///   `psnr_gap_mean`: its mean over σ up to 2, by trapezoids between the levels (their figure 15);
/// - `psnr_training_gaussian`, `psnr_held_out_gaussian`: the same for the Gaussian denoiser of all images that are not held
///   out;
/// - `psnr_training_pooled`, `psnr_held_out_pooled`: PSNR of the MSE pooled over images; `training_gain_db`,
///   `wiener_gain_db`: these less those of the same Gaussian denoiser. Below 0 at σ ≈ 0.5 or 1.5 the former says that the
///   network is undertrained, the latter alone that it is overfitted;
/// - `slope_training`, `slope_held_out`: the slope of PSNR by input PSNR, by least squares over the levels of input PSNR
///   from 10 to 24 dB; undefined with fewer than two.
///
/// Image i is image i modulo their number, with noise i of `Draws`, the same at every level. Errors are over images; those
/// of differences are taken pair by pair. Levels that the denoiser is not for are left out.
package struct DenoisingMeasure: Measure {
    package static let entry = MeasureEntry.denoising
    package static let parameters = NoisedSampling.parameters(
        // Input PSNR −20, −10, −5, 0, 2.5, 5, then 10 to 24 by 2, then 30 and 40 dB.
        [
            20, 6.32456, 3.55656, 2, 1.49979, 1.12468, 0.632456, 0.502377, 0.399052, 0.316979, 0.251785, 0.2, 0.158866,
            0.126191, 0.0632456, 0.02,
        ])
    package static let rules = [MeasureRule(.heldOut, least: 1), NoisedSampling.rule]

    let sampling: NoisedSampling

    package init(parameters: [String: JSONValue]) throws {
        sampling = try NoisedSampling(try ParameterReader(Self.self, parameters))
    }

    package func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        guard subject.heldOut.shape[0] > 0, subject.training.shape[0] > 0 else {
            throw MeasureError("denoising needs training and held-out images, but dataset.held_out is 0")
        }
        let levels = sampling.levels(of: subject.denoiser)
        let key = sampling.draws.key(of: subject)
        let total = 4 * levels.count * sampling.samples
        var done = 0
        /// The mean square error of every draw.
        func errors(_ denoiser: any Denoiser, _ images: Tensor<Float>, _ sigma: Double) throws -> [Double] {
            let noised = NoisedImages(images: images, seed: key)
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
            return errors
        }
        let gaussian = try gaussianDenoiser(of: subject.source(), flips: subject.flips) { try progress(0, total) }
        var rows: [MeasureRow] = []
        var curves = PSNRCurves(images: (subject.training.shape[0], subject.heldOut.shape[0]))
        for sigma in levels {
            let training = DenoisingErrors(
                network: try errors(subject.denoiser, subject.training, sigma),
                gaussian: try errors(gaussian, subject.training, sigma), images: subject.training.shape[0])
            let heldOut = DenoisingErrors(
                network: try errors(subject.denoiser, subject.heldOut, sigma),
                gaussian: try errors(gaussian, subject.heldOut, sigma), images: subject.heldOut.shape[0])
            curves.add(sigma, training.decibels, heldOut.decibels)
            rows += [
                MeasureRow(quantity: "psnr_in", sigma: sigma, value: PSNRCurves.input(sigma)),
                training.psnr.row("psnr_training", sigma: sigma), heldOut.psnr.row("psnr_held_out", sigma: sigma),
                curves.gap.row("psnr_gap", sigma: sigma),
                training.gaussianPSNR.row("psnr_training_gaussian", sigma: sigma),
                heldOut.gaussianPSNR.row("psnr_held_out_gaussian", sigma: sigma),
                training.pooled.row("psnr_training_pooled", sigma: sigma),
                heldOut.pooled.row("psnr_held_out_pooled", sigma: sigma),
                training.gain.row("training_gain_db", sigma: sigma), heldOut.gain.row("wiener_gain_db", sigma: sigma),
            ]
        }
        return MeasureResult(rows: rows + curves.rows(samples: sampling.samples), artifacts: [])
    }
}
