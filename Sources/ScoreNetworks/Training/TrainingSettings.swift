import Tensors

/// Everything besides network and images that determines a training, except its length.
package struct TrainingSettings: Sendable, Equatable {
    package var batch: Int
    package var learningRate: Double
    package var warmupImages: Int
    package var emaHalfLifeImages: Double
    package var emaRamp: Double
    package var sigmaData: Double
    /// Mean and standard deviation of ln σ.
    package var noiseMean: Double
    package var noiseStd: Double
    /// Whether images are mirrored with probability 1/2.
    package var flip: Bool
    package var seed: UInt64
    /// Which of disjoint parts of the data this training sees. It keys all random numbers beside `seed`, so that equal
    /// seeds on different parts are independent.
    package var part: Int
    package var parts: Int

    package init(
        batch: Int = 32, learningRate: Double = 1e-3, warmupImages: Int = 0, emaHalfLifeImages: Double = 500_000,
        emaRamp: Double = 0.05, sigmaData: Double = 0.5, noiseMean: Double = -1.2, noiseStd: Double = 1.2,
        flip: Bool = false, seed: UInt64 = 0, part: Int = 0, parts: Int = 1
    ) {
        self.batch = batch
        self.learningRate = learningRate
        self.warmupImages = warmupImages
        self.emaHalfLifeImages = emaHalfLifeImages
        self.emaRamp = emaRamp
        self.sigmaData = sigmaData
        self.noiseMean = noiseMean
        self.noiseStd = noiseStd
        self.flip = flip
        self.seed = seed
        self.part = part
        self.parts = parts
    }
}

/// Why a training cannot start or go on.
package enum TrainingError: Error, Equatable, CustomStringConvertible {
    case settings(String)
    /// The loss or a parameter stopped being finite in this step (counted from 1).
    case diverged(step: Int, what: String)

    package var description: String {
        switch self {
        case .settings(let problem): "training cannot start: \(problem)"
        case .diverged(let step, let what): "training diverged at step \(step): \(what); a lower learning rate may help"
        }
    }
}

extension TrainingSettings {
    /// Names the part of the data in streams of random numbers.
    var stream: UInt32 { UInt32(parts) << 16 | UInt32(part) }

    /// The training's own stream for a purpose.
    func random(_ purpose: CounterRandom.Purpose) -> CounterRandom {
        CounterRandom(seed: seed, purpose: purpose, sub: stream)
    }

    /// Throws where a value is out of its range.
    func check() throws(TrainingError) {
        func require(_ fine: Bool, _ problem: @autoclosure () -> String) throws(TrainingError) {
            if !fine { throw .settings(problem()) }
        }
        func positive(_ value: Double) -> Bool { value.isFinite && value > 0 }
        try require((1...1 << 20).contains(batch), "a batch of \(batch) images; 1 to \(1 << 20) are possible")
        try require(positive(learningRate), "a learning rate of \(learningRate); it must be positive and finite")
        try require((0...1 << 53).contains(warmupImages), "a warm-up of \(warmupImages) images")
        try require(
            emaHalfLifeImages.isFinite && emaHalfLifeImages >= 0, "an EMA half-life of \(emaHalfLifeImages) images")
        try require(emaRamp.isFinite && emaRamp >= 0, "an EMA ramp of \(emaRamp)")
        try require(positive(sigmaData), "sigma_data of \(sigmaData); it must be positive")
        try require(
            noiseMean.isFinite && noiseStd.isFinite && noiseStd >= 0,
            "ln sigma of mean \(noiseMean) and standard deviation \(noiseStd)")
        try require(
            (1...65535).contains(parts) && (0..<max(parts, 1)).contains(part), "part \(part) of \(parts)")
    }
}
