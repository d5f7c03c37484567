import Diffusion
import Tensors

/// Everything besides network and images that determines a training, except its length.
package struct TrainingSettings: Sendable, Equatable {
    package var batch: Int
    package var optimiser: Optimiser
    package var learningRate: Double
    package var warmupImages: Int
    /// The number of images after which the rate is halved, again and again; 0: never.
    package var halvingImages: Int
    /// The share of each parameter, over the rate, that a step takes away before it (`OptimiserState`).
    package var weightDecay: Double
    package var emaHalfLifeImages: Double
    package var emaRamp: Double
    package var preconditioning: Preconditioning
    package var noise: TrainingNoise
    package var objective: TrainingObjective
    /// Probability of the augmentations, which labels tell the network; 0 for none.
    package var augment: Double
    /// Whether images are mirrored with probability 1/2.
    package var flip: Bool
    package var seed: UInt64
    /// The number of the part, of `parts` disjoint parts of the data, that this training sees. It keys all random numbers
    /// beside `seed`, so that equal seeds on different parts are independent.
    package var part: Int
    package var parts: Int

    package init(
        batch: Int = 32, optimiser: Optimiser = .adam, learningRate: Double = 1e-3, warmupImages: Int = 0,
        halvingImages: Int = 0, weightDecay: Double = 0, emaHalfLifeImages: Double = 500_000, emaRamp: Double = 0.05,
        preconditioning: Preconditioning = .edm(),
        noise: TrainingNoise = .lognormal(), objective: TrainingObjective = .denoising, augment: Double = 0,
        flip: Bool = false, seed: UInt64 = 0, part: Int = 0, parts: Int = 1
    ) {
        self.batch = batch
        self.optimiser = optimiser
        self.learningRate = learningRate
        self.warmupImages = warmupImages
        self.halvingImages = halvingImages
        self.weightDecay = weightDecay
        self.emaHalfLifeImages = emaHalfLifeImages
        self.emaRamp = emaRamp
        self.preconditioning = preconditioning
        self.noise = noise
        self.objective = objective
        self.augment = augment
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
    /// The device that trains failed in this step.
    case device(step: Int, String)

    package var description: String {
        switch self {
        case .settings(let problem): "training cannot start: \(problem)"
        case .diverged(let step, let what): "training diverged at step \(step): \(what); a lower learning rate may help"
        case .device(let step, let problem): "the device failed at step \(step): \(problem)"
        }
    }
}

extension TrainingSettings {
    /// The noise levels that a network trained by these settings is for.
    package var levels: ClosedRange<Double> {
        if case .fixed(let sigma) = noise { sigma...sigma } else { preconditioning.levels }
    }

    /// The number of the data's part in the names of random streams.
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
        if case .sgd(let momentum) = optimiser {
            try require(momentum >= 0 && momentum < 1, "a momentum of \(momentum); it must be at least 0 and below 1")
        }
        try require(
            weightDecay >= 0 && weightDecay * learningRate <= 1,
            "a weight decay of \(weightDecay) at the rate \(learningRate): a step would take more than all of a weight")
        try require((0...1 << 53).contains(warmupImages), "a warm-up of \(warmupImages) images")
        try require(
            emaHalfLifeImages.isFinite && emaHalfLifeImages >= 0, "an EMA half-life of \(emaHalfLifeImages) images")
        try require(emaRamp.isFinite && emaRamp >= 0, "an EMA ramp of \(emaRamp)")
        try require((0...1 << 53).contains(halvingImages), "halvings of the rate after \(halvingImages) images")
        if case .edm(let data) = preconditioning {
            try require(positive(data), "sigma_data of \(data); it must be positive")
        }
        try require(noise.fault == nil, noise.fault ?? "")
        try require(augment >= 0 && augment <= 1, "augmentations of probability \(augment)")
        if case .fixedNoises(let count) = objective {
            try require((1...1 << 16).contains(count), "\(count) noises an image; 1 to \(1 << 16) are possible")
            try require(augment == 0, "fixed noises with augmentations, which have no end of images")
        }
        if case .bank(let copies) = objective {
            try require((1...1 << 16).contains(copies), "a bank of \(copies) copies; 1 to \(1 << 16) are possible")
            try require(augment == 0, "a bank of fixed copies with augmentations, which have no end of images")
            if case .fixed(let sigma) = noise {
                try require(sigma >= 0.005, "noise of \(sigma) with a bank, whose copies have less: at least 0.005")
            }
        }
        try require(
            (1...65535).contains(parts) && (0..<max(parts, 1)).contains(part), "part \(part) of \(parts)")
    }

    /// Throws where `network` cannot be trained by these settings.
    func check(_ network: NetworkConfiguration) throws(TrainingError) {
        guard network.isBlind == (preconditioning == .blind) else {
            throw .settings(
                "the preconditioning of \(network.architecture) is \(preconditioning.name), but \"blind\" belongs to "
                    + "blind networks, and they to it")
        }
        guard network.augmentLabels == (augment > 0 ? 9 : 0) else {
            throw .settings(
                "the network has \(network.augmentLabels) augmentation labels, but augmentations have the probability "
                    + "\(augment); there are 9 labels with them, 0 without")
        }
    }
}
