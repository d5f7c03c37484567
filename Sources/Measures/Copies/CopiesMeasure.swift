import Diffusion
import JobContract
import Quantities
import Tensors

/// Which training images samples copy (after Merger & Goldt 2026), and which samples are near one another instead (after
/// Pham et al. 2025).
///
/// The samples, and what is a copy, are those of `MemorizationMeasure` with the same parameters. An image and its mirror
/// image count as one where training flips. With C copies, C_i of them of training image i:
/// - `copies`: C_i by image, in the order of the training subset, whose first images smaller subsets are;
/// - `copied_images`: share of the images with C_i > 0;
/// - `copy_entropy`: −Σ (C_i/C) ln(C_i/C), undefined for C = 0, and `copy_entropy_most`, ln min(C, N), which it cannot pass;
/// - `nearest_other`: distance of image i to the nearest other over √d, and `copies_sparsity`, Spearman's correlation of it
///   with C_i, undefined where all of one of them are equal;
/// - `spurious`: share of samples that are no copies and have another sample nearer than a third of d₁. Where training flips,
///   mirror images of samples are near too, as those of training images are. Undefined with fewer than 256 samples, of which
///   each has too few neighbours.
///
/// For one training image all are undefined, as `copied` is.
///
/// Rows by image end at `positions`; a file has the numbers of all images.
package struct CopiesMeasure: Measure {
    package static let entry = MeasureEntry.copies
    package static let parameters =
        LatentSampling.parameters() + Draws.parameters + [
            // A line of events must hold the rows (`EventLine.limit`).
            .integer("positions", 0...8192, 4096, "training images that have rows of their own, the first ones")
        ]

    let sampling: LatentSampling
    let positions: Int

    package init(parameters: [String: JSONValue]) throws {
        let reader = try ParameterReader(Self.self, parameters)
        sampling = try LatentSampling(reader)
        positions = try reader.integer("positions")
    }

    package func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        guard subject.training.shape[0] > 0 else { throw MeasureError("copies needs training images") }
        try subject.requireSampler(for: Self.name)
        let drawn = try sampling.draw(
            from: subject.denoiser, key: sampling.draws.key(of: subject), progress: progress)
        let beat = { try progress(sampling.samples, sampling.samples) }
        let training = NearestNeighbours(images: subject.training, flips: subject.flips)
        let near = try training.pairs(of: drawn, beat: beat)
        let amongSamples = try NearestNeighbours(images: drawn, flips: subject.flips).pairs(of: drawn, beat: beat)
        // The nearest to an image is itself, or one that equals it.
        let apart = try training.pairs(of: subject.training, beat: beat).map {
            $0.second.map { $0 / Double(subject.training.stride).squareRoot() }
        }
        let counts = Self.counts(near, of: subject.training.shape[0])
        return MeasureResult(
            rows: rowsByImage(counts, apart) + rows(counts, apart) + [spurious(near, amongSamples)],
            artifacts: [Self.file(counts, apart)])
    }

    /// How many samples copy each training image; nil where nothing says what a copy is.
    private static func counts(_ near: [NeighbourPair], of images: Int) -> [Int]? {
        var counts = [Int](repeating: 0, count: images)
        for pair in near {
            guard let isCopy = pair.isCopy else { return nil }
            if isCopy { counts[pair.index] += 1 }
        }
        return counts
    }

    private func rowsByImage(_ counts: [Int]?, _ apart: [Double?]) -> [MeasureRow] {
        let n = sampling.samples
        return apart.prefix(positions).indices.flatMap { image in
            let share = counts.map { Double($0[image]) / Double(n) }
            return [
                MeasureRow(
                    quantity: "copies", position: image, value: counts.map { Double($0[image]) }, n: n,
                    stderr: share.map { (Double(n) * $0 * (1 - $0)).squareRoot() }),
                MeasureRow(quantity: "nearest_other", position: image, value: apart[image]),
            ]
        }
    }

    private func rows(_ counts: [Int]?, _ apart: [Double?]) -> [MeasureRow] {
        func row(_ quantity: String, _ n: Int, _ estimate: ([Int]) -> Estimate?) -> MeasureRow {
            counts.flatMap(estimate)?.row(quantity) ?? MeasureRow(quantity: quantity, value: nil, n: n)
        }
        let (images, all) = (apart.count, counts?.reduce(0, +) ?? 0)
        return [
            row("copied_images", images) { Estimate(shareOf: $0.map { $0 > 0 }) },
            row("copy_entropy", all) { Estimate(entropyOf: $0) },
            MeasureRow(
                quantity: "copy_entropy_most", value: all > 0 ? Elementary.log(Double(min(all, images))) : nil, n: all),
            row("copies_sparsity", images) {
                Estimate(rankCorrelation: $0.map(Double.init), apart.compactMap(\.self))
            },
        ]
    }

    /// A safetensors file for people: `copies` and `nearest_other` of all training images; −1 and not a number where they
    /// are undefined.
    private static func file(_ counts: [Int]?, _ apart: [Double?]) -> MeasureResult.Artifact {
        var file = SafetensorsFile(name: "copies")
        file.set("copies", counts?.map { Int64($0) } ?? apart.map { _ in -1 })
        file.set("nearest_other", Tensor<Double>(shape: [apart.count], values: apart.map { $0 ?? .nan }))
        return MeasureResult.Artifact(
            name: "copies.safetensors", mediaType: "application/octet-stream", bytes: file.serialized())
    }

    /// The least number of samples for `spurious`.
    private static let fewest = 256

    private func spurious(_ near: [NeighbourPair], _ amongSamples: [NeighbourPair]) -> MeasureRow {
        let found = zip(near, amongSamples).compactMap { training, others in
            training.isCopy.map { isCopy in !isCopy && others.second.map { 3 * $0 < training.first } ?? false }
        }
        guard near.count >= Self.fewest, found.count == near.count else {
            return MeasureRow(quantity: "spurious", value: nil, n: near.count)
        }
        return Estimate(shareOf: found).row("spurious")
    }
}
