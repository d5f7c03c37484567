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
/// - `collapse_sigma`, `collapse_sigma_held_out`: the greatest σ at which `coincidence` is ½. The levels, and others beyond
///   them where all lie on one side, tell between which two; there bisection of the function itself finds it to a millionth.
///   Undefined for one image. Its error is that of `coincidence` there over the function's slope.
///
/// Image i is image i modulo their number, with noise keyed by (seed, i), the same for all trainings. Mirror images are
/// images of their own where training flips.
package struct PosteriorMeasure: Measure {
    package static let entry = MeasureEntry.posterior
    package static let parameters: [MeasureParameter] = [
        .samples(256, "noised images a level"), .sigmas(LinearityMeasure.levels), Draws.seed,
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
        let total = sources.count * (levels.count + Self.bisections) * sampling.samples
        var done = 0
        var rows: [MeasureRow] = []
        for (suffix, images) in sources {
            let noised = NoisedImages(images: images, seed: sampling.draws.key(of: subject))
            /// Σw² of every draw.
            func squares(_ sigma: Double) throws -> [Double] {
                var squares: [Double] = []
                for block in blocks(of: sampling.samples, by: 16) {
                    try progress(min(done, total), total)
                    let x = noised.block(block, sigma: sigma)
                    let weights = optimum.weights(of: x, sigma: [Double](repeating: sigma, count: block.count))
                    squares += weights.halfSquares.map { 2 * $0 }
                    done += block.count
                }
                return squares
            }
            let clusters = images.shape[0]
            func coincidence(_ sigma: Double) throws -> Estimate {
                Estimate(meanOf: try squares(sigma), cycling: clusters)
            }
            var curve: [(sigma: Double, value: Double)] = []
            for sigma in levels {
                let found = try squares(sigma)
                let estimate = Estimate(meanOf: found, cycling: clusters)
                curve.append((sigma, estimate.value))
                rows += [
                    Estimate(meanOf: found.map { 1 / $0 }, cycling: clusters)
                        .row("effective_count" + suffix, sigma: sigma),
                    estimate.row("coincidence" + suffix, sigma: sigma),
                ]
            }
            let collapse = try Self.collapse(curve, coincidence)
            rows.append(
                collapse?.row("collapse_sigma" + suffix)
                    ?? MeasureRow(quantity: "collapse_sigma" + suffix, value: nil, n: sampling.samples))
        }
        return MeasureResult(rows: rows, artifacts: [])
    }

    private static let bisections = 22
    /// The search ends at these levels.
    private static let farthest = (low: 1e-9, high: 1e9)

    /// The greatest σ at which `coincidence` passes ½; nil where it passes it nowhere. `curve` has its values at some
    /// levels, the greatest level first.
    private static func collapse(
        _ curve: [(sigma: Double, value: Double)], _ coincidence: (Double) throws -> Estimate
    ) throws -> Estimate? {
        guard var high = curve.first else { return nil }
        var low = high
        if high.value >= 0.5 {
            while high.value >= 0.5 {
                low = high
                guard high.sigma < farthest.high else { return nil }
                high = (high.sigma * 2, try coincidence(high.sigma * 2).value)
            }
        } else if let place = curve.firstIndex(where: { $0.value >= 0.5 }) {
            (high, low) = (curve[place - 1], curve[place])
        } else {
            low = curve[curve.count - 1]
            while low.value < 0.5 {
                high = low
                guard low.sigma > farthest.low else { return nil }
                low = (low.sigma / 2, try coincidence(low.sigma / 2).value)
            }
        }
        // Levels of a ratio up to 66, whose logarithm is halved 22 times, are a millionth apart then.
        for _ in 0..<bisections {
            let middle = (low.sigma * high.sigma).squareRoot()
            let value = try coincidence(middle).value
            if value >= 0.5 { low = (middle, value) } else { high = (middle, value) }
        }
        let sigma = (low.sigma * high.sigma).squareRoot()
        let (below, above) = (try coincidence(sigma * 0.99), try coincidence(sigma * 1.01))
        let slope = (above.value - below.value) / (0.02 * sigma)
        let error = try coincidence(sigma).stderr
        return Estimate(value: sigma, n: below.n, stderr: slope < 0 ? error / -slope : .nan)
    }
}
