import ResultQueries

/// The figures `analyze` draws.
package enum FigureName: String, Hashable, Sendable, CaseIterable {
    /// Undertrained, generalizing, memorizing over dataset size and model scale.
    case phaseMap = "phase-map"
    /// The same over dataset size and length.
    case phaseMapByLength = "phase-map-by-length"
    /// The dataset size at which copying ends, against parameters and against images trained.
    case boundaryLaw = "boundary-law"
    /// The dataset size up to which 90 % of the samples are copies, against the same.
    case capacity
    /// The lengths after which networks copy, generalize and overfit, against dataset size.
    case crossingTimes = "crossing-times"
    /// The lengths after which samples have half of the variance of a principal component, against that variance.
    case modeTimes = "mode-times"
    /// GL score and share of copied samples by dataset size, a line per model scale and length.
    case glScore = "gl-score"
    /// Root mean square distance to the Gaussian denoiser by noise level, a line per dataset size.
    case gaussianDistance = "gaussian-distance"
    /// Distances to the Gaussian and to the multi-delta denoiser by noise level.
    case distances
    /// Linearity by noise level.
    case linearity
    /// PSNR of denoised by PSNR of noisy images, trained on and held out.
    case psnr
    /// Histograms of cosines between samples of two networks, and between samples and training images.
    case cosines
    /// Eigenvalues of the denoiser's derivative.
    case jacobian
    /// Samples beside the training images nearest to them.
    case samples
    /// The loss as training went.
    case trainingLoss = "training-loss"
    /// The loss on held-out and on training images, by length.
    case loss
    /// Copies of a training image by its distance from all others.
    case copies
    /// Variance of samples along principal components.
    case modes
    /// Distance to the optimum where a network's own sampler leads it.
    case ownTrajectory = "own-trajectory"
}
