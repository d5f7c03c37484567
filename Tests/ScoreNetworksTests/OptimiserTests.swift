import Diffusion
import Tensors
import Testing

@testable import ScoreNetworks

/// Adam and gradient descent with decoupled weight decay, against PyTorch and against their formulas.
@Suite(.serialized) struct OptimiserTests {
    private static let start = [0.5, -1.25, 2, 0]
    private static let gradients = [[0.1, -0.2, 0.3, 0.4], [0.3, 0.1, -0.4, 0], [-1, 2, 0.05, 1e-9]]

    /// Values after three steps of rate 0.1, 0.05 and 0.1, computed by PyTorch 2 in float64: `AdamW(betas=(0.9, 0.999),
    /// eps=1e-8, weight_decay=0.3)`, and `SGD(momentum=…)` after `p.mul_(1 - rate * 0.3)`.
    private static let expected: [(optimiser: Optimiser, decay: Double, values: [Double])] = [
        (.adam, 0, [0.39364253986663994, -1.197884149952636, 1.9181988822076028, -0.18529860418647334]),
        (.adam, 0.3, [0.3628674610380561, -1.1112217802641058, 1.7759366164536072, -0.17983851695218764]),
        (.sgd(momentum: 0), 0, [0.575, -1.4349999999999998, 1.985, -0.04000000010000001]),
        (.sgd(momentum: 0.9), 0, [0.5354, -1.4188, 1.9831999999999999, -0.09040000010000002]),
        (.sgd(momentum: 0.9), 0.3, [0.49982374999999996, -1.328294125, 1.8379144999999997, -0.08807800010000001]),
    ]

    @Test(arguments: expected.indices) func stepsArePyTorchs(place: Int) {
        let (optimiser, decay, values) = Self.expected[place]
        let state = OptimiserState<Double>(optimiser, weightDecay: decay, count: 16, on: HostMachine())
        let buffers = (0..<3).map { _ in LaneBuffer<Double>(count: 16) }
        buffers[0].write(Self.start, at: 0)
        for (number, rate) in [0.1, 0.05, 0.1].enumerated() {
            buffers[1].write(Self.gradients[number], at: 0)
            state.step(
                number + 1, parameters: buffers[0].base, gradients: buffers[1].base, average: buffers[2].base,
                rate: rate, averageDecay: 0.5)
        }
        for (found, wanted) in zip(buffers[0].read(0..<4), values) { #expect(abs(found - wanted) < 1e-12) }
        // What pads the parameters stays 0, and so does what it remembers.
        #expect(buffers[0].read(4..<16).allSatisfy { $0 == 0 })
        #expect(state.isFinite)
    }

    /// Whole training steps of a network: what a trainer makes of the gradients that the objective gives.
    @Test(arguments: [0, 0.9]) func trainersFollowTheFormula(momentum: Double) throws {
        let configuration = SmallNetworks.all[3].configuration
        let (rate, decay, half) = (1e-4, 30.0, 40.0)
        func network() throws -> Network<Double> {
            let network = try Network<Double>(configuration, for: .training)
            network.initialise(seed: 1, sub: 0)
            return network
        }
        let trainer = Trainer(
            network: try network(), preconditioning: .edm(),
            learningRate: LearningRateSchedule(rate: rate, warmupImages: 4),
            ema: EMASchedule(halfLife: half, ramp: 0), optimiser: .sgd(momentum: momentum), weightDecay: decay)
        let reference = try network()
        let objective = DenoisingObjective(network: reference, preconditioning: .edm())
        let (count, size) = (reference.workspace.paddedParameters, 2 * configuration.imageShape.count)
        let random = CounterRandom(seed: 2, purpose: .generator)
        var velocity = [Double](repeating: 0, count: count)
        var average = (0..<count).map { reference.workspace.parameters[$0] }
        for step in 0..<4 {
            let clean = random.normals(from: UInt64(step * size), count: size).map { 0.3 * $0 }
            let noise = random.normals(from: 1 << 40 + UInt64(step * size), count: size)
            let sigma = [0.3, 1.2]
            _ = try trainer.step(clean: clean, noise: noise, sigma: sigma)
            _ = objective.evaluate(clean: clean, noise: noise, sigma: sigma)
            let now = rate * min(Double(2 * step) / 4, 1)
            let beta = EMASchedule(halfLife: half, ramp: 0).beta(batch: 2, imagesSeen: 2 * step)
            for i in 0..<count {
                velocity[i] = momentum * velocity[i] + reference.workspace.gradients[i]
                reference.workspace.parameters[i] =
                    reference.workspace.parameters[i] * (1 - now * decay) - now * velocity[i]
                average[i] = beta * average[i] + (1 - beta) * reference.workspace.parameters[i]
            }
            reference.parametersChanged()
        }
        for i in 0..<count {
            let (ours, wanted) = (trainer.network.workspace.parameters[i], reference.workspace.parameters[i])
            #expect(abs(ours - wanted) <= 1e-12 * max(1, abs(wanted)))
        }
        var (averages, wanted) = (SafetensorsFile(), SafetensorsFile())
        trainer.storeAverage(in: &averages, prefix: "")
        for i in 0..<count { reference.workspace.parameters[i] = average[i] }
        reference.parametersChanged()
        reference.store(in: &wanted, prefix: "")
        for name in wanted.names {
            let (a, b) = (try averages.tensor(name, as: Double.self), try wanted.tensor(name, as: Double.self))
            for (one, other) in zip(a.values, b.values) { #expect(abs(one - other) <= 1e-6 * max(1, abs(other))) }
        }
    }

    /// NaN counts as 0, infinities as ±1e5, in every variant of the kernel.
    @Test func descentReplacesGradientsThatAreNoNumbers() {
        let selected = NumericThread.variant
        defer { NumericThread.select(selected) }
        let strange: [Float] = [.nan, .infinity, -.infinity, 1, -.nan, 3e38]
        let plain: [Float] = [0, 1e5, -1e5, 1, 0, 3e38]
        var all: Set<[Float]> = []
        for variant in NumericThread.Variant.allCases where NumericThread.supports(variant) {
            NumericThread.select(variant)
            func updated(_ values: [Float]) -> [[Float]] {
                let buffers = (0..<4).map { _ in LaneBuffer<Float>(count: 32) }
                buffers[1].write(values, at: 0)
                for place in 0..<32 { buffers[2].base[place] = Float(place) / 7 }
                GradientDescent(momentum: 0.7).step(
                    by: Float.kernels, parameters: buffers[0].base, gradients: buffers[1].base,
                    velocity: buffers[2].base,
                    average: buffers[3].base, count: 32, rate: 1e-3, decay: 0.25)
                return [0, 2, 3].map { buffers[$0].read(0..<32) }
            }
            #expect(updated(strange) == updated(plain))
            #expect(abs(updated(strange)[0][1] + 1e-3 * (1e5 + 0.1)) < 1e-4)
            all.insert(updated(strange).flatMap(\.self))
        }
        #expect(all.count == 1)
    }

    /// A state says by its tensors whose it is: that of another optimiser is refused, and not taken for a fresh start.
    @Test func statesOfAnotherOptimiserAreRefused() throws {
        let subject = SmallNetworks.all[3]
        func run(_ optimiser: Optimiser) throws -> TrainingRun {
            var settings = try subject.training().settings
            (settings.optimiser, settings.learningRate) = (optimiser, 1e-4)
            let run = try TrainingRun(
                configuration: subject.configuration, settings: settings, images: SmallNetworks.Subject.pixels)
            _ = try run.step()
            return run
        }
        let (adam, descent) = (try run(.adam), try run(.sgd(momentum: 0.9)))
        for (state, other) in [(adam.state(), descent), (descent.state(), adam)] {
            #expect(throws: SafetensorsError.self) {
                try TrainingRun(
                    restoring: state, name: "state", configuration: subject.configuration, settings: other.settings,
                    images: SmallNetworks.Subject.pixels)
            }
        }
    }
}
