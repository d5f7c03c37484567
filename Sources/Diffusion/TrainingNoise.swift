import Tensors

/// The distribution of a training's noise levels σ, in units of pixels in [−1, 1].
package enum TrainingNoise: Sendable, Hashable {
    /// ln σ ~ N(mean, std²) (Karras et al. 2022, table 1).
    case lognormal(mean: Double = -1.2, std: Double = 1.2)
    /// σ = 2u², u ~ U(0, 1): u² for pixels in [0, 1] (published code of Kadkhodaie et al. 2024).
    case uSquared
    /// σ = lowest·(highest/lowest)^u, u ~ U(0, 1) (variance exploding, Song et al. 2021).
    case logUniform(lowest: Double = 0.02, highest: Double = 100)
    /// σ(t) of the variance-preserving process, t ~ U(1e-5, 1) (Song et al. 2021).
    case variancePreserving
    /// One level, for a network of its own.
    case fixed(Double)

    /// The levels of `count` images from number `first` of the training on: each is a function of the stream and its
    /// image's number alone.
    package func sigmas(_ random: CounterRandom, from first: UInt64, count: Int) -> [Double] {
        switch self {
        case .lognormal(let mean, let std):
            return random.normals(from: first, count: count).map { Elementary.exp(mean + std * $0) }
        case .uSquared:
            return random.uniforms(from: first, count: count).map { 2 * $0 * $0 }
        case .logUniform(let lowest, let highest):
            let (start, length) = (Elementary.log(lowest), Elementary.log(highest) - Elementary.log(lowest))
            return random.uniforms(from: first, count: count).map { Elementary.exp(start + length * $0) }
        case .variancePreserving:
            let start = VariancePreserving.first
            return random.uniforms(from: first, count: count).map {
                VariancePreserving.sigma(start + (1 - start) * $0)
            }
        case .fixed(let sigma): return [Double](repeating: sigma, count: count)
        }
    }

    /// What is wrong with the distribution's numbers; nil where they are sound.
    package var fault: String? {
        switch self {
        case .lognormal(let mean, let std):
            mean.isFinite && std.isFinite && std >= 0
                ? nil : "ln sigma of mean \(mean) and standard deviation \(std)"
        case .logUniform(let lowest, let highest):
            lowest > 0 && lowest < highest && highest.isFinite
                ? nil : "noise from \(lowest) to \(highest); it must rise from above 0"
        case .fixed(let sigma): sigma > 0 && sigma.isFinite ? nil : "noise of \(sigma); it must be above 0"
        case .uSquared, .variancePreserving: nil
        }
    }
}
