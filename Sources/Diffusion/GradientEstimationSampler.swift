import Tensors

/// The samplers of Permenter & Yuan 2024: with ε_t = (x_t − D(x_t; σ_t))/σ_t and ε̄_t = γ·ε_t + (1 − γ)·ε_{t+1},
/// x_{t−1} = x_t − (σ_t − σ')·ε̄_t + η·w, where σ' = (σ_{t−1} / σ_t^μ)^(1/(1−μ)) and η = √(σ_{t−1}² − σ'²).
///
/// The state is float64. An image depends on its own latent and noise alone.
package struct GradientEstimationSampler: Sendable, Equatable {
    /// γ: 1 is DDIM, 2 the published gradient estimation.
    package var gamma: Double
    /// μ: 0 is deterministic, ½ is DDPM.
    package var mu: Double
    /// Falling noise levels; the last step goes from the last of them to 0.
    package var sigmas: [Double]

    /// `sigmas` must be positive and falling, `mu` at least 0 and below 1.
    package init(gamma: Double = 2, mu: Double = 0, sigmas: [Double]) {
        precondition(zip(sigmas, sigmas.dropFirst()).allSatisfy { $0 > $1 }, "noise levels must fall")
        precondition((sigmas.last ?? 0) > 0 && mu >= 0 && mu < 1, "not a schedule")
        self.gamma = gamma
        self.mu = mu
        self.sigmas = sigmas
    }

    /// Noise levels with equal ratios, from `start` to `end`.
    package static func logLinear(steps: Int, start: Double, end: Double) -> [Double] {
        precondition(steps >= 1 && start > end && end > 0, "not a schedule")
        guard steps > 1 else { return [start] }
        let (first, last) = (Elementary.log(start), Elementary.log(end))
        return (0..<steps).map { i in
            guard i > 0 else { return start }
            guard i < steps - 1 else { return end }
            return Elementary.exp(first + Double(i) / Double(steps - 1) * (last - first))
        }
    }

    /// Images for `latents`, z ~ N(0, I) of shape [B, C, H, W].
    package func sample(
        _ denoiser: any Denoiser, latents: Tensor<Float>, noise: SamplerNoise = .drawn(seed: 0)
    ) -> Tensor<Float> {
        let shape = latents.shape
        var state = latents.values.map { Double($0) * (sigmas.first ?? 1) }
        var before: [Double]?
        for (step, sigma) in sigmas.enumerated() {
            let next = step + 1 < sigmas.count ? sigmas[step + 1] : 0
            let x = Tensor<Float>(shape: shape, values: state.map { Float($0) })
            let denoised = denoiser.denoise(x, sigma: [Double](repeating: sigma, count: shape[0])).values
            let direction = state.indices.map { (state[$0] - Double(denoised[$0])) / sigma }
            let target = level(from: sigma, to: next)
            for i in state.indices {
                let averaged = before.map { gamma * direction[i] + (1 - gamma) * $0[i] } ?? direction[i]
                state[i] -= (sigma - target) * averaged
            }
            let added = (next * next - target * target).squareRoot()
            if added > 0 {
                let values = noise.values(step: step, images: 0..<shape[0], size: latents.stride)
                for i in state.indices { state[i] += added * values[i] }
            }
            before = direction
        }
        return Tensor(shape: shape, values: state.map { Float($0) })
    }

    /// σ' for σ_t `sigma` and σ_{t−1} `next`.
    private func level(from sigma: Double, to next: Double) -> Double {
        guard mu > 0, next > 0 else { return next }
        return Elementary.pow(next / Elementary.pow(sigma, mu), 1 / (1 - mu))
    }
}
