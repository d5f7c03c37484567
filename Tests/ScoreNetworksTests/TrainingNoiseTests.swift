import Diffusion
import Tensors
import Testing

/// Compares noise levels with the formulas of their distributions, and tests trainings' rates.
struct TrainingNoiseTests {
    private static let count = 40_000

    /// The share of drawn levels below `level`.
    private func share(of noise: TrainingNoise, below level: Double) -> Double {
        let sigmas = noise.sigmas(CounterRandom(seed: 5, purpose: .trainingSigma), from: 0, count: Self.count)
        return Double(sigmas.filter { $0 < level }.count) / Double(Self.count)
    }

    /// Distribution functions are computed by hand. Six standard errors are below 0.016.
    @Test(
        arguments: [
            (.lognormal(mean: -1.2, std: 1.2), Elementary.exp(-1.2), 0.5),
            (.lognormal(mean: -1.2, std: 1.2), 1.0, 0.84134),
            (.uSquared, 2 * 0.3 * 0.3, 0.3), (.uSquared, 2, 1),
            (.logUniform(lowest: 0.02, highest: 100), Elementary.pow(0.02, 0.75) * Elementary.pow(100, 0.25), 0.25),
            (.logUniform(lowest: 0.5, highest: 2), 1, 0.5), (.logUniform(lowest: 0.5, highest: 2), 0.5, 0),
            (.variancePreserving, VariancePreserving.sigma(0.4), 0.4),
            (.variancePreserving, VariancePreserving.sigma(1e-5), 0), (.fixed(0.5), 0.5, 0), (.fixed(0.5), 0.51, 1),
        ] as [(TrainingNoise, Double, Double)])
    func sharesBelow(noise: TrainingNoise, level: Double, expected: Double) {
        #expect(abs(share(of: noise, below: level) - expected) < 0.016)
    }

    /// An image's level does not depend on how images are cut into batches.
    @Test(arguments: [TrainingNoise.lognormal(), .uSquared, .logUniform(), .variancePreserving, .fixed(2)])
    func levelsAreTheirImages(noise: TrainingNoise) {
        let random = CounterRandom(seed: 5, purpose: .trainingSigma)
        let whole = noise.sigmas(random, from: 0, count: 20)
        #expect(noise.sigmas(random, from: 0, count: 7) + noise.sigmas(random, from: 7, count: 13) == whole)
        #expect(whole.allSatisfy { $0 > 0 && $0.isFinite })
        #expect(noise.fault == nil)
    }

    @Test func impossibleNoiseIsNamed() {
        for noise in [
            TrainingNoise.fixed(0), .fixed(.infinity), .logUniform(lowest: 2, highest: 1),
            .logUniform(lowest: 0, highest: 1), .lognormal(mean: .nan), .lognormal(std: -1),
        ] { #expect(noise.fault != nil) }
    }

    @Test func theRateIsHalvedInSteps() {
        let schedule = LearningRateSchedule(rate: 0.5, warmupImages: 10, halvingImages: 100)
        #expect(
            [0, 5, 99, 100, 199, 200, 350].map { schedule.rate(imagesSeen: $0) } == [
                0, 0.25, 0.5, 0.25, 0.25, 0.125, 0.0625,
            ])
        #expect(schedule.rate(imagesSeen: Int.max / 2) == 0.5 * 0x1p-1000)
    }
}
