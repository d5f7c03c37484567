import Diffusion
import JobContract
import Quantities
import Tensors

/// The best affine denoiser beside a denoiser D, by noise level: W, b of least E ‖Wx + b − D(x; σ)‖², x = y + σn over clean
/// images y (Li et al. 2024, section 3.2, linear distillation).
///
/// `images` says which y: the training images; `held_out`, the first half of the held-out images, as the paper takes images
/// of another set; or `source`, all images that are not held out. The fit is by least squares in closed form on `inputs`
/// noised images or more, at least ten of each image and twenty for each pixel, each noise added and subtracted, with the
/// same noises at every level: W = E[(D−m)(x−m)ᵀ] Cov(x)⁻¹ and Wm + b = E D, with Cov(x) = Σ + σ²E[nnᵀ] and the y's mean m
/// and covariance Σ (`Distilled.fit`). On noised held-out images, with `held_out` on their second half, with noises of which
/// no fit is made:
/// - `held_out_rmse`: √(E ‖D − (Wx+b)‖²/d); `network_gaussian_rmse`: the same with D_G, the Gaussian denoiser of the
///   training images, in place of Wx + b; `distilled_gaussian_rmse`: √(E ‖Wx + b − D_G‖²/d).
///
/// And about W and b themselves:
/// - `weight_nmse`: ‖W − W_G‖²/‖W_G‖² (Frobenius); `bias_nmse`: ‖b − b_G‖²/‖b_G‖², undefined where b_G is 0;
/// - `alignment`: |⟨uᵢ, eᵢ⟩| of the i-th left singular vector of W and the i-th principal component of the training images,
///   position i, for the first `vectors`; undefined where singular values tie within their error (`SingularAlignment`).
///   `alignment.safetensors` has |⟨uᵢ, e_j⟩| of all of these, and the singular values.
///
/// With `recipe` "gradient", W and b are found by the paper's `epochs` of gradient steps instead (`GradientDistillation`),
/// which do not read `inputs`.
///
/// Levels that the denoiser is not for are left out.
package struct DistillationMeasure: Measure {
    package static let entry = MeasureEntry.distillation
    package static let parameters =
        NoisedSampling.parameters(NoisedSampling.tenLevels) + [
            .choice("images", Images.training, "the clean images that it is fitted on"),
            .integer("vectors", 0...10_000, 25, "singular vectors that are told"),
            .choice("recipe", Recipe.closed, "the closed form, or the paper's gradient steps"),
            .inputs(when: ["recipe": [Recipe.closed.rawValue]]),
        ] + GradientDistillation.parameters(when: ["recipe": [Recipe.gradient.rawValue]])
    package static let rules = [
        MeasureRule(.heldOut, least: 1),
        MeasureRule(.heldOut, least: 2, when: ["images": [Images.held_out.rawValue]]),
        MeasureRule(.pixels, parameter: "vectors"), NoisedSampling.rule,
    ]

    private enum Recipe: String, CaseIterable { case closed, gradient }
    enum Images: String, CaseIterable { case training, held_out, source }

    let inputs: Int
    let images: Images
    /// Nil: the closed form.
    let gradient: GradientDistillation?
    let sampling: NoisedSampling
    let vectors: Int

    package init(parameters: [String: JSONValue]) throws {
        let reader = try ParameterReader(Self.self, parameters)
        inputs = try reader.integer("inputs")
        images = try reader.choice("images", Images.self)
        vectors = try reader.integer("vectors")
        sampling = try NoisedSampling(reader)
        let steps = try GradientDistillation(reader)
        gradient = try reader.choice("recipe", Recipe.self) == .gradient ? steps : nil
    }

    package func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        let data = try DistillationImages(subject, images)
        let levels = sampling.levels(of: subject.denoiser)
        let count = data.fitted.shape[0]
        let inputs =
            gradient.map { $0.epochs * count } ?? Distilled.inputs(inputs, images: count, pixels: data.fitted.stride)
        let total = levels.count * (inputs + sampling.samples)
        var done = 0
        func beat() throws { try progress(min(done, total), total) }
        let gaussian = try gaussianDenoiser(of: subject.training, flips: subject.flips, beat: beat)
        let ofFitted =
            images == .training ? gaussian : try gaussianDenoiser(of: data.fitted, flips: false, beat: beat)
        let components = gaussian.principalComponents(vectors)
        let key = sampling.draws.key(of: subject)
        var rows: [MeasureRow] = []
        var alignments: [SingularAlignment] = []
        for sigma in levels {
            let before = done
            let noised = NoisedImages(images: data.fitted, seed: key, first: NoisedImages.Use.fitting)
            func fitted(_ count: Int) throws {
                done = before + count
                try beat()
            }
            let distilled =
                try gradient?.fit(to: subject.denoiser, ofFitted, on: noised, sigma: sigma, beat: fitted)
                ?? Distilled.fit(
                    to: subject.denoiser, ofFitted, on: noised, inputs: inputs, sigma: sigma, beat: fitted)
            let judged = NoisedImages(images: data.judged, seed: key)
            let (residual, found) = try judgedRows(subject.denoiser, gaussian, distilled, judged, sigma, beat: beat)
            rows += found
            done += sampling.samples
            rows += try distilled.distanceRows(to: gaussian, beat: beat)
            guard !components.isEmpty else { continue }
            let alignment = try distilled.alignment(with: components, residual: residual, beat: beat)
            alignments.append(alignment)
            rows += alignment.own.enumerated().map {
                MeasureRow(quantity: "alignment", sigma: sigma, position: $0.offset, value: $0.element)
            }
        }
        return MeasureResult(rows: rows, artifacts: alignments.isEmpty ? [] : [Self.table(alignments, levels)])
    }

    /// Rows, and the root mean square of D − (Wx+b).
    private func judgedRows(
        _ denoiser: any Denoiser, _ gaussian: GaussianDenoiser, _ distilled: Distilled, _ noised: NoisedImages,
        _ sigma: Double, beat: () throws -> Void
    ) throws -> (residual: Double, rows: [MeasureRow]) {
        let images = noised.images.shape[0]
        var (ofDistilled, ofGaussian) = (DenoiserDistance(images: images), DenoiserDistance(images: images))
        var between = ofGaussian
        for block in blocks(of: sampling.samples, by: 256) {
            let x = noised.block(block, sigma: sigma)
            let network = try denoiser.denoise(x, at: sigma, beat: beat)
            let (affine, reference) = (
                try distilled.denoise(x, beat: beat), try gaussian.denoise(x, at: sigma, beat: beat)
            )
            ofDistilled.add(network, affine)
            ofGaussian.add(network, reference)
            between.add(affine, reference)
        }
        return (
            ofDistilled.pooled.value,
            [
                ofDistilled.pooled.row("held_out_rmse", sigma: sigma),
                ofGaussian.pooled.row("network_gaussian_rmse", sigma: sigma),
                between.pooled.row("distilled_gaussian_rmse", sigma: sigma),
            ]
        )
    }

    /// A file with, for each level, the singular values and the cosines of every singular vector with every component.
    private static func table(_ alignments: [SingularAlignment], _ sigmas: [Double]) -> MeasureResult.Artifact {
        var file = SafetensorsFile(name: "alignment")
        let (levels, count) = (alignments.count, alignments[0].cosines.rows)
        file.set("sigmas", Tensor<Double>(shape: [levels], values: sigmas))
        file.set(
            "singular_values",
            Tensor<Double>(shape: [levels, count], values: alignments.flatMap { $0.values.prefix(count) }))
        file.set(
            "alignment",
            Tensor<Double>(shape: [levels, count, count], values: alignments.flatMap(\.cosines.values)))
        return MeasureResult.Artifact(
            name: "alignment.safetensors", mediaType: "application/octet-stream", bytes: file.serialized())
    }
}

/// The clean images that a distillation is fitted on, with mirror images where training mirrored, and those that it is
/// judged on.
private struct DistillationImages {
    let fitted: Tensor<Float>
    let judged: Tensor<Float>

    init(_ subject: MeasureSubject, _ images: DistillationMeasure.Images) throws {
        let heldOut = subject.heldOut
        let least = images == .held_out ? 2 : 1
        guard heldOut.shape[0] >= least else {
            throw MeasureError(
                "distillation needs \(least == 1 ? "held-out images" : "two held-out images or more"), but "
                    + "dataset.held_out is \(heldOut.shape[0])")
        }
        let half = heldOut.shape[0] / 2
        let clean: Tensor<Float>
        switch images {
        case .training: clean = subject.training
        case .held_out: clean = heldOut.entries(0..<half)
        case .source: clean = try subject.source()
        }
        fitted = subject.flips ? clean.withFlips : clean
        judged = images == .held_out ? heldOut.entries(half..<heldOut.shape[0]) : heldOut
    }
}
