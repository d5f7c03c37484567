import Tensors

/// The speed of whole training steps (data, forward, backward, Adam and moving average) and of denoising on one thread.
package enum TrainingBenchmark {
    /// A network to measure, with the name that tables give it.
    package struct Subject: Sendable {
        package var name: String
        package var scale: Int
        package var configuration: NetworkConfiguration

        package init(name: String, scale: Int, configuration: NetworkConfiguration) {
            self.scale = scale
            self.name = name
            self.configuration = configuration
        }
    }

    package struct Result: Sendable {
        package var batch: Int
        /// Images per second of the thread's CPU time, in which other processes have no share.
        package var imagesPerCPUSecond: Double
        /// 10⁹ operations per second of CPU time: `forwardOperations` for an image, in training three times as many.
        package var gigaflops: Double
    }

    /// The networks of the project's tables: ddpmpp at scales 4 to 128, one of each other kind, and the demo's.
    package static var standard: [Subject] {
        let large = [4, 8, 16, 32, 64, 128].map { scale in
            Subject(name: "ddpmpp 32x32x3", scale: scale, configuration: unet(.ddpmpp, scale))
        }
        let others = [
            Subject(name: "ncsnpp 32x32x3", scale: 16, configuration: unet(.ncsnpp, 16)),
            Subject(name: "adm 32x32x3", scale: 64, configuration: unet(.adm, 64)),
            Subject(
                name: "bias-free-unet 40x40x1", scale: 64,
                configuration: .blind(BlindConfiguration(kind: .unet(blocks: 3), resolution: 40))),
        ]
        let small = [4, 8, 16].map { scale in
            Subject(
                name: "ddpmpp 16x16x1", scale: scale,
                configuration: .unet(
                    UNetConfiguration(
                        modelChannels: scale, resolution: 16, imageChannels: 1, multipliers: [2, 2], blocks: 2,
                        attentionResolutions: [8])))
        }
        return large + others + small
    }

    private static func unet(_ architecture: UNetArchitecture, _ scale: Int) -> NetworkConfiguration {
        .unet(UNetConfiguration(architecture: architecture, modelChannels: scale, resolution: 32, imageChannels: 3))
    }

    /// A training of `subject` on 64 random images.
    package static func training(_ subject: Subject, batch: Int) throws -> TrainingRun {
        var settings = TrainingSettings(batch: batch)
        if subject.configuration.isBlind { (settings.preconditioning, settings.noise) = (.blind, .uSquared) }
        return try training(subject.configuration, settings)
    }

    private static func training(
        _ configuration: NetworkConfiguration, _ settings: TrainingSettings
    ) throws -> TrainingRun {
        let random = CounterRandom(seed: 1, purpose: .generator)
        let pixels = (0..<64 * configuration.imageShape.count).map { UInt8(random.integer(UInt64($0), below: 256)) }
        return try TrainingRun(configuration: configuration, settings: settings, images: pixels)
    }

    /// Trains for at least `seconds` after one step to warm up.
    package static func trainingRate(
        _ configuration: NetworkConfiguration, _ settings: TrainingSettings, seconds: Double
    ) throws -> Result {
        let run = try training(configuration, settings)
        return try rate(configuration, batch: settings.batch, passes: 3, seconds: seconds) { _ = try run.step() }
    }

    /// The speed of training `subject` with EDM's settings.
    package static func trainingRate(_ subject: Subject, batch: Int, seconds: Double) throws -> Result {
        let run = try training(subject, batch: batch)
        return try rate(subject.configuration, batch: batch, passes: 3, seconds: seconds) { _ = try run.step() }
    }

    /// Denoises a batch again and again.
    package static func denoisingRate(_ subject: Subject, batch: Int, seconds: Double) throws -> Result {
        let denoiser = try NetworkDenoiser(weights: training(subject, batch: batch).weights(), name: subject.name)
        let shape = subject.configuration.imageShape
        let noise = CounterRandom(seed: 1, purpose: .latents).normals(from: 0, count: batch * shape.count)
        let images = Tensor(
            shape: [batch, shape.channels, shape.height, shape.width], values: noise.map { Float($0) })
        let levels = [Double](repeating: 1, count: batch)
        return try rate(subject.configuration, batch: batch, passes: 1, seconds: seconds) {
            _ = denoiser.denoise(images, sigma: levels)
        }
    }

    private static func rate(
        _ configuration: NetworkConfiguration, batch: Int, passes: Double, seconds: Double, _ work: () throws -> Void
    ) throws -> Result {
        try work()
        let start = NumericThread.seconds
        var images = 0.0
        var spent = 0.0
        repeat {
            try work()
            images += Double(batch)
            spent = NumericThread.seconds - start
        } while spent < seconds
        let operations = passes * Double(try configuration.forwardOperations())
        return Result(
            batch: batch, imagesPerCPUSecond: images / spent, gigaflops: operations * images / spent / 1e9)
    }
}
