import Diffusion
import Tensors

/// The images, noise and labels of one step. Arrays are [image][channel][row][column].
struct TrainingBatch {
    /// y, or x_s for objectives with gaps.
    var clean: [Double]
    /// n, or ξ for objectives with gaps.
    var noise: [Double]
    /// σ, one for each image.
    var sigma: [Double]
    /// √(σ_t² − σ_s²), one for each image, for objectives that have gaps.
    var gaps: [Double]?
    /// [image][9] where images are augmented.
    var labels: [Double]?

    init(clean: [Double], noise: [Double], sigma: [Double], gaps: [Double]? = nil, labels: [Double]? = nil) {
        self.clean = clean
        self.noise = noise
        self.sigma = sigma
        self.gaps = gaps
        self.labels = labels
    }

    /// The batch that begins with the training's image number `first`.
    init(_ settings: TrainingSettings, from first: Int, images: inout TrainingImages) {
        let size = images.shape.count
        let count = settings.batch
        sigma = settings.noise.sigmas(settings.random(.trainingSigma), from: UInt64(first), count: count)
        clean = []
        clean.reserveCapacity(count * size)
        var met: [TrainingImages.Met] = []
        if settings.augment > 0 {
            let pipe = AugmentationPipe(probability: settings.augment)
            let random = settings.random(.augmentation)
            var told: [Double] = []
            for number in first..<first + count {
                var image: [Double] = []
                met.append(images.append(number: number, to: &image))
                let draw = pipe.draw(random, image: UInt64(number))
                clean += AugmentationPipe.apply(draw, to: image, shape: images.shape)
                told += draw.labels
            }
            labels = told
        } else {
            for number in first..<first + count { met.append(images.append(number: number, to: &clean)) }
        }
        if case .fixedNoises(let copies) = settings.objective {
            let bank = NoisedBank(copies: copies, random: settings.random(.bank))
            noise = Self.fixedNoises(of: met, sigma, bank, settings, from: first, size: size)
        } else {
            noise = settings.random(.trainingNoise).normals(from: UInt64(first) * UInt64(size), count: count * size)
        }
        switch settings.objective {
        case .denoising, .fixedNoises: break
        case .freshGap: addFreshGaps(settings, from: first)
        case .bank(let copies):
            addCopies(of: met, NoisedBank(copies: copies, random: settings.random(.bank)), settings, from: first)
        }
    }

    private static func fixedNoises(
        of met: [TrainingImages.Met], _ sigma: [Double], _ bank: NoisedBank, _ settings: TrainingSettings,
        from first: Int, size: Int
    ) -> [Double] {
        let shares = settings.random(.gap).uniforms(from: UInt64(first), count: met.count)
        return met.indices.flatMap { image in
            bank.noise(
                image: met[image].image, mirrored: met[image].mirrored, copy: bank.copy(share: shares[image]),
                level: NoisedBank.level(sigma: sigma[image], share: 1), size: size)
        }
    }

    private mutating func addFreshGaps(_ settings: TrainingSettings, from first: Int) {
        let shares = settings.random(.gap).uniforms(from: UInt64(first) * 2, count: 2 * sigma.count)
        let size = clean.count / sigma.count
        let fresh = settings.random(.gapNoise).normals(from: UInt64(first) * UInt64(size), count: clean.count)
        for image in sigma.indices {
            let start = sigma[image] * shares[2 * image].squareRoot()
            for i in image * size..<(image + 1) * size { clean[i] += start * fresh[i] }
        }
        gaps = sigma.indices.map { sigma[$0] * (1 - shares[2 * $0]).squareRoot() }
    }

    private mutating func addCopies(
        of met: [TrainingImages.Met], _ bank: NoisedBank, _ settings: TrainingSettings, from first: Int
    ) {
        let shares = settings.random(.gap).uniforms(from: UInt64(first) * 2, count: 2 * sigma.count)
        let size = clean.count / sigma.count
        var gaps: [Double] = []
        for image in sigma.indices {
            // Below the bank's second level no copy would have less noise.
            sigma[image] = max(sigma[image], NoisedBank.levels[1])
            let level = NoisedBank.level(sigma: sigma[image], share: shares[2 * image])
            let copy = bank.copy(share: shares[2 * image + 1])
            let start = NoisedBank.levels[level]
            let noise = bank.noise(
                image: met[image].image, mirrored: met[image].mirrored, copy: copy, level: level, size: size)
            for i in 0..<size { clean[image * size + i] += start * noise[i] }
            gaps.append(((sigma[image] - start) * (sigma[image] + start)).squareRoot())
        }
        self.gaps = gaps
    }
}
