import JobContract

/// A training's spec as typed values (the keys of the sweep file's documentation).
struct TrainingSettings: Equatable {
    var resolution: Int
    var channels: Int
    var size: Int
    var flip: Bool
    var scale: Int
    var multipliers: [Int]
    var blocks: Int
    var attention: [Int]
    var dropout: Double
    var batch: Int
    var learningRate: Double
    var warmupImages: Int
    var emaHalfLifeImages: Int
    var emaRamp: Double
    var sigmaData: Double
    var noiseMean: Double
    var noiseStd: Double
    var seed: UInt64

    /// Reads every key. Throws JobFailure `unsupported` naming a key that is missing, unknown or out of range.
    init(spec: [String: JSONValue]) throws {
        var keys = SpecReader(spec)
        try keys.only("ddpmpp", for: "model.architecture")
        try keys.only("edm", for: "training.preconditioning")
        try keys.only("lognormal", for: "training.noise")
        try keys.only("denoising", for: "training.objective")
        try keys.only(0, for: "training.augment")
        resolution = try keys.integer("dataset.resolution", 8...64)
        channels = try keys.integer("dataset.channels", 1...3)
        size = try keys.integer("dataset.size", 1...Int(Int32.max))
        flip = try keys.flag("dataset.flip")
        scale = try keys.integer("model.scale", 4...1024)
        multipliers = try keys.integers("model.multipliers", 1...64)
        blocks = try keys.integer("model.blocks", 1...64)
        attention = try keys.integers("model.attention", 1...64)
        dropout = try keys.number("model.dropout", "a number from 0 to below 1") { (0..<1).contains($0) }
        batch = try keys.integer("training.batch", 1...65536)
        learningRate = try keys.number("training.learning_rate", "a number above 0") { $0 > 0 }
        warmupImages = try keys.integer("training.warmup_images", 0...Int.max)
        emaHalfLifeImages = try keys.integer("training.ema_half_life_images", 0...Int.max)
        emaRamp = try keys.number("training.ema_ramp", "a number of at least 0") { $0 >= 0 }
        sigmaData = try keys.number("training.sigma_data", "a number above 0") { $0 > 0 }
        noiseMean = try keys.number("training.noise_mean", "a number") { _ in true }
        noiseStd = try keys.number("training.noise_std", "a number of at least 0") { $0 >= 0 }
        seed = UInt64(try keys.integer("seed", 0...Int.max))
        // The split reads these; the dataset file and the worker are what they are.
        keys.pass("dataset.part", "dataset.subset_seed", "dataset.held_out", "worker.name", "worker.numerics")
        keys.pass("dataset.digest", "dataset.generator", "dataset.generator_version", "dataset.alpha", "dataset.count")
        try keys.finish()
    }
}
