import Diffusion
import JobContract
import Quantities
import Tensors

/// Whether samples are copies of training images.
///
/// Samples start from the latents of `LatentSampling`.
///
/// - `gl_score`: mean ‖x − NN(x)‖/‖x‖ of samples; `gl_held_out`: the same of held-out images; `gl_relative`: their
///   ratio.
/// - `copied`: share of samples with d₁/d₂ < ⅓, undefined for one training image; `copied_held_out`: the same of
///   held-out images.
/// - `copy_auc`: P(d₁(sample) < d₁(held-out)) + ½P(=), over all held-out images; undefined with fewer than 256 samples
///   or held-out images. Its `n` is the smaller of the two numbers. It tells of nearness of any kind: blurred held-out
///   images are near too.
/// - `gl_gaussian`, `copy_auc_gaussian`: the same of the samples μ + Σ^½z that the Gaussian of the training subset draws
///   from the same latents, which copies nothing.
package struct MemorizationMeasure: Measure {
    package static let entry = MeasureEntry.memorization
    package static let parameters = LatentSampling.parameters() + Draws.parameters

    let sampling: LatentSampling

    package init(parameters: [String: JSONValue]) throws {
        sampling = try LatentSampling(try ParameterReader(Self.self, parameters))
    }

    package func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        guard subject.training.shape[0] > 0 else { throw MeasureError("memorization needs training images") }
        try subject.requireSampler(for: Self.name)
        let key = sampling.draws.key(of: subject)
        let drawn = try sampling.draw(from: subject.denoiser, key: key, progress: progress)
        let training = NearestNeighbours(images: subject.training, flips: subject.flips)
        let beat = { try progress(sampling.samples, sampling.samples) }
        let ofSamples = try CopyStatistics(of: drawn, near: training, beat: beat)
        let ofHeldOut = try CopyStatistics(of: subject.heldOut, near: training, beat: beat)
        let gaussian = try gaussianDenoiser(of: subject.training, flips: subject.flips, beat: beat)
        let ofGaussian = try CopyStatistics(
            of: gaussian.samples(seed: key, count: sampling.samples, beat: beat), near: training, beat: beat)
        return MeasureResult(
            rows: rows(ofSamples, ofHeldOut, ofGaussian),
            artifacts: [
                Self.samples(drawn, ofSamples.neighbours),
                try Self.pictures(drawn, ofSamples.neighbours, subject.training),
            ].compactMap(\.self))
    }

    /// A safetensors file for people: the samples in [−1, 1], which training image each is nearest to, and how near.
    private static func samples(_ samples: Tensor<Float>, _ neighbours: [NeighbourPair]) -> MeasureResult.Artifact {
        var file = SafetensorsFile(name: "samples")
        file.set("samples", samples)
        file.set("nearest", neighbours.map { Int64($0.index) })
        file.set("distance", Tensor<Double>(shape: [neighbours.count], values: neighbours.map(\.first)))
        return MeasureResult.Artifact(
            name: "samples.safetensors", mediaType: "application/octet-stream", bytes: file.serialized())
    }

    /// A picture of the first samples, each beside the training image nearest to it, four such pairs to a row.
    private static func pictures(
        _ samples: Tensor<Float>, _ neighbours: [NeighbourPair], _ training: Tensor<Float>
    ) throws -> MeasureResult.Artifact? {
        let shown = neighbours.prefix(32)
        let nearest = training.picked(shown.map(\.index))
        let images = shown.indices.flatMap { Array(samples[row: $0]) + Array(nearest[row: $0]) }
        return try .picture(
            "neighbours.png", Tensor(shape: [2 * shown.count] + samples.shape.dropFirst(), values: images), columns: 8)
    }

    private func rows(
        _ samples: CopyStatistics, _ heldOut: CopyStatistics, _ gaussian: CopyStatistics
    ) -> [MeasureRow] {
        func row(_ quantity: String, _ estimate: Estimate?, _ n: Int) -> MeasureRow {
            estimate?.row(quantity) ?? MeasureRow(quantity: quantity, value: nil, n: n)
        }
        let n = samples.neighbours.count
        let m = heldOut.neighbours.count
        return [
            samples.score.row("gl_score"),
            heldOut.score.row("gl_held_out"),
            Estimate.ratio(samples.score, heldOut.score).row("gl_relative"),
            row("copied", samples.copied, n),
            row("copied_held_out", heldOut.copied, m),
            row("copy_auc", chance(samples, heldOut), min(n, m)),
            gaussian.score.row("gl_gaussian"),
            row("copy_auc_gaussian", chance(gaussian, heldOut), min(n, m)),
        ]
    }

    /// The least number of samples, and of held-out images, for a `copy_auc`.
    private static let fewestOfEach = 256

    private func chance(_ samples: CopyStatistics, _ heldOut: CopyStatistics) -> Estimate? {
        guard min(samples.distances.count, heldOut.distances.count) >= Self.fewestOfEach else { return nil }
        return Estimate(chance: samples.distances, isBelow: heldOut.distances)
    }
}
