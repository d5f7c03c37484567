/// The figures `analyze` draws.
package enum FigureName: String, Hashable, Sendable, CaseIterable {
    /// GL score and share of copied samples by dataset size, a line per model scale and length.
    case glScore = "gl-score"
    /// Root mean square distance to the Gaussian denoiser by noise level, a line per dataset size.
    case gaussianDistance = "gaussian-distance"
}
