import Tensors

/// Samplers of the probability flow dx/dσ = (x − D(x; σ))/σ (Karras et al. 2022, algorithm 1). With churn they add noise
/// before every step within `Churn.levels` (algorithm 2).
///
/// The state is float64. An image depends on its own latent alone, not on the others in the batch.
package struct ProbabilityFlowSampler: Sendable, Equatable {
    package enum Method: String, Sendable, CaseIterable {
        /// One evaluation per step; equal to DDIM in these coordinates.
        case euler
        /// Second order: the slope is averaged with the one at the step's end, except in the last step, to σ = 0.
        case heun
    }

    /// How much noise is added: σ grows by min(`amount` / steps, √2 − 1) where it is within `levels`.
    package struct Churn: Sendable, Equatable {
        /// S_churn.
        package var amount: Double
        /// S_min ... S_max.
        package var levels: ClosedRange<Double>
        /// S_noise: standard deviation of the noise.
        package var noise: Double

        package init(amount: Double, levels: ClosedRange<Double> = 0...Double.infinity, noise: Double = 1) {
            self.amount = amount
            self.levels = levels
            self.noise = noise
        }
    }

    package var method: Method
    package var schedule: EDMSchedule
    package var churn: Churn?

    package init(method: Method, schedule: EDMSchedule, churn: Churn? = nil) {
        self.method = method
        self.schedule = schedule
        self.churn = churn
    }

    /// Images for `latents`, z ~ N(0, I) of shape [B, C, H, W]: the flow from σ_max·z to σ = 0, within the noise levels
    /// that the denoiser is for. `noise` is what churn adds.
    package func sample(
        _ denoiser: any Denoiser, latents: Tensor<Float>, noise: SamplerNoise = .drawn(seed: 0)
    ) -> Tensor<Float> {
        sample(denoiser, latents: latents, noise: noise, beat: {})
    }

    /// Samples as above, calling `beat` before every step.
    package func sample(
        _ denoiser: any Denoiser, latents: Tensor<Float>, noise: SamplerNoise = .drawn(seed: 0),
        beat: () throws -> Void
    ) rethrows -> Tensor<Float> {
        var last: [Double] = []
        try walk(denoiser, latents: latents, noise: noise) { sigma, state in
            last = state
            if sigma > 0 { try beat() }
        }
        return Tensor(shape: latents.shape, values: last.map { Float($0) })
    }

    /// The states of the flow, [step + 1][B·C·H·W], at the noise levels of the schedule clipped to those that the denoiser
    /// is for, from σ_max·z to σ = 0. `beat` is called before every step.
    package func trajectory(
        _ denoiser: any Denoiser, latents: Tensor<Float>, beat: () throws -> Void
    ) rethrows -> [[Double]] {
        var states: [[Double]] = []
        try walk(denoiser, latents: latents, noise: .drawn(seed: 0)) { sigma, state in
            states.append(state)
            if sigma > 0 { try beat() }
        }
        return states
    }

    /// Calls `visit` with every level and the state there, before the step from it.
    private func walk(
        _ denoiser: any Denoiser, latents: Tensor<Float>, noise: SamplerNoise,
        visit: (_ sigma: Double, _ state: [Double]) throws -> Void
    ) rethrows {
        let sigmas = schedule.clipped(to: denoiser.levels).sigmas
        var state = latents.values.map { Double($0) * sigmas[0] }
        for (step, (level, next)) in zip(sigmas, sigmas.dropFirst()).enumerated() {
            try visit(level, state)
            let sigma = churned(level)
            if sigma > level, let churn {
                let added = (sigma * sigma - level * level).squareRoot() * churn.noise
                let values = noise.values(step: step, images: 0..<latents.shape[0], size: latents.stride)
                for i in state.indices { state[i] += added * values[i] }
            }
            let slope = slope(of: denoiser, at: state, shape: latents.shape, sigma: sigma)
            var moved = state
            for i in moved.indices { moved[i] += (next - sigma) * slope[i] }
            if method == .heun && next > 0 {
                let slopeThere = self.slope(of: denoiser, at: moved, shape: latents.shape, sigma: next)
                for i in moved.indices { moved[i] = state[i] + (next - sigma) * (0.5 * slope[i] + 0.5 * slopeThere[i]) }
            }
            state = moved
        }
        try visit(0, state)
    }

    /// The noise level after churn added noise at the level `sigma`.
    private func churned(_ sigma: Double) -> Double {
        guard let churn, churn.amount > 0, churn.levels.contains(sigma) else { return sigma }
        return sigma + min(churn.amount / Double(schedule.steps), 2.squareRoot() - 1) * sigma
    }

    /// (x − D(x; σ))/σ.
    private func slope(of denoiser: any Denoiser, at state: [Double], shape: [Int], sigma: Double) -> [Double] {
        let x = Tensor<Float>(shape: shape, values: state.map { Float($0) })
        let denoised = denoiser.denoise(x, sigma: [Double](repeating: sigma, count: shape.first ?? 0)).values
        return state.indices.map { (state[$0] - Double(denoised[$0])) / sigma }
    }
}

/// Starting points of samplers.
package enum Latents {
    /// z ~ N(0, I) for the samples number `first` ..< `first` + `count` of `seed`, [count, C, H, W]. A sample's latent
    /// depends on the seed, its number and the image's size only.
    package static func draw(seed: UInt64, first: Int = 0, count: Int, shape: ImageShape) -> Tensor<Float> {
        let random = CounterRandom(seed: seed, purpose: .latents)
        let values = random.normals(from: UInt64(first) * UInt64(shape.count), count: count * shape.count)
        return Tensor(shape: [count, shape.channels, shape.height, shape.width], values: values.map { Float($0) })
    }
}
