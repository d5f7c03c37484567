import Diffusion
import Tensors

/// A training of a network by EDM's loop, step by step. Its state after n steps is a function of
/// configuration, settings, images and n alone: the bits are the same on every CPU, by any number of threads, and across
/// `state()` and `init(restoring:)`.
package final class TrainingRun {
    package let configuration: NetworkConfiguration
    package let settings: TrainingSettings
    /// Optimiser steps done.
    package var steps: Int { trainer.steps }
    /// Images seen: steps × batch.
    package var imagesSeen: Int { trainer.imagesSeen }
    package var losses: LossCurve { trainer.losses }

    private let trainer: Trainer<Float>
    private var images: TrainingImages

    /// A new training. `images` holds N·C·H·W bytes, N at least 1; pixels become u8/127.5 − 1. Sizes that the
    /// architecture cannot have are a `NetworkError`, unfit settings or images a `TrainingError`.
    package init(
        configuration: NetworkConfiguration, settings: TrainingSettings, images: [UInt8], threads: Int = 1,
        on machine: any LaneMachine<Float> = HostMachine<Float>()
    ) throws {
        try settings.check()
        try settings.check(configuration)
        let network = try Network<Float>(configuration, for: .training, threads: threads, on: machine)
        let most = machine.mostGroups * laneCount
        guard machine.mostGroups == 1 || !network.core.hasBatchStatistics || settings.batch <= most else {
            throw TrainingError.settings(
                "a batch of \(settings.batch) images, which must pass together; a device takes \(most) of them")
        }
        self.images = try TrainingImages(pixels: images, shape: configuration.imageShape, settings: settings)
        network.initialise(seed: settings.seed, sub: settings.stream)
        trainer = Trainer(
            network: network, preconditioning: settings.preconditioning,
            learningRate: LearningRateSchedule(
                rate: settings.learningRate, warmupImages: settings.warmupImages,
                halvingImages: settings.halvingImages),
            ema: EMASchedule(halfLife: settings.emaHalfLifeImages, ramp: settings.emaRamp),
            optimiser: settings.optimiser, weightDecay: settings.weightDecay)
        self.configuration = configuration
        self.settings = settings
    }

    /// Goes on from `state()` of a training with the same configuration, settings and images. A state of another network,
    /// or a damaged one, is a `SafetensorsError`. The caller must see to it that settings and images are the same.
    package convenience init(
        restoring state: [UInt8], name: String, configuration: NetworkConfiguration, settings: TrainingSettings,
        images: [UInt8], threads: Int = 1, on machine: any LaneMachine<Float> = HostMachine<Float>()
    ) throws {
        try self.init(
            restoring: try SafetensorsFile(bytes: state, name: name), configuration: configuration, settings: settings,
            images: images, threads: threads, on: machine)
    }

    /// Goes on from a state that was read already.
    package convenience init(
        restoring file: SafetensorsFile, configuration: NetworkConfiguration, settings: TrainingSettings,
        images: [UInt8], threads: Int = 1, on machine: any LaneMachine<Float> = HostMachine<Float>()
    ) throws {
        let wanted = CheckpointConfiguration(configuration, settings.preconditioning).json
        guard file.metadata["config"] == wanted else {
            throw file.error(
                nil, "is no state of the network \(wanted), but of \(file.metadata["config"] ?? "one it does not name")"
            )
        }
        try self.init(
            configuration: configuration, settings: settings, images: images, threads: threads, on: machine)
        try trainer.loadState(file)
        let (expected, overflow) = trainer.steps.multipliedReportingOverflow(by: settings.batch)
        guard !overflow, trainer.imagesSeen == expected else {
            throw file.error(
                "images_seen", "holds \(trainer.imagesSeen) after \(trainer.steps) steps of \(settings.batch)")
        }
    }

    /// Whether the training is as its last finished step left it. It is not where a step has found parameters that are not
    /// finite, for they have replaced the earlier ones by then.
    package var isIntact: Bool { trainer.isIntact }

    /// Does one step, and returns the objective's loss over the batch before it. Throws `TrainingError.diverged` when the
    /// loss or a parameter is not finite; the training cannot go on then. `beat` is called after every 16 images.
    package func step(beat: () -> Void = {}) throws(TrainingError) -> Double {
        let first = imagesSeen
        let batch = TrainingBatch(settings, from: first, images: &images)
        let dropout =
            configuration.dropout > 0
            ? Dropout(
                share: configuration.dropout, seed: settings.seed, sub: settings.stream, firstImage: UInt64(first))
            : nil
        return try trainer.step(batch, dropout: dropout, beat: beat)
    }

    /// Throws where the device that trains has failed: what was read of the training since the last step means nothing then.
    package func check() throws(TrainingError) { try trainer.checkMachine() }

    /// The averaged (EMA) weights as a safetensors file with the published names, for `NetworkDenoiser` and for PyTorch.
    package func weights() -> [UInt8] {
        var file = SafetensorsFile()
        trainer.storeAverage(in: &file, prefix: "")
        file.metadata["config"] = checkpointConfiguration
        return file.serialized()
    }

    /// The weights that the next step begins with, not averaged, as a file like that of `weights()`.
    package func rawWeights() -> [UInt8] {
        var file = SafetensorsFile()
        trainer.storeRaw(in: &file)
        file.metadata["config"] = checkpointConfiguration
        return file.serialized()
    }

    /// The full state: parameters, average, the optimiser's moments and step, with the caller's `metadata`.
    package func state(metadata: [String: String] = [:]) -> [UInt8] {
        var file = SafetensorsFile()
        file.metadata = metadata
        trainer.storeState(in: &file)
        file.metadata["config"] = checkpointConfiguration
        return file.serialized()
    }

    private var checkpointConfiguration: String {
        CheckpointConfiguration(configuration, settings.preconditioning).json
    }
}
