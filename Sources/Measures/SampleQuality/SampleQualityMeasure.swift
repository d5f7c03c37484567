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
/// - `frechet_training`: samples against training images; `frechet_held_out`: samples against held-out images;
/// - `frechet_baseline`: held-out images against training images, which is what new real images get; `frechet_control`:
///   held-out images against other held-out images, which is what the small number of images makes.
///
/// A distance of few images is biased by their number. So both sides of each distance have the same `n` images: the least of
/// `most`, the numbers of samples and of training images, and half the number of held-out images. Where training mirrored,
/// every other of the real images is mirrored. Errors are by the delete-a-group jackknife, with ten groups of both sides.
package struct SampleQualityMeasure: Measure {
    package static let entry = MeasureEntry.sampleQuality
    package static let parameters =
        LatentSampling.parameters(least: 2) + [
            .integer("most", 2...100_000, 2048, "images on each side of a distance, at most")
        ] + Draws.parameters
    package static let rules = [MeasureRule(.heldOut, least: 4), MeasureRule(.training, least: 2)]

    let sampling: LatentSampling
    let most: Int

    package init(parameters: [String: JSONValue]) throws {
        let reader = try ParameterReader(Self.self, parameters)
        sampling = try LatentSampling(reader)
        most = try reader.integer("most")
    }

    package func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        let count = min(sampling.samples, subject.heldOut.shape[0] / 2, subject.training.shape[0], most)
        guard count > 1 else {
            throw MeasureError(
                "sample-quality compares distributions: it needs two samples and training images or more, and four held-out "
                    + "images (dataset.held_out is \(subject.heldOut.shape[0]))")
        }
        try subject.requireSampler(for: Self.name)
        let key = sampling.draws.key(of: subject)
        let drawn = try sampling.draw(from: subject.denoiser, key: key, progress: progress)
        func beat() throws { try progress(sampling.samples, sampling.samples) }
        func real(_ images: Tensor<Float>, from first: Int = 0) -> Tensor<Float> {
            let some = images.entries(first..<first + count)
            return subject.flips ? some.mirroredAtOdd : some
        }
        let images = [
            drawn.entries(0..<count), real(subject.training), real(subject.heldOut), real(subject.heldOut, from: count),
        ]
        let features = RandomFeatures(channels: drawn.shape[1])
        var rows: [MeasureRow] = []
        for space in ["pixel", "feature"] {
            let vectors = try images.map { images in
                space == "pixel" ? images.rows(0..<count) : try features.rows(of: images, beat: beat)
            }
            for (name, first, second) in [
                ("training", 0, 1), ("held_out", 0, 2), ("baseline", 2, 1), ("control", 2, 3),
            ] {
                let distance = try Self.distance(vectors[first], vectors[second], beat: beat)
                rows.append(distance.row("\(space)_frechet_\(name)"))
            }
        }
        return MeasureResult(rows: rows, artifacts: [])
    }

    private static let groups = 10

    /// The squared Fréchet distance of two sets of as many rows. Its error is √((g−1)/g Σ (θᵢ − θ̄)²), where θᵢ is the
    /// distance without the rows j of both sets for which j is i modulo g.
    private static func distance(_ first: Matrix, _ second: Matrix, beat: () throws -> Void) throws -> Estimate {
        func distance(_ a: Matrix, _ b: Matrix) throws -> Double {
            try FactoredMoments(of: a).frechetDistance(to: FactoredMoments(of: b), beat: beat)
        }
        let (whole, count) = (try distance(first, second), min(groups, first.rows))
        guard count > 2 else { return Estimate(value: whole, n: first.rows, stderr: .nan) }
        let others = try (0..<count).map { group in
            try distance(first.without(group, of: count), second.without(group, of: count))
        }
        let mean = others.reduce(0, +) / Double(count)
        let spread = others.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } * Double(count - 1) / Double(count)
        return Estimate(value: whole, n: first.rows, stderr: spread.squareRoot())
    }
}

extension Matrix {
    /// The rows whose number is not `group` modulo `groups`.
    fileprivate func without(_ group: Int, of groups: Int) -> Matrix {
        let kept = (0..<rows).filter { $0 % groups != group }
        return Matrix(
            rows: kept.count, columns: columns,
            values: kept.flatMap { values[$0 * columns..<($0 + 1) * columns] })
    }
}

extension Tensor<Float> {
    /// Every other image mirrored, so that there are as many mirrored images as others.
    fileprivate var mirroredAtOdd: Tensor<Float> {
        let mirrored = flippedHorizontally
        return Tensor(
            shape: shape, values: (0..<shape[0]).flatMap { $0 % 2 == 0 ? self[row: $0] : mirrored[row: $0] })
    }
}
