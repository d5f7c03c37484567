import Diffusion
import JobContract
import Quantities
import Tensors

/// The best affine denoiser beside a denoiser D, by noise level: W, b of least E ‖Wx + b − D(x; σ)‖², x = y + σn over the
/// training images y (Li et al. 2024, section 3.2, linear distillation).
///
/// Least squares in closed form on `inputs` noised images or more, at least ten of each image and six for each pixel, each
/// noise added and taken away, the same noises at every level: W = E[(D−μ)(x−μ)ᵀ] Cov(x)⁻¹ and Wμ + b = E D, where of
/// Cov(x) = Σ + σ²E[nnᵀ] the covariance Σ and the mean μ of the images are those of D_G (`Distilled.fit`).
/// - `held_out_rmse`: √(E ‖D − (Wx+b)‖²/d) on noised held-out images; `gaussian_rmse`: of D_G in place of Wx + b;
/// - `weight_nmse`: ‖W − W_G‖²/‖W_G‖² (Frobenius); `bias_nmse`: ‖b − b_G‖²/‖b_G‖², undefined where b_G is 0;
/// - `alignment`: |⟨uᵢ, eᵢ⟩| of the i-th left singular vector of W and the i-th principal component, position i, for the
///   first `vectors`.
///
/// With `recipe` "gradient" W and b come by the paper's `epochs` of gradient steps instead (`GradientDistillation`), whose
/// `inputs` do not count.
///
/// Levels that the denoiser is not for are left out.
package struct DistillationMeasure: Measure {
    package static let entry = MeasureEntry.distillation
    package static let defaults: [String: JSONValue] = [
        "inputs": 20_000, "samples": 256, "vectors": 25, "seed": 0,
        "sigmas": GaussianDistanceMeasure.defaults["sigmas"] ?? [],
        "recipe": "closed", "epochs": 100, "batch": 256, "learning_rate": 0.0,
    ]

    private enum Recipe: String, CaseIterable { case closed, gradient }

    let inputs: Int
    /// Nil: the closed form.
    let gradient: GradientDistillation?
    let sampling: NoisedSampling
    let vectors: Int

    package init(parameters: [String: JSONValue]) throws {
        let reader = try ParameterReader(Self.self, parameters)
        inputs = try reader.integer("inputs", 1...100_000_000)
        vectors = try reader.integer("vectors", 0...10_000)
        sampling = try NoisedSampling(reader)
        let steps = try GradientDistillation(reader)
        gradient = try reader.choice("recipe", Recipe.self) == .gradient ? steps : nil
    }

    package func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        guard subject.heldOut.shape[0] > 0 else {
            throw MeasureError("distillation needs held-out images, but dataset.held_out is 0")
        }
        let levels = sampling.levels(of: subject.denoiser)
        let training = subject.flips ? subject.training.withFlips : subject.training
        let images = training.shape[0]
        let inputs =
            gradient.map { $0.epochs * images } ?? Distilled.inputs(inputs, images: images, pixels: training.stride)
        let total = levels.count * (inputs + sampling.samples)
        var done = 0
        func beat() throws { try progress(min(done, total), total) }
        let gaussian = try gaussianDenoiser(of: subject.training, flips: subject.flips, beat: beat)
        let components = gaussian.principalComponents(vectors)
        var rows: [MeasureRow] = []
        for sigma in levels {
            let before = done
            let noised = NoisedImages(images: training, seed: sampling.seed)
            func fitted(_ count: Int) throws {
                done = before + count
                try beat()
            }
            let distilled =
                try gradient?.fit(to: subject.denoiser, gaussian, on: noised, sigma: sigma, beat: fitted)
                ?? Distilled.fit(
                    to: subject.denoiser, gaussian, on: noised, inputs: inputs, sigma: sigma, beat: fitted)
            rows += try heldOutRows(subject, gaussian, distilled, sigma, beat: beat)
            done += sampling.samples
            rows += distilled.distanceRows()
            rows += try distilled.alignments(with: components, beat: beat).enumerated().map {
                MeasureRow(quantity: "alignment", sigma: sigma, position: $0.offset, value: $0.element)
            }
        }
        return MeasureResult(rows: rows, artifacts: [])
    }

    private func heldOutRows(
        _ subject: MeasureSubject, _ gaussian: GaussianDenoiser, _ distilled: Distilled, _ sigma: Double,
        beat: () throws -> Void
    ) throws -> [MeasureRow] {
        let images = subject.heldOut.shape[0]
        // Noise of its own: no held-out image meets what a training image met.
        let noised = NoisedImages(images: subject.heldOut, seed: sampling.seed, first: 1 << 32)
        var ofDistilled = DenoiserDistance(images: images)
        var ofGaussian = DenoiserDistance(images: images)
        for block in blocks(of: sampling.samples, by: 256) {
            let x = noised.block(block, sigma: sigma)
            let found = try subject.denoiser.denoise(x, at: sigma, beat: beat)
            ofDistilled.add(found, try distilled.denoise(x, beat: beat))
            ofGaussian.add(found, try gaussian.denoise(x, at: sigma, beat: beat))
        }
        return [
            ofDistilled.pooled.row("held_out_rmse", sigma: sigma), ofGaussian.pooled.row("gaussian_rmse", sigma: sigma),
        ]
    }
}
