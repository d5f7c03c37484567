import Tensors

/// The stochastic sampler of Kadkhodaie & Simoncelli 2021 (as in Kadkhodaie et al. 2024, algorithm 1), which reads the
/// noise level of an image off the denoiser: with f = D(x) − x and σ_t² = ‖f‖²/d, x ← x + h·f + γ·z, where
/// γ² = ((1 − βh)² − (1 − h)²)·σ_t². Pixels are in [−1, 1], so σ is twice the published one.
package struct BlindSampler: Sendable, Equatable {
    package enum Step: Sendable, Equatable {
        /// h = h₀.
        case fixed
        /// h = h₀·t / (1 + h₀·(t − 1)) in step t, from 1.
        case growing
    }

    /// How the sampling of an image ended.
    package enum End: Sendable, Equatable {
        /// σ_t fell below `finalSigma`.
        case reached(steps: Int)
        /// All `steps` were taken and σ_t was still at or above `finalSigma`.
        case outOfSteps
        /// σ_t rose above `largestSigma`: the image has diverged.
        case diverged(steps: Int)
    }

    package struct Result: Sendable {
        /// D(x) for the last state x.
        package var denoised: Tensor<Float>
        package var state: [Double]
        /// σ_t before each step, [step][image]; an image that has ended keeps its last value.
        package var sigmas: [[Double]]
        package var ends: [End]
    }

    /// Standard deviation of the noise that samples start from.
    package var startSigma: Double
    package var firstStep: Double
    package var beta: Double
    package var step: Step
    package var finalSigma: Double
    package var largestSigma: Double
    package var steps: Int

    package init(
        startSigma: Double = 2, firstStep: Double = 0.01, beta: Double = 0.1, step: Step = .growing,
        finalSigma: Double = 0.02, largestSigma: Double = 4, steps: Int = 2000
    ) {
        self.startSigma = startSigma
        self.firstStep = firstStep
        self.beta = beta
        self.step = step
        self.finalSigma = finalSigma
        self.largestSigma = largestSigma
        self.steps = steps
    }

    /// Samples from noise around mid-grey, `startSigma`·z for `latents` z ~ N(0, I) of shape [B, C, H, W].
    package func sample(
        _ denoiser: any Denoiser, latents: Tensor<Float>, noise: SamplerNoise = .drawn(seed: 0)
    ) -> Result {
        sample(denoiser, latents: latents, noise: noise, beat: {})
    }

    /// Samples from latents, calling `beat` before every step.
    package func sample(
        _ denoiser: any Denoiser, latents: Tensor<Float>, noise: SamplerNoise, beat: () throws -> Void
    ) rethrows -> Result {
        let values = latents.values.map { Float(startSigma * Double($0)) }
        return try walk(denoiser, from: Tensor(shape: latents.shape, values: values), noise: noise, beat: beat)
    }

    /// Samples from the images `start`, [B, C, H, W].
    package func sample(
        _ denoiser: any Denoiser, start: Tensor<Float>, noise: SamplerNoise = .drawn(seed: 0)
    ) -> Result {
        walk(denoiser, from: start, noise: noise, beat: {})
    }

    /// An image depends on its own start and noise alone. Images that have ended are not denoised again until the end.
    private func walk(
        _ denoiser: any Denoiser, from start: Tensor<Float>, noise: SamplerNoise, beat: () throws -> Void
    ) rethrows -> Result {
        let (images, size) = (start.shape[0], start.stride)
        var state = start.values.map { Double($0) }
        var ends = [End?](repeating: nil, count: images)
        var levels = [Double](repeating: 0, count: images)
        var sigmas: [[Double]] = []
        func denoise(_ images: [Int]) -> Tensor<Float> {
            var values: [Float] = []
            values.reserveCapacity(images.count * size)
            for image in images { values += state[image * size..<(image + 1) * size].lazy.map { Float($0) } }
            let x = Tensor<Float>(shape: [images.count] + start.shape.dropFirst(), values: values)
            // A blind denoiser does not look at σ.
            return denoiser.denoise(x, sigma: [Double](repeating: 1, count: images.count))
        }
        var active = Array(0..<images)
        for number in 1...max(steps, 1) {
            guard let firstActive = active.first, let lastActive = active.last else { break }
            try beat()
            let denoised = denoise(active)
            let h = stepSize(number)
            let kept = (1 - beta * h) * (1 - beta * h) - (1 - h) * (1 - h)
            let drawn = noise.values(step: number - 1, images: firstActive..<lastActive + 1, size: size)
            for (place, image) in active.enumerated() {
                let own = denoised[row: place]
                let first = image * size
                var sum = 0.0
                for (i, value) in own.enumerated() {
                    let f = Double(value) - state[first + i]
                    sum += f * f
                }
                let sigma = (sum / Double(size)).squareRoot()
                levels[image] = sigma
                if !(sigma <= largestSigma) {
                    ends[image] = .diverged(steps: number - 1)
                } else if sigma < finalSigma {
                    ends[image] = .reached(steps: number - 1)
                } else {
                    let gamma = kept.squareRoot() * sigma
                    let fresh = (image - firstActive) * size
                    for (i, value) in own.enumerated() {
                        state[first + i] += h * (Double(value) - state[first + i]) + gamma * drawn[fresh + i]
                    }
                }
            }
            sigmas.append(levels)
            active.removeAll { ends[$0] != nil }
        }
        return Result(
            denoised: denoise(Array(0..<images)), state: state, sigmas: sigmas, ends: ends.map { $0 ?? .outOfSteps })
    }

    private func stepSize(_ number: Int) -> Double {
        switch step {
        case .fixed: firstStep
        case .growing: firstStep * Double(number) / (1 + firstStep * Double(number - 1))
        }
    }
}
