import Diffusion
import JobContract
import Quantities
import Tensors

/// Whether two networks are the same function, though trained on different images (Kadkhodaie et al. 2024, section 3;
/// Li et al. 2024, figures 9 and 26): strong generalization when they were trained on disjoint halves. Any two
/// checkpoints of images of one shape can be compared.
///
/// The first network is that of the job's trial, which has the least value of the keys in which the trials differ, such as
/// the smaller size.
///
/// Both start from the same latents. Cosines are of images less their own mean pixel; with `_uncentred`, of images as they
/// are. Each has a histogram.
/// - `cosine`: between the two samples of a latent; `cosine_other`: between the first network's sample and the other's of
///   the next latent, which is what `cosine` would be if latents did not matter.
/// - `cosine_training`, `cosine_training_other`: the largest cosine of a sample of the first, or of the other, with an image
///   of its own training set. `cosine_held_out`: the same of the first's samples with one of k held-out images, and
///   `cosine_training_as_many` with one of the first k training images, where k is the smaller of the two numbers: what
///   nearness alone gives.
/// - `cosine_sets`: the largest cosine of a training image of the first with one of the other.
/// - `gaussian_cosine`: between the samples μ + Σ^½z that the Gaussians of the two training sets draw from the same latents;
///   and the distances of their means and covariances, with the expected ones (`GaussianPair`).
/// - by sigma, on noised held-out images of the first: `rmse`, `rmse_pooled`, `nrmse` between the networks, the last
///   relative to the mean of both norms, and `gaussian_rmse` and so on between the Gaussians.
package struct AgreementMeasure: Measure {
    package static let entry = MeasureEntry.agreement
    package static let parameters =
        LatentSampling.parameters() + [.sigmas(NoisedSampling.tenLevels), .others] + Draws.parameters
    package static let rules = [MeasureRule(.shape), NoisedSampling.rule]

    let sampling: NoisedSampling
    let sampler: LatentSampling

    package init(parameters: [String: JSONValue]) throws {
        let reader = try ParameterReader(Self.self, parameters)
        sampling = try NoisedSampling(reader)
        sampler = try LatentSampling(reader)
    }

    package func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        guard let other = subject.others.first, subject.others.count == 1 else {
            throw MeasureError("agreement compares two checkpoints, but the job names \(subject.others.count + 1)")
        }
        guard subject.denoiser.imageShape == other.denoiser.imageShape else {
            throw MeasureError("agreement compares networks of images of one shape; these have two")
        }
        for subject in [subject, other] { try subject.requireSampler(for: Self.name) }
        let levels = sampling.levels(of: subject.denoiser).filter { other.denoiser.levels.contains($0) }
        let total = sampling.samples * (2 + levels.count)
        let key = sampling.draws.key(of: subject)
        let first = try sampler.draw(from: subject.denoiser, key: key) { done, _ in try progress(done, total) }
        let second = try sampler.draw(from: other.denoiser, key: key) { done, _ in
            try progress(sampling.samples + done, total)
        }
        let beat = { try progress(2 * sampling.samples, total) }
        let gaussians = GaussianPair(
            first: try gaussianDenoiser(of: subject.training, flips: subject.flips, beat: beat),
            second: try gaussianDenoiser(of: other.training, flips: other.flips, beat: beat))
        var rows: [MeasureRow] = []
        let drawn = (
            try gaussians.first.samples(seed: key, count: sampling.samples, beat: beat),
            try gaussians.second.samples(seed: key, count: sampling.samples, beat: beat)
        )
        let asMany = min(subject.training.shape[0], subject.heldOut.shape[0])
        for (centred, suffix) in [(true, ""), (false, "_uncentred")] {
            func add(_ cosines: [Double], _ quantity: String) {
                rows += CosineHistogram(cosines: cosines).rows(quantity + suffix)
            }
            let (a, b) = (Directions(first, centred: centred), Directions(second, centred: centred))
            add(a.cosines(with: b), "cosine")
            if sampling.samples > 1 { add(a.cosines(with: b.turned), "cosine_other") }
            if asMany > 0 {
                let heldOut = subject.heldOut.entries(0..<asMany)
                let some = subject.training.entries(0..<asMany)
                for (images, quantity) in [(heldOut, "cosine_held_out"), (some, "cosine_training_as_many")] {
                    add(
                        try a.largestCosines(
                            among: subject.flips ? images.withFlips : images, centred: centred, beat: beat), quantity)
                }
            }
            let (ours, theirs) = (subject.trainingImages, other.trainingImages)
            add(try a.largestCosines(among: ours, centred: centred, beat: beat), "cosine_training")
            add(try b.largestCosines(among: theirs, centred: centred, beat: beat), "cosine_training_other")
            let some = subject.training.entries(0..<min(subject.training.shape[0], Self.mostOfSet))
            add(
                try Directions(some, centred: centred).largestCosines(among: theirs, centred: centred, beat: beat),
                "cosine_sets")
            add(
                Directions(drawn.0, centred: centred).cosines(with: Directions(drawn.1, centred: centred)),
                "gaussian_cosine")
        }
        let source = try gaussianDenoiser(of: subject.source(), flips: subject.flips, beat: beat)
        rows += try gaussians.rows(
            relativeTo: source, counts: (subject.training.shape[0], other.training.shape[0]),
            shared: subject.training.rowsShared(with: other.training), beat: beat)
        for (index, sigma) in levels.enumerated() {
            rows += try distances(subject, other.denoiser, gaussians, key, sigma: sigma) { done in
                try progress((2 + index) * sampling.samples + done, total)
            }
        }
        return MeasureResult(rows: rows, artifacts: [try pictures(first, second, subject, other)].compactMap(\.self))
    }

    /// The most training images of the first that are compared with the other's set.
    private static let mostOfSet = 1000

    private func distances(
        _ subject: MeasureSubject, _ other: any Denoiser, _ gaussians: GaussianPair, _ key: UInt64,
        sigma: Double, progress: (Int) throws -> Void
    ) throws -> [MeasureRow] {
        guard subject.heldOut.shape[0] > 0 else { return [] }
        let noised = NoisedImages(images: subject.heldOut, seed: key)
        var ofNetworks = DenoiserDistance(images: subject.heldOut.shape[0])
        var ofGaussians = DenoiserDistance(images: subject.heldOut.shape[0])
        for block in blocks(of: sampling.samples, by: min(subject.denoiser.batch, other.batch)) {
            try progress(block.lowerBound)
            let noisy = noised.block(block, sigma: sigma)
            let levels = [Double](repeating: sigma, count: block.count)
            ofNetworks.add(subject.denoiser.denoise(noisy, sigma: levels), other.denoise(noisy, sigma: levels))
            ofGaussians.add(
                gaussians.first.denoise(noisy, sigma: levels), gaussians.second.denoise(noisy, sigma: levels))
        }
        return ofNetworks.rows(sigma: sigma, isPair: true)
            + ofGaussians.rows(sigma: sigma, isPair: true).map { row in
                var row = row
                row.quantity = "gaussian_" + row.quantity
                return row
            }
    }

    /// A picture with, in each row, a sample of the first, one of the other, and the training image of each that is nearest
    /// to its sample.
    private func pictures(
        _ first: Tensor<Float>, _ second: Tensor<Float>, _ subject: MeasureSubject, _ other: MeasureSubject
    ) throws -> MeasureResult.Artifact? {
        let shown = 0..<min(sampling.samples, 16)
        let neighbours = [(first, subject), (second, other)].map { samples, subject in
            let nearest = NearestNeighbours(images: subject.training, flips: subject.flips)
                .pairs(of: samples.entries(shown))
            return subject.training.picked(nearest.map(\.index))
        }
        let images = shown.flatMap { number in
            [first, second, neighbours[0], neighbours[1]].flatMap { Array($0[row: number]) }
        }
        return try .picture(
            "pairs.png", Tensor(shape: [4 * shown.count] + first.shape.dropFirst(), values: images), columns: 4)
    }
}

extension MeasureSubject {
    /// The training subset, with mirror images where training mirrored.
    fileprivate var trainingImages: Tensor<Float> { flips ? training.withFlips : training }
}
