import Diffusion
import JobContract
import ScoreNetworks
import SweepFiles

/// A training's spec as typed values (docs/keys.md lists the keys).
struct JobSpec: Equatable {
    var network: NetworkConfiguration
    var training: TrainingSettings
    /// The digest of the weights of a network that was trained elsewhere; nil for others.
    var weights: Digest?
    /// Whether the spec says which images the network was trained on.
    var areImagesKnown: Bool

    /// Reads every key. Throws JobFailure `unsupported` naming a key that is missing, unknown or out of range.
    init(_ spec: [String: JSONValue]) throws {
        var keys = SpecReader(spec)
        network = try NetworkConfiguration(&keys)
        training = try Self.training(&keys)
        weights = Digest(hex: try keys.text("model.weights"))
        areImagesKnown = try keys.text("dataset.split") != "unknown"
        // `JobImages` and the split read these; the worker's keys only tell one worker's trainings from another's.
        _ = try keys.text("dataset.order")
        keys.pass(["dataset.size", "dataset.subset_seed", "dataset.held_out", "worker.name", "worker.numerics"])
        keys.pass([
            "dataset.digest", "dataset.generator", "dataset.generator_version", "dataset.alpha", "dataset.count",
            "dataset.samples",
        ])
        // Every spec has these keys, also where this training does not read them.
        keys.pass(SpecKey.all.filter { !$0.isLater }.map(\.name))
        try keys.finish()
        if let fault = TrainingRules.fault(spec) { throw JobFailure(.unsupported, "\(fault.key): \(fault.message)") }
    }

    private static func training(_ keys: inout SpecReader) throws -> TrainingSettings {
        let part = try keys.part("dataset.part")
        return TrainingSettings(
            batch: try keys.integer("training.batch"), optimiser: try optimiser(&keys),
            learningRate: try keys.number("training.learning_rate"),
            warmupImages: try keys.integer("training.warmup_images"),
            halvingImages: try keys.integer("training.halving_images"),
            weightDecay: try keys.number("training.weight_decay"),
            emaHalfLifeImages: try keys.number("training.ema_half_life_images"),
            emaRamp: try keys.number("training.ema_ramp"), preconditioning: try preconditioning(&keys),
            noise: try noise(&keys), objective: try objective(&keys), augment: try keys.number("training.augment"),
            flip: try keys.flag("dataset.flip"), seed: UInt64(try keys.integer("seed")), part: part.index,
            parts: part.of)
    }

    private static func optimiser(_ keys: inout SpecReader) throws -> Optimiser {
        switch try keys.text("training.optimizer") {
        case "adam": .adam
        case "sgd": .sgd(momentum: try keys.number("training.momentum"))
        case let other: throw unknown("training.optimizer", other)
        }
    }

    private static func preconditioning(_ keys: inout SpecReader) throws -> Preconditioning {
        switch try keys.text("training.preconditioning") {
        case "edm": .edm(sigmaData: try keys.number("training.sigma_data"))
        case "vp": .vp
        case "ve": .ve
        case "none": .none
        case "blind": .blind
        case let other: throw unknown("training.preconditioning", other)
        }
    }

    private static func noise(_ keys: inout SpecReader) throws -> TrainingNoise {
        switch try keys.text("training.noise") {
        case "u-squared": .uSquared
        case "log-uniform":
            .logUniform(
                lowest: try keys.number("training.noise_min"), highest: try keys.number("training.noise_max"))
        case "vp": .variancePreserving
        case "fixed": .fixed(try keys.number("training.noise_sigma"))
        case "lognormal":
            .lognormal(mean: try keys.number("training.noise_mean"), std: try keys.number("training.noise_std"))
        case let other: throw unknown("training.noise", other)
        }
    }

    private static func objective(_ keys: inout SpecReader) throws -> TrainingObjective {
        switch try keys.text("training.objective") {
        case "yi-fresh": return .freshGap
        case "yi-bank": return .bank(copies: try keys.integer("training.bank_copies"))
        case "denoising":
            let noises = try keys.integer("training.noises_per_image")
            return noises == 0 ? .denoising : .fixedNoises(perImage: noises)
        case let other: throw unknown("training.objective", other)
        }
    }

    /// A choice that the table of keys has and nobody here knows.
    private static func unknown(_ key: String, _ choice: String) -> JobFailure {
        JobFailure(.internal, "\(key) is \(choice), of which this worker knows nothing")
    }
}
