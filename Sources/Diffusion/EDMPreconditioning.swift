import Tensors

/// EDM preconditioning (Karras et al. 2022, eq. 7 and table 1), in float64:
/// D(x; σ) = c_skip(σ)·x + c_out(σ)·F(c_in(σ)·x; c_noise(σ)).
package struct EDMPreconditioning: Sendable, Equatable {
    /// σ_data: the standard deviation of pixels that the network is scaled for.
    package var sigmaData: Double

    package init(sigmaData: Double = 0.5) { self.sigmaData = sigmaData }

    /// c_skip = σ_data² / (σ² + σ_data²).
    package func cSkip(_ sigma: Double) -> Double { sigmaData * sigmaData / total(sigma) }

    /// c_out = σ·σ_data / √(σ² + σ_data²).
    package func cOut(_ sigma: Double) -> Double { sigma * sigmaData / total(sigma).squareRoot() }

    /// c_in = 1 / √(σ² + σ_data²).
    package func cIn(_ sigma: Double) -> Double { 1 / total(sigma).squareRoot() }

    /// c_noise = ln(σ) / 4.
    package func cNoise(_ sigma: Double) -> Double { Elementary.log(sigma) / 4 }

    private func total(_ sigma: Double) -> Double { sigma * sigma + sigmaData * sigmaData }
}

/// The distribution of σ in EDM's training: ln σ ~ N(mean, std²) (Karras et al. 2022, table 1).
package struct LognormalNoise: Sendable, Equatable {
    package var mean: Double
    package var std: Double

    package init(mean: Double = -1.2, std: Double = 1.2) {
        self.mean = mean
        self.std = std
    }

    /// σ for the standard normal deviate `normal`.
    package func sigma(_ normal: Double) -> Double { Elementary.exp(mean + std * normal) }
}
