import Diffusion
import Tensors
import Testing

/// Tests samplers on denoisers whose answers are known.
struct SamplerTests {
    private static let shape = ImageShape(channels: 1, height: 6, width: 6)

    /// The denoiser of independent pixels of N(mean, s²): D(x; σ) = mean + s²/(s² + σ²)·(x − mean).
    private struct Independent: Denoiser {
        var imageShape = SamplerTests.shape
        var deviation = 0.5
        var mean = 0.2
        var levels = 0...Double.infinity
        /// The noise levels and numbers of images that it was asked for.
        let asked = Asked()

        func denoise(_ x: Tensor<Float>, sigma: [Double]) -> Tensor<Float> {
            asked.levels += sigma
            var result = x
            for (i, value) in x.values.enumerated() {
                let level = sigma[i / x.stride]
                let share = deviation * deviation / (deviation * deviation + level * level)
                result.values[i] = Float(mean + share * (Double(value) - mean))
            }
            return result
        }
    }

    /// A denoiser that sees the noise of one image, `target`: D(x) = x + share·(target − x).
    private struct Attracted: Denoiser {
        var imageShape = SamplerTests.shape
        var share = 1.0
        var target: [Float] = (0..<36).map { Float($0) / 50 - 0.3 }
        let isBlind = true
        let asked = Asked()

        func denoise(_ x: Tensor<Float>, sigma: [Double]) -> Tensor<Float> {
            asked.levels += sigma
            var result = x
            for i in x.values.indices { result.values[i] += Float(share) * (target[i % x.stride] - x.values[i]) }
            return result
        }
    }

    private final class Asked { var levels: [Double] = [] }

    private typealias Sampler = @Sendable (any Denoiser, Tensor<Float>, SamplerNoise) -> Tensor<Float>

    private static let schedule = EDMSchedule(steps: 40)

    private static func estimation(gamma: Double, mu: Double) -> Sampler {
        let sigmas = GradientEstimationSampler.logLinear(steps: 60, start: 40, end: 0.002)
        return { GradientEstimationSampler(gamma: gamma, mu: mu, sigmas: sigmas).sample($0, latents: $1, noise: $2) }
    }

    private static func flow(_ method: ProbabilityFlowSampler.Method, churn: Double = 0) -> Sampler {
        let sampler = ProbabilityFlowSampler(method: method, schedule: schedule, churn: .init(amount: churn))
        return { sampler.sample($0, latents: $1, noise: $2) }
    }

    private static let samplers: [String: Sampler] = [
        "heun": flow(.heun), "euler": flow(.euler), "heun with churn": flow(.heun, churn: 20),
        "euler with churn": flow(.euler, churn: 20), "ddim": estimation(gamma: 1, mu: 0),
        "ddpm": estimation(gamma: 1, mu: 0.5), "gradient estimation": estimation(gamma: 2, mu: 0),
        "blind": { BlindSampler(steps: 40).sample($0, latents: $1, noise: $2).denoised },
    ]

    /// An image is sampled the same whatever others are sampled with it, and wherever it stands among them.
    @Test(arguments: samplers.keys.sorted()) func anImageIsSampledAloneAsAmongOthers(name: String) throws {
        let sampler = try #require(Self.samplers[name])
        let denoiser: any Denoiser = name == "blind" ? Attracted(share: 0.7) : Independent()
        let latents = Latents.draw(seed: 5, first: 3, count: 21, shape: Self.shape)
        let together = sampler(denoiser, latents, .drawn(seed: 9, first: 3))
        for image in [0, 7, 20] {
            let own = Latents.draw(seed: 5, first: 3 + image, count: 1, shape: Self.shape)
            #expect(own.values == Array(latents[row: image]))
            #expect(sampler(denoiser, own, .drawn(seed: 9, first: 3 + image)).values == Array(together[row: image]))
        }
        let isStochastic = ["ddpm", "blind"].contains(name) || name.contains("churn")
        #expect((sampler(denoiser, latents, .drawn(seed: 8, first: 3)) != together) == isStochastic)
    }

    /// Of 2304 pixels the mean is known to 0.01, the deviation to 1.5 %.
    @Test(arguments: samplers.keys.sorted().filter { $0 != "blind" })
    func samplesHaveTheDistributionOfTheImages(name: String) throws {
        let sampler = try #require(Self.samplers[name])
        let latents = Latents.draw(seed: 2, count: 64, shape: Self.shape)
        let values = sampler(Independent(), latents, .drawn(seed: 3)).values.map { Double($0) }
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
        #expect(abs(mean - 0.2) < 0.05)
        // Steps of first order lose some of the width.
        #expect(abs(variance.squareRoot() / 0.5 - 1) < (name.hasPrefix("heun") ? 0.06 : 0.2))
    }

    @Test func ddimIsEulersMethod() {
        let latents = Latents.draw(seed: 1, count: 2, shape: Self.shape)
        let sigmas = Array(Self.schedule.sigmas.dropLast())
        let euler = Self.flow(.euler)(Independent(), latents, .drawn(seed: 0))
        let ddim = GradientEstimationSampler(gamma: 1, sigmas: sigmas).sample(Independent(), latents: latents)
        #expect(zip(euler.values, ddim.values).allSatisfy { abs($0 - $1) < 1e-5 })
    }

    @Test func levelsKeepWithinThoseOfTheDenoiser() {
        let latents = Latents.draw(seed: 1, count: 1, shape: Self.shape)
        let denoiser = Independent(levels: 0.02...50)
        _ = Self.flow(.heun)(denoiser, latents, .drawn(seed: 0))
        #expect(denoiser.asked.levels.max() == 50 && denoiser.asked.levels.min() == 0.02)
    }

    /// Every step takes the share h of the noise away, and with β = 1 adds none, so the number of steps is known.
    @Test func theBlindSamplerEndsWhereTheNoiseDoes() {
        let denoiser = Attracted()
        let latents = Latents.draw(seed: 1, count: 3, shape: Self.shape)
        let sampler = BlindSampler(firstStep: 0.1, beta: 1, step: .fixed, finalSigma: 0.02)
        let result = sampler.sample(denoiser, latents: latents)
        for (image, end) in result.ends.enumerated() {
            guard case .reached(let steps) = end else {
                Issue.record("image \(image): \(end)")
                continue
            }
            var expected = 0
            var sigma = result.sigmas[0][image]
            while sigma >= 0.02 { (sigma, expected) = (0.9 * sigma, expected + 1) }
            #expect(steps == expected)
        }
        #expect(
            (0..<3).allSatisfy { image in
                zip(result.denoised[row: image], denoiser.target).allSatisfy { abs($0 - $1) < 1e-5 }
            })
    }

    @Test func imagesThatHaveEndedAreLeftAlone() {
        let denoiser = Attracted()
        var start = Tensor<Float>(zeros: [2, 1, 6, 6])
        start.values = denoiser.target + denoiser.target.map { $0 + 1 }
        let result = BlindSampler(firstStep: 0.2, step: .fixed, finalSigma: 0.05).sample(denoiser, start: start)
        guard case .reached(let steps) = result.ends[1] else {
            Issue.record("\(result.ends)")
            return
        }
        #expect(result.ends[0] == .reached(steps: 0) && steps > 10)
        // Two levels are asked for in the first step and two at the end, one in each step between.
        #expect(denoiser.asked.levels.count == 2 + steps + 2)
    }

    @Test func theBlindSamplerSaysWhatDiverged() {
        let result = BlindSampler(firstStep: 0.5, step: .fixed, steps: 100).sample(
            Attracted(share: -2), latents: Latents.draw(seed: 1, count: 1, shape: Self.shape))
        guard case .diverged = result.ends[0] else {
            Issue.record("\(result.ends)")
            return
        }
    }
}
