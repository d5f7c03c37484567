import Diffusion
import JobContract
import Tensors

/// Whether samples are copies of training images (definitions.md, section 8).
///
/// Samples start from latents keyed by the measure's own seed, so that all denoisers are asked the same question.
///
/// - `gl_score`: mean ‖x − NN(x)‖/‖x‖ of samples; `gl_held_out`: the same of held-out images; `gl_relative`: their
///   ratio.
/// - `copied`: share of samples with d₁/d₂ < ⅓, undefined for one training image; `copied_held_out`: the same of
///   held-out images.
/// - `copy_auc`: P(d₁(sample) < d₁(held-out)) + ½P(=), over all held-out images; undefined with fewer than 256 samples
///   or held-out images. Its `n` is the smaller of the two numbers.
package struct MemorizationMeasure: Measure {
    package static let name = "memorization"
    package static let version = 1
    package static let defaults: [String: JSONValue] = ["samples": 256, "sampler": "heun", "steps": 18, "seed": 0]

    let samples: Int
    let method: ProbabilityFlowSampler.Method
    let steps: Int
    let seed: Int

    package init(parameters: [String: JSONValue]) throws {
        let reader = try ParameterReader(Self.self, parameters)
        samples = try reader.integer("samples", 1...1_000_000)
        method = try reader.choice("sampler", ProbabilityFlowSampler.Method.self)
        steps = try reader.integer("steps", 1...10_000)
        seed = try reader.integer("seed", 0...Int.max)
    }

    package func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        guard subject.training.shape[0] > 0 else { throw MeasureError("memorization needs training images") }
        try subject.requireSampler(for: Self.name)
        let drawn = try draw(from: subject.denoiser, progress: progress)
        let training = NearestNeighbours(images: subject.training, flips: subject.flips)
        let beat = { try progress(samples, samples) }
        let ofSamples = try CopyStatistics(of: drawn, near: training, beat: beat)
        let ofHeldOut = try CopyStatistics(of: subject.heldOut, near: training, beat: beat)
        return MeasureResult(
            rows: rows(ofSamples, ofHeldOut), artifacts: [artifact(drawn, ofSamples.neighbours)])
    }

    private func rows(_ samples: CopyStatistics, _ heldOut: CopyStatistics) -> [MeasureRow] {
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
        ]
    }

    /// The least number of samples and of held-out images that a `copy_auc` is taken of.
    private static let fewestOfEach = 256

    private func chance(_ samples: CopyStatistics, _ heldOut: CopyStatistics) -> Estimate? {
        guard min(samples.distances.count, heldOut.distances.count) >= Self.fewestOfEach else { return nil }
        return Estimate(chance: samples.distances, isBelow: heldOut.distances)
    }
}
