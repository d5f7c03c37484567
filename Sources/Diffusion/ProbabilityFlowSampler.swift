import Tensors

/// Deterministic samplers of the probability flow dx/dσ = (x − D(x; σ))/σ (Karras et al. 2022, algorithm 1).
///
/// The state is float64. An image depends on its own latent alone, not on the others in the batch.
package struct ProbabilityFlowSampler: Sendable, Equatable {
    package enum Method: String, Sendable, CaseIterable {
        /// One evaluation per step; equal to DDIM in these coordinates.
        case euler
        /// Second order: the slope is averaged with the one at the step's end, except in the last step, to σ = 0.
        case heun
    }

    package var method: Method
    package var schedule: EDMSchedule

    package init(method: Method, schedule: EDMSchedule) {
        self.method = method
        self.schedule = schedule
    }

    /// Images for `latents`, z ~ N(0, I) of shape [B, C, H, W]: the flow from σ_max·z to σ = 0.
    package func sample(_ denoiser: any Denoiser, latents: Tensor<Float>) -> Tensor<Float> {
        sample(denoiser, latents: latents, beat: {})
    }

    /// As above; `beat` is called before every step.
    package func sample(
        _ denoiser: any Denoiser, latents: Tensor<Float>, beat: () throws -> Void
    ) rethrows -> Tensor<Float> {
        let sigmas = schedule.sigmas
        var state = latents.values.map { Double($0) * sigmas[0] }
        for (sigma, next) in zip(sigmas, sigmas.dropFirst()) {
            try beat()
            let slope = slope(of: denoiser, at: state, shape: latents.shape, sigma: sigma)
            var moved = state
            for i in moved.indices { moved[i] += (next - sigma) * slope[i] }
            if method == .heun && next > 0 {
                let slopeThere = self.slope(of: denoiser, at: moved, shape: latents.shape, sigma: next)
                for i in moved.indices { moved[i] = state[i] + (next - sigma) * (0.5 * slope[i] + 0.5 * slopeThere[i]) }
            }
            state = moved
        }
        return Tensor(shape: latents.shape, values: state.map { Float($0) })
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
