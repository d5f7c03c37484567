import Diffusion
import JobContract
import Quantities
import Tensors

/// How much of the training images' variance samples have along each of their principal components (Wang & Pehlevan 2025,
/// who find a component learnt after a time that goes as 1/λ_k, and by convolutional networks nearly all at once).
///
/// The samples are those of `MemorizationMeasure` with the same parameters. λ_k and u_k are those of the training images'
/// covariance with 1/N, mirror images included where training flips, from the largest λ on:
/// - `mode_eigenvalue`: λ_k;
/// - `mode_variance`: the variance of ⟨u_k, x⟩ over samples x, with 1/(n − 1), over λ_k;
/// - `mode_variance_held_out`: the same over held-out images, undefined for fewer than two.
///
/// Components along which the images do not vary are left out.
package struct ModesMeasure: Measure {
    package static let entry = MeasureEntry.modes
    package static let parameters =
        LatentSampling.parameters(least: 2) + Draws.parameters + [
            .integer("components", 1...4096, 256, "principal components, the first ones, of as many as there are")
        ]
    package static let rules = [MeasureRule(.training, least: 2)]

    let sampling: LatentSampling
    let components: Int

    package init(parameters: [String: JSONValue]) throws {
        let reader = try ParameterReader(Self.self, parameters)
        sampling = try LatentSampling(reader)
        components = try reader.integer("components")
    }

    /// The part of the largest eigenvalue that rounding may leave of none.
    private static let rounding = 1e-10

    package func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        guard subject.training.shape[0] > 1 else { throw MeasureError("modes needs at least 2 training images") }
        try subject.requireSampler(for: Self.name)
        let drawn = try sampling.draw(from: subject.denoiser, key: sampling.draws.key(of: subject), progress: progress)
        let beat = { try progress(sampling.samples, sampling.samples) }
        let gaussian = try gaussianDenoiser(of: subject.training, flips: subject.flips, beat: beat)
        let spectrum = Array(gaussian.eigenvalues.reversed())
        let some = spectrum.prefix { $0 > Self.rounding * spectrum[0] }.count
        let vectors = gaussian.principalComponents(min(components, some))
        guard !vectors.isEmpty else { throw MeasureError("modes needs training images that are not all equal") }
        let basis = Matrix(rows: vectors.count, columns: gaussian.mean.count, values: vectors.flatMap(\.self))
        /// The variance of images along each component.
        func variances(_ images: Tensor<Float>) throws -> [Estimate] {
            let rows = images.rows(0..<images.shape[0], less: gaussian.mean)
            let parts = try Matrix.product(rows, .plain, basis, .transposed) {
                try progress(sampling.samples, sampling.samples)
            }
            return vectors.indices.map { component in
                Estimate(varianceOf: (0..<parts.rows).map { parts.values[$0 * parts.columns + component] })
            }
        }
        let (ofSamples, ofHeldOut) = (try variances(drawn), try variances(subject.heldOut))
        return MeasureResult(
            rows: vectors.indices.flatMap { component in
                let eigenvalue = spectrum[component]
                return [
                    MeasureRow(quantity: "mode_eigenvalue", position: component, value: eigenvalue),
                    (ofSamples[component] / eigenvalue).row("mode_variance", position: component),
                    (ofHeldOut[component] / eigenvalue).row("mode_variance_held_out", position: component),
                ]
            }, artifacts: [])
    }
}
