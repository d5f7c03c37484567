import Diffusion
import JobContract
import ScoreNetworks
import Tensors
import Testing

@testable import Measures

/// Networks that are trained at one noise level.
struct OneLevelTests {
    private static let bytes: [UInt8] = {
        let random = CounterRandom(seed: 1, purpose: .generator)
        // Each image has two grey levels of its own, and a little of every pixel's.
        return (0..<40).flatMap { image -> [UInt8] in
            let (a, b) = (random.uniform(UInt64(20 * image)), random.uniform(UInt64(20 * image + 1)))
            return (0..<4).map { UInt8(20 + 150 * ($0 < 2 ? a : b) + 60 * random.uniform(UInt64(20 * image + 2 + $0))) }
        }
    }()
    private let images = Tensor<Float>(shape: [40, 1, 2, 2], values: bytes.map { Float($0) / 127.5 - 1 })
    private let settings = TrainingSettings(
        batch: 64, learningRate: 0.02, halvingImages: 16_000, preconditioning: .none, noise: .fixed(0.5))

    private func network(steps: Int) throws -> NetworkDenoiser {
        let run = try TrainingRun(
            configuration: .linear(ImageShape(channels: 1, height: 2, width: 2)), settings: settings,
            images: Self.bytes)
        for _ in 0..<steps { _ = try run.step() }
        let denoiser = try NetworkDenoiser(weights: run.weights(), name: "weights")
        denoiser.levels = settings.levels
        return denoiser
    }

    private func subject(_ denoiser: any Denoiser) -> MeasureSubject {
        var subject = MeasureSubject(denoiser: denoiser, training: images, heldOut: images, flips: false)
        subject.others = [subject]
        return subject
    }

    /// Score matching of a linear network at one level leads to the Gaussian's weights (Li et al. 2024, theorem 1).
    @Test func aTrainedLinearNetworkHasTheGaussiansWeights() throws {
        func rows(_ steps: Int) throws -> [MeasureRow] {
            let measure = try DistillationMeasure(parameters: ["inputs": 2000, "samples": 64, "vectors": 1])
            return try measure.evaluate(subject(network(steps: steps))) { _, _ in }.rows
        }
        let (untrained, trained) = (try rows(0), try rows(1500))
        // The network's own level is the only one, whichever levels the measure has by default.
        #expect(trained.allSatisfy { $0.sigma == 0.5 } && !trained.isEmpty)
        #expect(untrained.value("weight_nmse", at: 0.5) > 0.5)
        #expect(trained.value("weight_nmse", at: 0.5) < 1e-3)
        #expect(trained.value("bias_nmse", at: 0.5) < 1e-2)
        #expect(trained.value("network_gaussian_rmse", at: 0.5) < 0.01)
    }

    @Test func everyMeasureKeepsToTheLevelOrSaysThatItCannot() throws {
        let denoiser = try network(steps: 1)
        let refusing = KnownMeasures.sampling
        // `loss` is a mean over the levels of the training, whichever these are.
        let others = refusing + ["posterior", "loss", "raw-loss"]
        for request in KnownMeasures.requests where !others.contains(request.measure) {
            let rows = try KnownMeasures.measure(for: request).evaluate(subject(denoiser)) { _, _ in }.rows
            #expect(rows.contains { $0.sigma == 0.5 }, "\(request.measure)")
            #expect(rows.allSatisfy { $0.sigma == 0.5 || $0.sigma == nil }, "\(request.measure)")
        }
        for name in refusing {
            let request = try #require(KnownMeasures.requests.first { $0.measure == name })
            let error = #expect(throws: MeasureError.self) {
                try KnownMeasures.measure(for: request).evaluate(subject(denoiser)) { _, _ in }
            }
            #expect(error?.description.contains("trained at one noise level, 0.5") == true)
            #expect(error?.isNetworks == true)
        }
    }
}
