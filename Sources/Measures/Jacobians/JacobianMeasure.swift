import Diffusion
import JobContract
import Quantities
import Tensors

/// The derivative J = ∂D/∂x of a denoiser at noised images, by noise level (Kadkhodaie et al., ICLR 2024, section 3; Li et
/// al. 2024, appendix H).
///
/// For the clean image y, the noisy one x = y + σn, and eigenvalues λ_k with eigenvectors e_k of (J + Jᵀ)/2, greatest first:
/// - `effective_dimension`: tr J; `symmetry_error`: ‖(J − Jᵀ)/2‖/‖J‖ (Frobenius);
/// - by position k, for the first `vectors`: `eigenvalue`; `coefficient` |⟨y, e_k⟩|; `oracle_shrinkage`
///   ⟨y, e_k⟩²/(⟨y, e_k⟩² + σ²); `alignment` |⟨e_k, c_k⟩| with the training images' k-th principal component c_k, and
///   `overlap`, the share Σ⟨eᵢ, cⱼ⟩²/(k+1) over i, j ≤ k that both leading spaces have in common;
/// - `mse` ‖D(x) − y‖²/d beside `oracle_mse` Σσ²⟨y, e_k⟩²/(⟨y, e_k⟩² + σ²)/d, what the oracle's shrinkage errs by;
/// - `homogeneity_error`: ‖D(x) − Jx‖/‖D(x)‖ for pixels in [0, 1], 0 for bias-free networks;
/// - `taylor_rmse`: √(E ‖D(x') − (D(x) + J(x'−x))‖²/d) over `samples` other noisings x' of the same image, and
///   `taylor_rmse_other` over as many of other images; `affine_rmse`, `affine_rmse_other`: of the affine fit to the same,
///   that is the Gaussian of the training images, or the distilled denoiser (`DistillationMeasure`, with `inputs`).
///
/// Means over `images` images. Up to 6400 pixels all of J is found, beyond them, or where `rank` is not 0, its leading part
/// by randomised subspace iteration (rank 100 beyond); then `mse` and what follows it are left out, `effective_dimension` is
/// an estimate and `symmetry_error` is of that part. Levels that the denoiser is not for are left out.
package struct JacobianMeasure: Measure {
    package static let entry = MeasureEntry.jacobian
    package static let defaults: [String: JSONValue] = [
        "images": 1, "from": "held_out", "vectors": 25, "rank": 0, "samples": 16, "affine": "gaussian",
        "inputs": 20_000, "seed": 0,
        // Those of appendix H, and σ = 0.15 for pixels in [0, 1].
        "sigmas": [22.79, 1.979, 0.3, 0.002],
    ]
    private static let mostPixels = 6400
    private static let rankBeyond = 100

    enum Origin: String, CaseIterable { case held_out, training }
    enum AffineFit: String, CaseIterable { case gaussian, distilled }

    let images: Int
    let origin: Origin
    let vectors: Int
    let rank: Int
    let affine: AffineFit
    let inputs: Int
    let sampling: NoisedSampling

    package init(parameters: [String: JSONValue]) throws {
        let reader = try ParameterReader(Self.self, parameters)
        images = try reader.integer("images", 1...10_000)
        origin = try reader.choice("from", Origin.self)
        vectors = try reader.integer("vectors", 1...10_000)
        rank = try reader.integer("rank", 0...10_000)
        affine = try reader.choice("affine", AffineFit.self)
        inputs = try reader.integer("inputs", 1...100_000_000)
        sampling = try NoisedSampling(reader)
    }

    package func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        let clean = origin == .training ? subject.training : subject.heldOut
        guard clean.shape[0] > 0 else {
            throw MeasureError("jacobian needs held-out images, but dataset.held_out is 0; or say from: training")
        }
        guard let denoiser = subject.denoiser as? any DifferentiableDenoiser else {
            throw MeasureError("jacobian needs a denoiser whose derivative is known")
        }
        let levels = sampling.levels(of: denoiser)
        let size = clean.stride
        let leading = rank > 0 ? rank : size > Self.mostPixels ? Self.rankBeyond : nil
        let passes = leading.map { 4 * ($0 + 10) + 16 } ?? size
        let total = levels.count * images * passes
        var done = 0
        func beat(_ more: Int) throws { try progress(min(done + more, total), total) }
        let training = subject.flips ? subject.training.withFlips : subject.training
        let gaussian = try gaussianDenoiser(of: subject.training, flips: subject.flips) { try beat(0) }
        let components = gaussian.principalComponents(vectors)
        var report = JacobianReport(images: images, vectors: vectors, shape: denoiser.imageShape)
        for sigma in levels {
            let fit: any Denoiser =
                affine == .gaussian
                ? gaussian
                : try Distilled.fit(
                    to: denoiser, gaussian, on: NoisedImages(images: training, seed: sampling.seed),
                    inputs: Distilled.inputs(inputs, images: training.shape[0], pixels: training.stride), sigma: sigma
                ) { _ in try beat(0) }
            report.begin(sigma)
            for number in 0..<images {
                let point = JacobianPoint(clean: clean, number: number, sigma: sigma, sampling: sampling)
                let spectrum = try explainingEigendecomposition {
                    let pullback = try self.pullback(of: denoiser, at: point)
                    let shape = Array(clean.shape.dropFirst())
                    if let leading {
                        return try JacobianSpectrum.leading(
                            leading, pullback, shape: shape, batch: denoiser.batch, seed: sampling.seed, beat: beat)
                    }
                    return try JacobianSpectrum.exact(pullback, shape: shape, batch: denoiser.batch, beat: beat)
                }
                done += passes
                let values = try point.values(of: spectrum, denoiser, fit) { try beat(0) }
                report.add(point, spectrum, components, values)
            }
        }
        return try report.result()
    }

    private func pullback(of denoiser: any DifferentiableDenoiser, at point: JacobianPoint) throws -> Pullback {
        do {
            return try denoiser.pullback(at: point.noisy, sigma: point.sigma)
        } catch {
            throw MeasureError("jacobian: there is no memory for backward passes here: \(error)", isHosts: true)
        }
    }
}
