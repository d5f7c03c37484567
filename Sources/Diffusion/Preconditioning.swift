import Tensors

/// How a network F becomes a denoiser, in float64: D(x; σ) = c_skip(σ)·x + c_out(σ)·F(c_in(σ)·x; c_noise(σ))
/// (Karras et al. 2022, eq. 7 and table 1), for pixels in [−1, 1]. In all of them λ·c_out² = 1 for the loss
/// Σ λ(σ)·‖D − y‖².
package enum Preconditioning: Sendable, Hashable {
    /// σ_data: the standard deviation of pixels that the network is scaled for.
    case edm(sigmaData: Double = 0.5)
    /// Variance preserving, of Song et al. 2021.
    case vp
    /// Variance exploding, of Song et al. 2021.
    case ve
    /// A plain denoising autoencoder: D = F.
    case none
    /// A network that estimates the noise in images in [0, 1] and sees no noise level: D = x − 2·F((x + 1)/2).
    case blind

    /// The name in `config` of checkpoints.
    package var name: String {
        switch self {
        case .edm: "edm"
        case .vp: "vp"
        case .ve: "ve"
        case .none: "none"
        case .blind: "blind"
        }
    }

    package func cSkip(_ sigma: Double) -> Double {
        switch self {
        case .edm(let data): data * data / (sigma * sigma + data * data)
        case .vp, .ve, .blind: 1
        case .none: 0
        }
    }

    package func cOut(_ sigma: Double) -> Double {
        switch self {
        case .edm(let data): sigma * data / (sigma * sigma + data * data).squareRoot()
        case .vp: -sigma
        case .ve: sigma
        case .none: 1
        case .blind: -2
        }
    }

    package func cIn(_ sigma: Double) -> Double {
        switch self {
        case .edm(let data): 1 / (sigma * sigma + data * data).squareRoot()
        case .vp: 1 / (sigma * sigma + 1).squareRoot()
        case .ve, .none: 1
        case .blind: 0.5
        }
    }

    /// The constant that is added to c_in·x.
    package var inputShift: Double { self == .blind ? 0.5 : 0 }

    package func cNoise(_ sigma: Double) -> Double {
        switch self {
        case .edm: Elementary.log(sigma) / 4
        case .vp: 999 * VariancePreserving.time(sigma)
        case .ve: Elementary.log(sigma / 2)
        case .none: sigma
        case .blind: 0
        }
    }

    /// λ(σ) of the training loss.
    package func weight(_ sigma: Double) -> Double {
        let scale = cOut(sigma)
        return 1 / (scale * scale)
    }

    /// The noise levels that a network with this preconditioning is trained for; samplers keep to them.
    package var levels: ClosedRange<Double> {
        switch self {
        case .edm, .none: 0...Double.infinity
        // 1 in units of pixels in [0, 1].
        case .blind: 0...2
        case .vp: VariancePreserving.sigma(VariancePreserving.first)...VariancePreserving.sigma(1)
        case .ve: 0.02...100
        }
    }
}

/// The noise of the variance-preserving process: σ(t)² = e^(β_d t² / 2 + β_min t) − 1 with β_d = 19.9, β_min = 0.1.
package enum VariancePreserving {
    /// The smallest t of training.
    package static var first: Double { 1e-5 }

    package static func sigma(_ time: Double) -> Double {
        (Elementary.exp(9.95 * time * time + 0.1 * time) - 1).squareRoot()
    }

    /// t with σ(t) = `sigma`.
    package static func time(_ sigma: Double) -> Double {
        ((0.01 + 39.8 * Elementary.log(1 + sigma * sigma)).squareRoot() - 0.1) / 19.9
    }
}
