import Diffusion
import JobContract
import Quantities
import Tensors

/// How many training images the multi-delta optimum mixes, by noise level, and where it collapses onto one of them (after
/// Biroli et al. 2024). It says nothing of the network, only of its training subset.
///
/// With w the posterior of the training images for a noisy image:
/// - `effective_count`: E 1/Σw², over noised training images; `effective_count_held_out`: over noised held-out images;
/// - `coincidence`, `coincidence_held_out`: E Σw², the chance that two draws of the posterior are the same image;
/// - `collapse_sigma`, `collapse_sigma_held_out`: the greatest σ at which `coincidence` is ½, on straight lines in ln σ
///   between the levels; undefined where it does not cross ½ on them.
///
/// Image i is image i modulo their number, with noise keyed by (seed, i). Mirror images are images of their own where
/// training flips.
package struct PosteriorMeasure: Measure {
    package static let entry = MeasureEntry.posterior
    package static let defaults: [String: JSONValue] = [
        "samples": 256, "seed": 0, "sigmas": LinearityMeasure.defaults["sigmas"] ?? [],
    ]

    let sampling: NoisedSampling

    package init(parameters: [String: JSONValue]) throws {
        sampling = try NoisedSampling(try ParameterReader(Self.self, parameters))
    }

    package func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        guard subject.training.shape[0] > 0 else { throw MeasureError("posterior needs training images") }
        let optimum = MultiDeltaDenoiser(images: subject.training, flips: subject.flips)
        let sources = [("", subject.training), ("_held_out", subject.heldOut)].filter { $0.1.shape[0] > 0 }
        let levels = sampling.sigmas.sorted(by: >)
        let total = sources.count * levels.count * sampling.samples
        var rows: [MeasureRow] = []
        for (number, (suffix, images)) in sources.enumerated() {
            let noised = NoisedImages(images: images, seed: sampling.seed)
            var curve: [(sigma: Double, coincidence: Double)] = []
            for (index, sigma) in levels.enumerated() {
                var squares: [Double] = []
                for block in blocks(of: sampling.samples, by: 16) {
                    try progress((number * levels.count + index) * sampling.samples + block.lowerBound, total)
                    let x = noised.block(block, sigma: sigma)
                    let weights = optimum.weights(of: x, sigma: [Double](repeating: sigma, count: block.count))
                    squares += weights.halfSquares.map { 2 * $0 }
                }
                let clusters = images.shape[0]
                let coincidence = Estimate(meanOf: squares, cycling: clusters)
                curve.append((sigma, coincidence.value))
                rows += [
                    Estimate(meanOf: squares.map { 1 / $0 }, cycling: clusters)
                        .row("effective_count" + suffix, sigma: sigma),
                    coincidence.row("coincidence" + suffix, sigma: sigma),
                ]
            }
            rows.append(MeasureRow(quantity: "collapse_sigma" + suffix, value: Self.collapse(curve)))
        }
        return MeasureResult(rows: rows, artifacts: [])
    }

    /// Where a curve of falling σ first rises to ½.
    private static func collapse(_ curve: [(sigma: Double, coincidence: Double)]) -> Double? {
        for (above, below) in zip(curve, curve.dropFirst())
        where above.coincidence < 0.5 && below.coincidence >= 0.5 {
            let share = (0.5 - above.coincidence) / (below.coincidence - above.coincidence)
            let (start, end) = (Elementary.log(above.sigma), Elementary.log(below.sigma))
            return Elementary.exp(start + share * (end - start))
        }
        return nil
    }
}
