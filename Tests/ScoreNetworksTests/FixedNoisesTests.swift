import Diffusion
import Tensors
import Testing

@testable import ScoreNetworks

/// Denoising with a finite number of noises an image.
struct FixedNoisesTests {
    private static let shape = ImageShape(channels: 1, height: 4, width: 4)

    private func batch(
        _ objective: TrainingObjective, images: Int = 3, count: Int, noise: TrainingNoise = .lognormal(),
        flip: Bool = false, from first: Int = 0
    ) throws -> TrainingBatch {
        let settings = TrainingSettings(batch: count, noise: noise, objective: objective, flip: flip, seed: 3)
        let pixels = (0..<images * 16).map { UInt8($0 * 5 % 256) }
        var images = try TrainingImages(pixels: pixels, shape: Self.shape, settings: settings)
        return TrainingBatch(settings, from: first, images: &images)
    }

    private func noises(_ batch: TrainingBatch) -> [[Double]] {
        batch.sigma.indices.map { Array(batch.noise[$0 * 16..<($0 + 1) * 16]) }
    }

    /// Images and levels are those of fresh noise: the axis varies the noise alone.
    @Test func onlyTheNoiseDiffers() throws {
        let (fresh, fixed) = (
            try batch(.denoising, count: 200, flip: true), try batch(.fixedNoises(perImage: 2), count: 200, flip: true)
        )
        #expect(fixed.clean == fresh.clean && fixed.sigma == fresh.sigma && fixed.gaps == nil)
        #expect(Set(noises(fixed)).isDisjoint(with: noises(fresh)))
    }

    @Test(arguments: [(1, 1, false), (3, 2, false), (2, 3, true)])
    func everyImageHasSoMany(images: Int, perImage: Int, flip: Bool) throws {
        // At one level all noises come up in 2000 draws.
        let one = try batch(
            .fixedNoises(perImage: perImage), images: images, count: 2000, noise: .fixed(0.7), flip: flip)
        #expect(Set(noises(one)).count == perImage * images * (flip ? 2 : 1))
        // Each clean image has its own: none is another's.
        var owners: [[Double]: Set<[Double]>] = [:]
        for (image, noise) in noises(one).enumerated() {
            owners[noise, default: []].insert(Array(one.clean[image * 16..<(image + 1) * 16]))
        }
        #expect(owners.values.allSatisfy { $0.count == 1 })
    }

    /// Each range between two of the bank's levels has noises of its own; what lies in one range shares them.
    @Test func rangesHaveTheirOwn() throws {
        let levels = NoisedBank.levels
        func all(_ sigma: Double) throws -> Set<[Double]> {
            Set(noises(try batch(.fixedNoises(perImage: 2), count: 500, noise: .fixed(sigma))))
        }
        let here = try all(levels[8] * 1.01)
        #expect(try all(levels[9] * 0.99) == here)
        #expect(try all(levels[9] * 1.01).isDisjoint(with: here))
        #expect(try all(levels[0] / 10) == all(levels[0]))
        #expect(try all(levels[15] * 10) == all(levels[15]))
        let mixed = try batch(.fixedNoises(perImage: 1), images: 1, count: 4000)
        #expect(Set(noises(mixed)).count == Set(mixed.sigma.map { NoisedBank.level(sigma: $0, share: 1) }).count)
    }

    /// With many noises an image they are as fresh ones: nearly all draws differ, of mean 0 and variance 1.
    @Test func manyAreAsFresh() throws {
        let many = try batch(.fixedNoises(perImage: 65536), count: 4000)
        #expect(Set(noises(many)).count > 3950)
        let mean = many.noise.reduce(0, +) / 64_000
        let square = many.noise.reduce(0) { $0 + $1 * $1 } / 64_000
        // Six standard errors of 64 000.
        #expect(abs(mean) < 0.024 && abs(square - 1) < 0.034)
    }

    @Test func batchesMayBeCut() throws {
        let objective = TrainingObjective.fixedNoises(perImage: 3)
        let whole = try batch(objective, images: 5, count: 12, flip: true)
        let parts = try [(0, 5), (5, 7)].map {
            try batch(objective, images: 5, count: $0.1, flip: true, from: $0.0)
        }
        #expect(parts.flatMap(\.clean) == whole.clean)
        #expect(parts.flatMap(\.sigma) == whole.sigma)
        #expect(parts.flatMap(\.noise) == whole.noise)
    }
}
