import Diffusion
import JobContract
import Tensors

/// How far denoisers are from one another, by noise level, on noised held-out images (Li et al. 2024, section 3).
///
/// The denoisers: `network`; `gaussian`, of the network's own training subset; `source_gaussian`, of all images of the
/// dataset; `multi_delta`, the optimum for the training subset itself. For a pair A, B of them, and d pixels:
/// - `rmse_A_B`: E √(‖A−B‖²/d), the mean of roots (eq. 10); `rmse_pooled_A_B`: √(E ‖A−B‖²/d);
/// - `nrmse_A_B`: E ‖A−B‖/‖A‖, not squared (eq. 53).
///
/// Image i is held-out image i modulo their number, as in `gaussian-distance`. Levels that the network is not for are left
/// out.
package struct DistancesMeasure: Measure {
    package static let name = "distances"
    package static let version = 1
    package static let defaults: [String: JSONValue] = [
        "samples": 256,
        "pairs": [
            "network gaussian", "network multi_delta", "network source_gaussian", "gaussian multi_delta",
            "gaussian source_gaussian",
        ],
        "sigmas": GaussianDistanceMeasure.defaults["sigmas"] ?? [],
        "seed": 0,
    ]

    enum Side: String, CaseIterable { case network, gaussian, source_gaussian, multi_delta }

    let sampling: NoisedSampling
    let pairs: [(Side, Side)]

    package init(parameters: [String: JSONValue]) throws {
        let reader = try ParameterReader(Self.self, parameters)
        sampling = try NoisedSampling(reader)
        let names = Side.allCases.map(\.rawValue).joined(separator: ", ")
        pairs = try reader.texts("pairs", "a list of pairs like \"network gaussian\", out of \(names)") { text in
            let sides = text.split(separator: " ").compactMap { Side(rawValue: String($0)) }
            guard sides.count == 2, sides[0] != sides[1], text.split(separator: " ").count == 2 else { return nil }
            return (sides[0], sides[1])
        }
    }

    package func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        guard subject.heldOut.shape[0] > 0 else {
            throw MeasureError("distances needs held-out images, but dataset.held_out is 0")
        }
        let levels = sampling.levels(of: subject.denoiser)
        let total = levels.count * sampling.samples
        let beat = { try progress(0, total) }
        var denoisers: [Side: any Denoiser] = [:]
        for side in Set(pairs.flatMap { [$0.0, $0.1] }) {
            denoisers[side] =
                switch side {
                case .network: subject.denoiser
                case .gaussian: try gaussianDenoiser(of: subject.training, flips: subject.flips, beat: beat)
                case .source_gaussian: try gaussianDenoiser(of: subject.source(), flips: subject.flips, beat: beat)
                case .multi_delta: MultiDeltaDenoiser(images: subject.training, flips: subject.flips)
                }
        }
        let noised = NoisedImages(images: subject.heldOut, seed: sampling.seed)
        var rows: [MeasureRow] = []
        for (index, sigma) in levels.enumerated() {
            var distances = pairs.map { _ in DenoiserDistance(images: subject.heldOut.shape[0]) }
            for block in blocks(of: sampling.samples, by: subject.denoiser.batch) {
                try progress(index * sampling.samples + block.lowerBound, total)
                let noisy = noised.block(block, sigma: sigma)
                let outputs = denoisers.mapValues {
                    $0.denoise(noisy, sigma: [Double](repeating: sigma, count: block.count))
                }
                for (place, pair) in pairs.enumerated() {
                    guard let first = outputs[pair.0], let second = outputs[pair.1] else { continue }
                    distances[place].add(first, second)
                }
            }
            for (pair, distance) in zip(pairs, distances) {
                rows += distance.rows(sigma: sigma).map { row in
                    var row = row
                    row.quantity += "_\(pair.0.rawValue)_\(pair.1.rawValue)"
                    return row
                }
            }
        }
        return MeasureResult(rows: rows, artifacts: [])
    }
}
