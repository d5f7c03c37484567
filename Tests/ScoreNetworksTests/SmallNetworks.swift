import Diffusion
import ScoreNetworks
import Tensors
import Testing

/// Every architecture with every preconditioning, small enough to be trained in a test.
enum SmallNetworks {
    struct Subject: Sendable, CustomTestStringConvertible {
        var configuration: NetworkConfiguration
        var preconditioning: Preconditioning
        var augment = 0.0

        var testDescription: String { "\(configuration.architecture), \(preconditioning.name)" }

        /// A new training with batches of 37 images, of a dataset of 5.
        func training(
            batch: Int = 37, threads: Int = 1, on machine: any LaneMachine<Float> = HostMachine<Float>()
        ) throws -> TrainingRun {
            let settings = TrainingSettings(
                batch: batch, preconditioning: preconditioning, noise: isBlind ? .uSquared : .lognormal(),
                augment: augment, flip: true)
            return try TrainingRun(
                configuration: configuration, settings: settings, images: Self.pixels, threads: threads, on: machine)
        }

        func trained(steps: Int = 2, threads: Int = 1) throws -> TrainingRun {
            let run = try training(threads: threads)
            for _ in 0..<steps { _ = try run.step() }
            return run
        }

        private var isBlind: Bool { preconditioning == .blind }

        static let pixels: [UInt8] = {
            let random = CounterRandom(seed: 1, purpose: .generator)
            return (0..<5 * 64).map { UInt8(random.integer(UInt64($0), below: 256)) }
        }()
    }

    static let all: [Subject] = [
        Subject(configuration: unet(.ddpmpp, labels: 9), preconditioning: .edm(), augment: 0.5),
        Subject(configuration: unet(.ncsnpp), preconditioning: .ve),
        Subject(configuration: unet(.adm, scale: 8), preconditioning: .vp),
        Subject(configuration: unet(.ddpmpp), preconditioning: .none),
        Subject(
            configuration: .linear(ImageShape(channels: 1, height: 8, width: 8)), preconditioning: .none),
        Subject(configuration: blind(.unet(blocks: 2)), preconditioning: .blind),
        Subject(
            configuration: blind(.cnn(layers: 4, linearFirstLayer: false, receptiveField: nil)),
            preconditioning: .blind),
    ]

    private static func unet(
        _ architecture: UNetArchitecture, scale: Int = 4, labels: Int = 0
    ) -> NetworkConfiguration {
        .unet(
            UNetConfiguration(
                architecture: architecture, modelChannels: scale, resolution: 8, imageChannels: 1, multipliers: [1, 2],
                blocks: 1, attentionResolutions: [4], dropout: 0.2, augmentLabels: labels))
    }

    private static func blind(_ kind: BlindConfiguration.Kind) -> NetworkConfiguration {
        .blind(BlindConfiguration(kind: kind, kernels: 4, resolution: 8, imageChannels: 1))
    }
}
