import Diffusion
import JobContract
import Quantities
import Tensors

/// Whether a denoiser projects onto its training images, by noise level (Permenter & Yuan 2024, sections 3 and 4).
///
/// With proj(x) the training image nearest to the noisy x, dist its distance, and σε = x − D(x; σ):
/// - `projection_error`: E ‖x − σε − proj(x)‖/dist, which is E ‖σε − ½∇dist²(x)‖/‖½∇dist²(x)‖ too;
///   `projection_error_multi_delta`: the same of the optimum for the training images in place of the network;
/// - `gradient_error`: E ‖σε − ½∇dist²(x, σ)‖/dist, where dist²(x, σ) = −2σ² ln Σ exp(−‖x−y‖²/(2σ²)) is the smoothed
///   distance, whose half gradient is x − D_M;
/// - `noise_ratio`: E √d·σ/dist, which the paper bounds from both sides.
///
/// The x are noised training images; with `_held_out`, noised held-out images. Image i is image i modulo their number, with
/// noise i of `Draws`. Levels that the network is not for are left out.
package struct ProjectionMeasure: Measure {
    package static let entry = MeasureEntry.projection
    package static let parameters = NoisedSampling.parameters(NoisedSampling.tenLevels)
    package static let rules = [NoisedSampling.rule]

    let sampling: NoisedSampling

    package init(parameters: [String: JSONValue]) throws {
        sampling = try NoisedSampling(try ParameterReader(Self.self, parameters))
    }

    package func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        guard subject.training.shape[0] > 0 else { throw MeasureError("projection needs training images") }
        let training = subject.flips ? subject.training.withFlips : subject.training
        let neighbours = NearestNeighbours(images: training, flips: false)
        let optimum = MultiDeltaDenoiser(images: training, flips: false)
        let levels = sampling.levels(of: subject.denoiser)
        let sources = [("", subject.training), ("_held_out", subject.heldOut)].filter { $0.1.shape[0] > 0 }
        let total = sources.count * levels.count * sampling.samples
        var done = 0
        let beat = { try progress(done, total) }
        var rows: [MeasureRow] = []
        for (suffix, images) in sources {
            let noised = NoisedImages(images: images, seed: sampling.draws.key(of: subject))
            for sigma in levels {
                var found: [(ofNetwork: Double, ofOptimum: Double, ofGradient: Double, noise: Double)] = []
                for block in blocks(of: sampling.samples, by: 64) {
                    let x = noised.block(block, sigma: sigma)
                    let network = try subject.denoiser.denoise(x, at: sigma, beat: beat)
                    let best = try optimum.denoise(x, at: sigma, beat: beat)
                    for (place, nearest) in try neighbours.pairs(of: x, beat: beat).enumerated() {
                        let target = training[row: nearest.index]
                        found.append(
                            (
                                Self.distance(network[row: place], target) / nearest.first,
                                Self.distance(best[row: place], target) / nearest.first,
                                Self.distance(network[row: place], best[row: place]) / nearest.first,
                                Double(x.stride).squareRoot() * sigma / nearest.first
                            ))
                    }
                    done += block.count
                }
                func row(_ quantity: String, _ values: [Double]) -> MeasureRow {
                    Estimate(meanOf: values, cycling: images.shape[0]).row(quantity + suffix, sigma: sigma)
                }
                rows += [
                    row("projection_error", found.map(\.ofNetwork)),
                    row("projection_error_multi_delta", found.map(\.ofOptimum)),
                    row("gradient_error", found.map(\.ofGradient)), row("noise_ratio", found.map(\.noise)),
                ]
            }
        }
        return MeasureResult(rows: rows, artifacts: [])
    }

    private static func distance(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double {
        zip(a, b).reduce(0.0) { sum, pair in
            let difference = Double(pair.0) - Double(pair.1)
            return sum + difference * difference
        }.squareRoot()
    }
}
