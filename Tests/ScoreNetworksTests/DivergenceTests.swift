import Diffusion
import Tensors
import Testing

@testable import ScoreNetworks

/// What networks and trainings do with numbers that are none, or too large.
@Suite(.serialized)
struct DivergenceTests {
    private func trainer(_ configuration: NetworkConfiguration, _ preconditioning: Preconditioning) throws -> Trainer<
        Float
    > {
        let network = try Network<Float>(configuration, for: .training)
        network.initialise(seed: 1, sub: 0)
        return Trainer(
            network: network, preconditioning: preconditioning, learningRate: LearningRateSchedule(rate: 1e-3),
            ema: EMASchedule())
    }

    private func state(_ trainer: Trainer<Float>) -> [UInt8] {
        var file = SafetensorsFile()
        trainer.storeState(in: &file)
        return file.serialized()
    }

    private static let networks: [(NetworkConfiguration, Preconditioning)] = [
        (TrainingRunTests.configuration, .edm()),
        (.blind(BlindConfiguration(kind: .unet(blocks: 1), kernels: 2, resolution: 8)), .blind),
        (.linear(ImageShape(channels: 1, height: 8, width: 8)), .none),
    ]

    /// A step whose loss is no number leaves everything as it was, statistics of the batch included.
    @Test(arguments: networks, [Double.nan, .infinity, 1e300])
    func aLossThatIsNotFiniteChangesNothing(subject: (NetworkConfiguration, Preconditioning), pixel: Double) throws {
        let trainer = try trainer(subject.0, subject.1)
        var clean = [Double](repeating: 0.25, count: 128)
        let noise = CounterRandom(seed: 2, purpose: .generator).normals(from: 0, count: 128)
        _ = try trainer.step(clean: clean, noise: noise, sigma: [0.5, 1])
        let before = state(trainer)
        clean[77] = pixel
        #expect(throws: TrainingError.self) { try trainer.step(clean: clean, noise: noise, sigma: [0.5, 1]) }
        #expect(trainer.isIntact && trainer.steps == 1)
        #expect(state(trainer) == before)
    }

    /// Gradients whose squares are beyond float32 would leave a state that nobody can read.
    @Test func momentsThatOverflowAreSeen() throws {
        let (network, preconditioning) = Self.networks[2]
        let trainer = try trainer(network, preconditioning)
        let noise = [Double](repeating: 0, count: 64)
        let error = #expect(throws: TrainingError.self) {
            try trainer.step(clean: [Double](repeating: 1e25, count: 64), noise: noise, sigma: [1])
        }
        #expect(error.map { "\($0)" }?.contains("step 1") == true)
        #expect(!trainer.isIntact)
    }

    /// NaN counts as 0, infinities as ±1e5, in every variant of the kernel.
    @Test func gradientsThatAreNoNumbersAreReplaced() {
        let selected = NumericThread.variant
        defer { NumericThread.select(selected) }
        let strange: [Float] = [.nan, .infinity, -.infinity, 1, -.nan, 3e38]
        let plain: [Float] = [0, 1e5, -1e5, 1, 0, 3e38]
        for variant in NumericThread.Variant.allCases where NumericThread.supports(variant) {
            NumericThread.select(variant)
            func updated(_ values: [Float]) -> [[Float]] {
                let buffers = (0..<5).map { _ in LaneBuffer<Float>(count: 16) }
                for (i, value) in values.enumerated() { buffers[1].base[i] = value }
                Adam().step(
                    1, by: Float.kernels, parameters: buffers[0].base, gradients: buffers[1].base,
                    first: buffers[2].base,
                    second: buffers[3].base, average: buffers[4].base, count: 16, rate: 0.5, decay: 0.25)
                return [0, 2, 3, 4].map { buffers[$0].read(0..<16) }
            }
            #expect(updated(strange) == updated(plain))
            let most = (1 - Float(0.9)) * 1e5
            #expect(updated(strange)[1].prefix(3) == [0, most, -most])
        }
    }
}
