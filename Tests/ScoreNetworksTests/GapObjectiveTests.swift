import Diffusion
import Tensors
import Testing

@testable import ScoreNetworks

/// The loss of Yi, Sun & Li in both readings: what the batches are made of, and where their minima lie.
struct GapObjectiveTests {
    private static let shape = ImageShape(channels: 1, height: 4, width: 4)
    private static let image: [UInt8] = (0..<16).map { UInt8($0 * 16) }

    private func batch(
        _ objective: TrainingObjective, images: Int = 1, count: Int, noise: TrainingNoise = .fixed(0.7),
        flip: Bool = false,
        from first: Int = 0
    ) throws -> TrainingBatch {
        let settings = TrainingSettings(batch: count, noise: noise, objective: objective, flip: flip, seed: 3)
        let pixels = (0..<images).flatMap { image in Self.image.map { $0 &+ UInt8(image) } }
        var images = try TrainingImages(pixels: pixels, shape: Self.shape, settings: settings)
        return TrainingBatch(settings, from: first, images: &images)
    }

    private func distinct(_ batch: TrainingBatch) -> Int {
        Set((0..<batch.sigma.count).map { Array(batch.clean[$0 * 16..<($0 + 1) * 16]) }).count
    }

    /// The residual of the loss for D = y, the image itself, averaged over the batch, pixel by pixel.
    private func meanResidual(_ batch: TrainingBatch) throws -> [Double] {
        let gaps = try #require(batch.gaps)
        var mean = [Double](repeating: 0, count: 16)
        for image in batch.sigma.indices {
            let share = gaps[image] / (batch.sigma[image] * batch.sigma[image])
            for i in 0..<16 {
                let y = Double(Self.image[i]) / 127.5 - 1
                let x = batch.clean[image * 16 + i] + gaps[image] * batch.noise[image * 16 + i]
                mean[i] += (share * (x - y) - batch.noise[image * 16 + i]) / Double(batch.sigma.count)
            }
        }
        return mean
    }

    /// x_t has the noise that it says, and the gap is a uniform share of its square.
    @Test func freshNoiseAddsUp() throws {
        let batch = try batch(.freshGap, count: 8000)
        let gaps = try #require(batch.gaps)
        var (square, share) = (0.0, 0.0)
        for image in 0..<8000 {
            share += gaps[image] * gaps[image] / 0.49 / 8000
            for i in 0..<16 {
                let noise =
                    batch.clean[image * 16 + i] + gaps[image] * batch.noise[image * 16 + i]
                    - (Double(Self.image[i]) / 127.5 - 1)
                square += noise * noise / 128_000
            }
        }
        // Six standard errors: 0.49·√(2/128000)·6 and √(1/12/8000)·6.
        #expect(abs(square - 0.49) < 0.012)
        #expect(abs(share - 0.5) < 0.02)
        #expect(distinct(batch) == 8000)
    }

    /// With one image and fresh copies, the loss has its minimum at D = y: the residual is 0 on average. With a bank the
    /// minimum lies between the copies, which is what the bank is for.
    @Test func onlyTheBankMovesTheMinimumAwayFromImages() throws {
        // Residuals have a variance of at most 1 each; the bound is six standard errors of 20000.
        #expect(try meanResidual(try batch(.freshGap, count: 20_000)).allSatisfy { abs($0) < 0.043 })
        let banked = try meanResidual(try batch(.bank(copies: 1), count: 20_000))
        #expect(banked.contains { abs($0) > 0.1 })
        // The more copies a bank has, the more they are like fresh ones.
        let many = try meanResidual(try batch(.bank(copies: 4096), count: 20_000))
        #expect(many.allSatisfy { abs($0) < 0.06 })
    }

    @Test(arguments: [(1, 1, false), (3, 2, false), (1, 2, true)])
    func aBankHasSoManyCopiesOfEveryImageAndLevel(images: Int, copies: Int, flip: Bool) throws {
        // Levels go up to 0.7; a mirrored image counts by itself.
        let levels = NoisedBank.levels.filter { $0 < 0.7 }.count
        let all = levels * copies * images * (flip ? 2 : 1)
        let found = distinct(try batch(.bank(copies: copies), images: images, count: 20_000, flip: flip))
        // The lowest levels are rarely drawn.
        #expect(found <= all && found > all / 2)
        #expect(distinct(try batch(.bank(copies: copies), images: images, count: 30_000, flip: flip)) <= all)
    }

    @Test func gapsAreBetweenLevelsOfTheGrid() throws {
        let grid = NoisedBank.levels
        #expect(grid.count == 16 && grid[0] == 0.002 && grid[15] == 80)
        #expect(zip(grid, grid.dropFirst()).allSatisfy { abs($1 / $0 - grid[1] / grid[0]) < 1e-9 })
        let batch = try batch(.bank(copies: 2), count: 4000, noise: .lognormal())
        let gaps = try #require(batch.gaps)
        for (sigma, gap) in zip(batch.sigma, gaps) {
            #expect(gap > 0 && sigma >= grid[1])
            let start = max(sigma * sigma - gap * gap, 0).squareRoot()
            #expect(grid.contains { abs($0 - start) <= 1e-6 * sigma })
        }
        #expect(NoisedBank.level(sigma: 1, share: 1e-12) == 0)
        #expect(NoisedBank.level(sigma: 1000, share: 0.9) == 15)
    }

    /// An image's number in the training decides its gap and copy, whatever batch it is in.
    @Test(arguments: [TrainingObjective.freshGap, .bank(copies: 3)])
    func batchesMayBeCut(objective: TrainingObjective) throws {
        let whole = try batch(objective, images: 5, count: 12, noise: .lognormal(), flip: true)
        let parts = try [(0, 5), (5, 7)].map {
            try batch(objective, images: 5, count: $0.1, noise: .lognormal(), flip: true, from: $0.0)
        }
        #expect(parts.flatMap(\.clean) == whole.clean)
        #expect(parts.flatMap(\.sigma) == whole.sigma)
        #expect(parts.flatMap { $0.gaps ?? [] } == whole.gaps)
    }
}
