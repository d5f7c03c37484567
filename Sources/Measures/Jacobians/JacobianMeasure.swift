import Diffusion
import JobContract
import Quantities
import Tensors

/// The derivative J = ∂D/∂x of a denoiser at noised images, by noise level (Kadkhodaie et al., ICLR 2024, section 3; Li et
/// al. 2024, appendix H).
///
/// For the clean image y, the noisy image x = y + σn, and eigenvalues λ_k with eigenvectors e_k of S = (J + Jᵀ)/2, the
/// greatest first:
/// - `effective_dimension`: tr J; `symmetry_error`: ‖(J − Jᵀ)/2‖/‖J‖ (Frobenius);
/// - by position k, for the first `vectors`: `eigenvalue`; `coefficient` |⟨y, e_k⟩|; `oracle_shrinkage`
///   ⟨y, e_k⟩²/(⟨y, e_k⟩² + σ²); `alignment` |⟨e_k, c_k⟩| with the training images' k-th principal component c_k;
///   `overlap`, the share Σ⟨eᵢ, cⱼ⟩²/(k+1) over i, j ≤ k that both leading spaces have in common, and `overlap_chance`,
///   (k+1)/d, that of two random ones;
/// - `mse` ‖D(x) − y‖²/d beside `oracle_mse` Σσ²⟨y, e_k⟩²/(⟨y, e_k⟩² + σ²)/d, the error of the oracle's shrinkage;
/// - `homogeneity_error`: ‖D(x) − Jx‖/‖D(x)‖ with black at 0, as for pixels in [0, 1]; 0 for bias-free networks;
/// - `taylor_rmse`: √(E ‖D(x') − (D(x) + J(x'−x))‖²/d) over `samples` other noisings x' of the same image, and
///   `taylor_rmse_other` over as many of other images; `affine_rmse`, `affine_rmse_other`: of the affine fit to the same,
///   that is the Gaussian of the training images, or the distilled denoiser (`DistillationMeasure`, with `inputs`).
///
/// For `coefficient` and `oracle_…`, y is counted from `origin`: middle grey, 0, or black, −1, as the paper's pixels are.
///
/// Values are means over `images` images. Up to 6400 pixels all of J is found; for more, or where `rank` is not 0, only its
/// leading part (`LeadingPart`; of rank 100 where none is given). Then `oracle_mse` and the quantities after it are left
/// out, `effective_dimension` is an estimate with its error, `symmetry_error` is that of the part, and `eigenvalue_residual`
/// ‖S e_k − λ_k e_k‖ bounds the error of an eigenvalue. Levels that the denoiser is not for are left out.
package struct JacobianMeasure: Measure {
    package static let entry = MeasureEntry.jacobian
    package static let parameters =
        [
            .integer("images", 1...10_000, 1, "images whose derivative is taken"),
            .choice("from", Source.held_out, "which images these are"),
            .choice("origin", Origin.grey, "the pixel that `coefficient` and `oracle_…` count from"),
            .integer("vectors", 1...10_000, 25, "eigenvectors that are told"),
            .integer("rank", 0...10_000, 0, "0: all of J, up to 6400 pixels; else eigenvalues that are found by parts"),
            .samples(16, "other noisings of each image"),
            .choice("affine", AffineFit.gaussian, "the affine fit that `affine_rmse` is of"),
            .inputs(when: ["affine": [AffineFit.distilled.rawValue]]),
            // The levels of appendix H, and σ = 0.15 for pixels in [0, 1].
            .sigmas([22.79, 1.979, 0.3, 0.002]),
        ] + Draws.parameters
    package static let rules = [
        MeasureRule(.heldOut, least: 1, parameter: "images", when: ["from": [Source.held_out.rawValue]]),
        MeasureRule(.training, parameter: "images", when: ["from": [Source.training.rawValue]]),
        MeasureRule(.pixels, parameter: "vectors"), MeasureRule(.pixels, parameter: "rank"), NoisedSampling.rule,
    ]
    private static let mostPixels = 6400
    private static let rankBeyond = 100

    enum Source: String, CaseIterable { case held_out, training }
    /// The pixel value that counts as 0 in coefficients.
    enum Origin: String, CaseIterable {
        case grey, black

        var pixel: Double { self == .grey ? 0 : -1 }
    }
    enum AffineFit: String, CaseIterable { case gaussian, distilled }

    let images: Int
    let source: Source
    let origin: Origin
    let vectors: Int
    let rank: Int
    let affine: AffineFit
    let inputs: Int
    let sampling: NoisedSampling

    package init(parameters: [String: JSONValue]) throws {
        let reader = try ParameterReader(Self.self, parameters)
        images = try reader.integer("images")
        source = try reader.choice("from", Source.self)
        origin = try reader.choice("origin", Origin.self)
        vectors = try reader.integer("vectors")
        rank = try reader.integer("rank")
        affine = try reader.choice("affine", AffineFit.self)
        inputs = try reader.integer("inputs")
        sampling = try NoisedSampling(reader)
    }

    package func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        let clean = source == .training ? subject.training : subject.heldOut
        guard clean.shape[0] > 0 else {
            throw MeasureError("jacobian needs held-out images, but dataset.held_out is 0; or say from: training")
        }
        guard let denoiser = subject.denoiser as? any DifferentiableDenoiser else {
            throw MeasureError("jacobian needs a denoiser whose derivative is known")
        }
        let levels = sampling.levels(of: denoiser)
        let size = clean.stride
        let leading = rank > 0 ? rank : size > Self.mostPixels ? Self.rankBeyond : nil
        let passes = leading.map { LeadingPart.most(rank: $0, pixels: size) } ?? size
        let total = levels.count * images * passes
        var done = 0
        func beat(_ more: Int) throws { try progress(min(done + more, total), total) }
        let training = subject.flips ? subject.training.withFlips : subject.training
        let gaussian = try gaussianDenoiser(of: subject.training, flips: subject.flips) { try beat(0) }
        let components = gaussian.principalComponents(vectors)
        let key = sampling.draws.key(of: subject)
        var report = JacobianReport(images: images, vectors: vectors, shape: denoiser.imageShape)
        for sigma in levels {
            let fit: any Denoiser =
                affine == .gaussian
                ? gaussian
                : try Distilled.fit(
                    to: denoiser, gaussian,
                    on: NoisedImages(images: training, seed: key, first: NoisedImages.Use.fitting),
                    inputs: Distilled.inputs(inputs, images: training.shape[0], pixels: training.stride), sigma: sigma
                ) { _ in try beat(0) }
            report.addLevel(sigma)
            for number in 0..<images {
                let point = JacobianPoint(
                    clean: clean, number: number, sigma: sigma, samples: sampling.samples, key: key,
                    origin: origin.pixel)
                let spectrum = try explainingEigendecomposition {
                    let pullback = try derivative { try denoiser.pullback(at: point.noisy, sigma: sigma) }
                    let shape = Array(clean.shape.dropFirst())
                    guard let leading else {
                        return try JacobianSpectrum.exact(pullback, shape: shape, batch: denoiser.batch, beat: beat)
                    }
                    let pushforward = try derivative { try denoiser.pushforward(at: point.noisy, sigma: sigma) }
                    // Each image has random vectors of its own, so that their errors are independent.
                    let part = LeadingPart(
                        rank: leading, shape: shape, batch: denoiser.batch, seed: key &+ UInt64(number))
                    return try part.spectrum(pullback, pushforward, beat: beat)
                }
                done += passes
                let values = try point.values(of: spectrum, denoiser, fit) { try beat(0) }
                report.add(point, spectrum, components, values)
            }
        }
        return try report.result()
    }

    private func derivative(_ make: () throws -> Pullback) throws -> Pullback {
        do {
            return try make()
        } catch {
            throw MeasureError(
                "jacobian: there is no memory for backward passes here: \(explanation(of: error))", isHosts: true)
        }
    }
}
