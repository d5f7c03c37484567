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

    /// What became of an image.
    package enum End: Sendable, Equatable {
        /// σ_t fell below `finalSigma`.
        case reached(steps: Int)
        /// There were no more steps.
        case outOfSteps
        /// σ_t rose above `largestSigma`: the image has diverged.
        case diverged(steps: Int)
    }

    package struct Result: Sendable {
        /// D of the last state.
        package var denoised: Tensor<Float>
        package var state: [Double]
        /// σ_t before each step, [step][image]; an image that has ended keeps its last.
        package var sigmas: [[Double]]
        package var ends: [End]
    }

    package var firstStep: Double
    package var beta: Double
    package var step: Step
    package var finalSigma: Double
    package var largestSigma: Double
    package var steps: Int

    package init(
        firstStep: Double = 0.01, beta: Double = 0.1, step: Step = .growing, finalSigma: Double = 0.02,
        largestSigma: Double = 4, steps: Int = 2000
    ) {
        self.firstStep = firstStep
        self.beta = beta
        self.step = step
        self.finalSigma = finalSigma
        self.largestSigma = largestSigma
        self.steps = steps
    }

    /// From the images `start`, [B, C, H, W].
    package func sample(
        _ denoiser: any Denoiser, start: Tensor<Float>, noise: SamplerNoise = .drawn(seed: 0)
    ) -> Result {
        let (images, size) = (start.shape[0], start.stride)
        var state = start.values.map { Double($0) }
        var ends = [End?](repeating: nil, count: images)
        var sigmas: [[Double]] = []
        func denoise(_ values: [Double]) -> Tensor<Float> {
            let x = Tensor<Float>(shape: start.shape, values: values.map { Float($0) })
            // A blind denoiser does not look at σ.
            return denoiser.denoise(x, sigma: [Double](repeating: 1, count: images))
        }
        for number in 1...max(steps, 1) where ends.contains(where: { $0 == nil }) {
            let denoised = denoise(state).values
            let drawn = noise.values(step: number - 1, images: images, size: size)
            let h = stepSize(number)
            let kept = (1 - beta * h) * (1 - beta * h) - (1 - h) * (1 - h)
            var levels = sigmas.last ?? [Double](repeating: 0, count: images)
            for image in 0..<images where ends[image] == nil {
                let own = image * size..<(image + 1) * size
                var sum = 0.0
                for i in own {
                    let f = Double(denoised[i]) - state[i]
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
                    for i in own { state[i] += h * (Double(denoised[i]) - state[i]) + gamma * drawn[i] }
                }
            }
            sigmas.append(levels)
        }
        return Result(
            denoised: denoise(state), state: state, sigmas: sigmas, ends: ends.map { $0 ?? .outOfSteps })
    }

    private func stepSize(_ number: Int) -> Double {
        switch step {
        case .fixed: firstStep
        case .growing: firstStep * Double(number) / (1 + firstStep * Double(number - 1))
        }
    }
}
