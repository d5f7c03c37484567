import JobContract
import ScoreNetworks

/// A training's spec as typed values (docs/job-contract.md lists the keys).
struct JobSpec: Equatable {
    var network: NetworkConfiguration
    var training: TrainingSettings

    /// Reads every key. Throws JobFailure `unsupported` naming a key that is missing, unknown or out of range.
    init(_ spec: [String: JSONValue]) throws {
        var keys = SpecReader(spec)
        try keys.only("ddpmpp", for: "model.architecture")
        try keys.only("edm", for: "training.preconditioning")
        try keys.only("lognormal", for: "training.noise")
        try keys.only("denoising", for: "training.objective")
        try keys.only(0, for: "training.augment")
        let part = try keys.part("dataset.part")
        network = .unet(
            UNetConfiguration(
                modelChannels: try keys.integer("model.scale", 4...1024),
                resolution: try keys.integer("dataset.resolution", 8...64),
                imageChannels: try keys.integer("dataset.channels", 1...3),
                multipliers: try keys.integers("model.multipliers", 1...64),
                blocks: try keys.integer("model.blocks", 1...64),
                attentionResolutions: try keys.integers("model.attention", 1...64),
                dropout: try keys.number("model.dropout", "a number from 0 to below 1") { (0..<1).contains($0) }))
        training = TrainingSettings(
            batch: try keys.integer("training.batch", 1...65536),
            learningRate: try keys.number("training.learning_rate", "a number above 0") { $0 > 0 },
            warmupImages: try keys.integer("training.warmup_images", 0...Int.max),
            emaHalfLifeImages: try keys.number("training.ema_half_life_images", "a number of at least 0") { $0 >= 0 },
            emaRamp: try keys.number("training.ema_ramp", "a number of at least 0") { $0 >= 0 },
            sigmaData: try keys.number("training.sigma_data", "a number above 0") { $0 > 0 },
            noiseMean: try keys.number("training.noise_mean", "a number from -100 to 100") { abs($0) <= 100 },
            noiseStd: try keys.number("training.noise_std", "a number above 0, at most 100") { $0 > 0 && $0 <= 100 },
            flip: try keys.flag("dataset.flip"), seed: UInt64(try keys.integer("seed", 0...Int.max)),
            part: part.index, parts: part.of)
        // The split reads these; the dataset file and this worker are what they are.
        keys.pass("dataset.size", "dataset.subset_seed", "dataset.held_out", "worker.name", "worker.numerics")
        keys.pass("dataset.digest", "dataset.generator", "dataset.generator_version", "dataset.alpha", "dataset.count")
        try keys.finish()
    }
}
