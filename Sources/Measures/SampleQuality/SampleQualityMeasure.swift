import Diffusion
import JobContract
import Quantities
import Tensors

/// How near samples are to real images as a distribution: squared Fréchet distances of normal distributions fitted to
/// both, in spaces that need no download: the pixels in [−1, 1], and the vectors of a fixed random convolutional map
/// (`RandomFeatures`). These are not the FID of the literature, whose network is Inception, and no number of one is
/// comparable with the other.
///
/// `pixel_` and `feature_`:
/// - `frechet_training`: samples against training images; `frechet_held_out`: against held-out images;
/// - `frechet_baseline`: held-out images against training images, what real images of no training get.
///
/// A distance of few images is biased by their number, so samples and held-out images are as many: `n`, the smaller of the
/// two numbers; of training images the first `most` count, with mirror images where training mirrored.
package struct SampleQualityMeasure: Measure {
    package static let entry = MeasureEntry.sampleQuality
    package static let defaults: [String: JSONValue] = [
        "samples": 256, "sampler": "heun", "steps": 18, "seed": 0, "most": 2048,
    ]

    let sampling: LatentSampling
    let most: Int

    package init(parameters: [String: JSONValue]) throws {
        let reader = try ParameterReader(Self.self, parameters)
        sampling = try LatentSampling(reader)
        most = try reader.integer("most", 2...100_000)
    }

    package func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        let count = min(sampling.samples, subject.heldOut.shape[0])
        guard count > 1, subject.training.shape[0] > 0 else {
            throw MeasureError(
                "sample-quality compares distributions: it needs training images, and at least two samples and two "
                    + "held-out images (dataset.held_out is \(subject.heldOut.shape[0]))")
        }
        try subject.requireSampler(for: Self.name)
        let drawn = try sampling.draw(from: subject.denoiser, progress: progress)
        func beat() throws { try progress(sampling.samples, sampling.samples) }
        let (samples, heldOut) = (drawn.entries(0..<count), subject.heldOut.entries(0..<count))
        let some = subject.training.entries(0..<min(most, subject.training.shape[0]))
        let training = subject.flips ? some.withFlips : some
        let features = RandomFeatures(channels: samples.shape[1])
        var rows: [MeasureRow] = []
        for space in ["pixel", "feature"] {
            func moments(_ images: Tensor<Float>) throws -> FactoredMoments {
                FactoredMoments(
                    of: space == "pixel"
                        ? images.rows(0..<images.shape[0]) : try features.rows(of: images, beat: beat))
            }
            let (ofSamples, ofHeldOut) = (try moments(samples), try moments(heldOut))
            let ofTraining = try moments(training)
            for (name, first, second) in [
                ("training", ofSamples, ofTraining), ("held_out", ofSamples, ofHeldOut),
                ("baseline", ofHeldOut, ofTraining),
            ] {
                let distance = try first.frechetDistance(to: second, beat: beat)
                rows.append(MeasureRow(quantity: "\(space)_frechet_\(name)", value: distance, n: count))
            }
        }
        return MeasureResult(rows: rows, artifacts: [])
    }
}
