import Diffusion
import Tensors

/// A training of a network by EDM's loop, step by step. Its state after n steps is a function of
/// configuration, settings, images and n alone: the bits are the same on every CPU, and across `state()` and
/// `init(restoring:)`.
package final class TrainingRun {
    package let configuration: NetworkConfiguration
    package let settings: TrainingSettings
    /// Optimiser steps done.
    package var steps: Int { trainer.steps }
    /// Images seen: steps × batch.
    package var imagesSeen: Int { trainer.imagesSeen }

    private let trainer: Trainer<Float>
    private var images: TrainingImages

    /// A new training. `images` holds N·C·H·W bytes, N at least 1; pixels become u8/127.5 − 1. Sizes that the
    /// architecture cannot have are a `NetworkError`, unfit settings or images a `TrainingError`.
    package init(configuration: NetworkConfiguration, settings: TrainingSettings, images: [UInt8]) throws {
        try settings.check()
        guard configuration.augmentLabels == 0 else {
            throw TrainingError.settings("the network has augmentation labels, but images are not augmented here")
        }
        let network = try Network<Float>(configuration, training: true)
        self.images = try TrainingImages(pixels: images, shape: configuration.imageShape, settings: settings)
        network.initialise(seed: settings.seed, sub: settings.stream)
        trainer = Trainer(
            network: network, preconditioning: .edm(sigmaData: settings.sigmaData),
            learningRate: LearningRateSchedule(rate: settings.learningRate, warmupImages: settings.warmupImages),
            ema: EMASchedule(halfLife: settings.emaHalfLifeImages, ramp: settings.emaRamp))
        self.configuration = configuration
        self.settings = settings
    }

    /// Goes on from `state()` of a training with the same configuration, settings and images. A state of another
    /// network, or a damaged one, is a `SafetensorsError`.
    package convenience init(
        restoring state: [UInt8], name: String, configuration: NetworkConfiguration, settings: TrainingSettings,
        images: [UInt8]
    ) throws {
        try self.init(configuration: configuration, settings: settings, images: images)
        let file = try SafetensorsFile(bytes: state, name: name)
        try trainer.loadState(file)
        let (expected, overflow) = trainer.steps.multipliedReportingOverflow(by: settings.batch)
        guard !overflow, trainer.imagesSeen == expected else {
            throw file.error(
                "images_seen", "holds \(trainer.imagesSeen) after \(trainer.steps) steps of \(settings.batch)")
        }
    }

    /// One step; returns the batch's loss Σ λ‖D − y‖² / batch. Throws `TrainingError.diverged` when the loss or a
    /// parameter is not finite; the training cannot go on then. `beat` is called after every 16 images.
    package func step(beat: () -> Void = {}) throws(TrainingError) -> Double {
        let size = configuration.imageShape.count
        let first = imagesSeen
        var clean: [Double] = []
        clean.reserveCapacity(settings.batch * size)
        for slot in 0..<settings.batch { images.append(number: first + slot, to: &clean) }
        let distribution = LognormalNoise(mean: settings.noiseMean, std: settings.noiseStd)
        let sigma = settings.random(.trainingSigma).normals(from: UInt64(first), count: settings.batch)
            .map { distribution.sigma($0) }
        let noise = settings.random(.trainingNoise).normals(
            from: UInt64(first) * UInt64(size), count: settings.batch * size)
        let dropout =
            configuration.dropout > 0
            ? Dropout(
                share: configuration.dropout, seed: settings.seed, sub: settings.stream, firstImage: UInt64(first))
            : nil
        return try trainer.step(clean: clean, noise: noise, sigma: sigma, labels: nil, dropout: dropout, beat: beat)
    }

    /// The averaged (EMA) weights as a safetensors file with the reference's names, for `NetworkDenoiser` and for PyTorch.
    package func weights() -> [UInt8] {
        var file = SafetensorsFile()
        trainer.storeAverage(in: &file, prefix: "")
        file.metadata["config"] = checkpointConfiguration
        return file.serialized()
    }

    /// The full state: parameters, average, Adam's moments, step.
    package func state() -> [UInt8] {
        var file = SafetensorsFile()
        trainer.storeState(in: &file)
        file.metadata["config"] = checkpointConfiguration
        return file.serialized()
    }

    private var checkpointConfiguration: String {
        CheckpointConfiguration(configuration, .edm(sigmaData: settings.sigmaData)).json
    }
}
