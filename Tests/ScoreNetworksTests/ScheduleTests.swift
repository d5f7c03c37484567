import Diffusion
import Tensors
import Testing

@testable import ScoreNetworks

/// Compares schedules with their formulas, and the random choices of a training with their frequencies.
struct ScheduleTests {
    @Test func warmUpIsLinearInImagesAndStartsAtZero() {
        let schedule = LearningRateSchedule(rate: 0.5, warmupImages: 100)
        #expect([0, 25, 50, 100, 1000].map { schedule.rate(imagesSeen: $0) } == [0, 0.125, 0.25, 0.5, 0.5])
        #expect(LearningRateSchedule(rate: 0.5).rate(imagesSeen: 0) == 0.5)
    }

    @Test func halvingsComeAfterWholePeriods() {
        let schedule = LearningRateSchedule(rate: 2, halvingImages: 100)
        #expect([0, 99, 100, 199, 200, 1000].map { schedule.rate(imagesSeen: $0) } == [2, 2, 1, 1, 0.5, 0x1p-9])
        let warm = LearningRateSchedule(rate: 2, warmupImages: 200, halvingImages: 100)
        #expect([0, 50, 100, 300].map { warm.rate(imagesSeen: $0) } == [0, 0.5, 0.5, 0.25])
    }

    /// The first step of a warm-up moves nothing, the second moves each parameter that has a gradient by the rate: Adam's
    /// first steps have the size of the rate, whatever the gradient.
    @Test func stepsHaveTheRateOfTheirImages() throws {
        let configuration = TrainingRunTests.configuration
        let network = try Network<Double>(configuration, for: .training)
        network.initialise(seed: 1, sub: 0)
        let trainer = Trainer(
            network: network, preconditioning: Preconditioning.edm(),
            learningRate: LearningRateSchedule(rate: 1e-3, warmupImages: 16),
            ema: EMASchedule())
        let random = CounterRandom(seed: 2, purpose: .generator)
        let size = 4 * configuration.imageShape.count
        let (clean, noise) = (random.normals(from: 0, count: size), random.normals(from: 1 << 40, count: size))
        let parameters = network.workspace.parameters
        let count = network.workspace.paddedParameters
        func largestMove() throws -> Double {
            let before = (0..<count).map { parameters[$0] }
            _ = try trainer.step(clean: clean, noise: noise, sigma: [0.3, 0.5, 0.7, 1])
            return (0..<count).map { abs(parameters[$0] - before[$0]) }.max() ?? .nan
        }
        // The batch is the same, and so are the first two gradients: Adam's quotient is 1.
        #expect(try largestMove() == 0)
        #expect(abs(try largestMove() / 0.25e-3 - 1) < 1e-4)
    }

    @Test func theAverageFollowsItsHalfLife() {
        // Half of the old average is left after a half-life of images.
        #expect(abs(EMASchedule(halfLife: 640, ramp: 0).beta(batch: 640, imagesSeen: 0) - 0.5) < 1e-15)
        #expect(abs(EMASchedule(halfLife: 640, ramp: 0).beta(batch: 320, imagesSeen: 9) - 0.5.squareRoot()) < 1e-15)
        // A ramp bounds the average's memory by a share of the images seen, and leaves nothing at the start.
        #expect(abs(EMASchedule(halfLife: 640, ramp: 0.05).beta(batch: 32, imagesSeen: 640) - 0.5) < 1e-15)
        #expect(abs(EMASchedule(halfLife: 640, ramp: 0.05).beta(batch: 640, imagesSeen: 1 << 30) - 0.5) < 1e-15)
        #expect(EMASchedule(halfLife: 640, ramp: 0.05).beta(batch: 32, imagesSeen: 0) == 0)
        // Without a half-life nothing is averaged.
        #expect(EMASchedule(halfLife: 0, ramp: 0).beta(batch: 1, imagesSeen: 1 << 40) == 0)
    }

    @Test func withoutARampTheFirstStepsKeepTheStart() throws {
        let pixels = [UInt8](repeating: 200, count: 64)
        func weights(ramp: Double, steps: Int) throws -> [UInt8] {
            let run = try TrainingRun(
                configuration: TrainingRunTests.configuration,
                settings: TrainingSettings(batch: 2, emaHalfLifeImages: 1e15, emaRamp: ramp), images: pixels)
            for _ in 0..<steps { _ = try run.step() }
            return run.weights()
        }
        #expect(try weights(ramp: 0, steps: 2) == (try weights(ramp: 0, steps: 0)))
        #expect(try weights(ramp: 0.05, steps: 2) != (try weights(ramp: 0.05, steps: 0)))
    }

    /// An image whose left half is dark and whose right half is bright shows whether it was mirrored.
    @Test func aboutHalfOfTheImagesAreMirrored() throws {
        let shape = ImageShape(channels: 1, height: 2, width: 4)
        let pixels: [UInt8] = [0, 50, 100, 255, 1, 51, 101, 254]
        func value(_ pixel: UInt8) -> Double { Double(pixel) / 127.5 - 1 }
        let upright = pixels.map(value)
        let mirrored = [255, 100, 50, 0, 254, 101, 51, 1].map(value)
        func met(_ flip: Bool) throws -> [[Double]] {
            var images = try TrainingImages(pixels: pixels, shape: shape, settings: TrainingSettings(flip: flip))
            return (0..<1000).map { number in
                var batch: [Double] = []
                images.append(number: number, to: &batch)
                return batch
            }
        }
        #expect(try met(false).allSatisfy { $0 == upright })
        let found = try met(true)
        #expect(found.allSatisfy { $0 == upright || $0 == mirrored })
        let share = found.filter { $0 == mirrored }.count
        // The bound is six standard errors of 1000 fair coins.
        #expect(abs(share - 500) < 95)
        #expect(try met(true) == found)
    }

    @Test func dropoutKeepsItsShareAndTheMean() {
        let vectors = 4000
        let buffer = LaneBuffer<Float>(count: vectors * laneCount)
        buffer.write([Float](repeating: 1, count: vectors * laneCount), at: 0)
        var mask = [UInt16](repeating: 0, count: vectors)
        let dropout = Dropout(share: 0.2, seed: 1, sub: 0, firstImage: 0)
        dropout.apply(Float.kernels, buffer.base, vectors: vectors, layer: 0, mask: &mask)
        let values = buffer.read(0..<vectors * laneCount)
        #expect(values.allSatisfy { $0 == 0 || $0 == 1.25 })
        // The bound is six standard errors of 64000 draws.
        let kept = Double(values.filter { $0 != 0 }.count) / Double(values.count)
        let standardError = (0.16 / Double(values.count)).squareRoot()
        #expect(abs(kept - 0.8) < 6 * standardError)
        // Each layer, image and seed keeps other units.
        for other in [
            Dropout(share: 0.2, seed: 2, sub: 0, firstImage: 0), Dropout(share: 0.2, seed: 1, sub: 0, firstImage: 16),
        ] {
            var otherMask = mask
            other.apply(Float.kernels, buffer.base, vectors: vectors, layer: 0, mask: &otherMask)
            #expect(otherMask != mask)
        }
    }
}
