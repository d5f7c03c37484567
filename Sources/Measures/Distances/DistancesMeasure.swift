import Diffusion
import JobContract
import Quantities
import Tensors

/// How far denoisers are from one another, by noise level, on noised held-out images (Li et al. 2024, section 3).
///
/// The denoisers: `network`; `distilled`, the affine fit to it (`DistillationMeasure`); `gaussian`, of the network's own
/// training subset; `source_gaussian`, of all images of the dataset but those held out; `stationary`, the Fourier Wiener
/// filter, and `wavelet` shrinkage, of the training subset; `multi_delta`, the optimum for the training subset itself;
/// `local_patches` and `equivariant_patches`, the optima of denoisers that see a window only. For a pair A, B of them, and d
/// pixels:
/// - `rmse_A_B`: E √(‖A−B‖²/d), the mean of roots (eq. 10); `rmse_pooled_A_B`: √(E ‖A−B‖²/d);
/// - `nrmse_A_B`: E ‖A−B‖/‖A‖, not squared (eq. 53).
///
/// A fit takes `inputs` noised images a level or more, with noises that no distance is taken on. Windows are of the first
/// `patch_images` training images. Their size is that of `patches` whose results for eight other noised images are nearest
/// to the network's; `patch_local_patches` and `patch_equivariant_patches` tell it.
///
/// Image i is held-out image i modulo their number, as in `gaussian-distance`. Levels that the network is not for are left
/// out.
package struct DistancesMeasure: Measure {
    package static let entry = MeasureEntry.distances
    package static let parameters =
        NoisedSampling.parameters(NoisedSampling.tenLevels) + [
            .of(
                ParameterDeclaration(
                    name: "pairs", kind: .text, choices: Side.functions.map(\.rawValue), words: 2, list: .init(),
                    meaning: "the two denoisers of each distance"),
                [
                    "network gaussian", "network multi_delta", "network source_gaussian", "network stationary",
                    "network wavelet", "gaussian multi_delta", "gaussian source_gaussian",
                ]),
            .inputs(when: ["pairs": [Side.distilled.rawValue]]),
            .of(
                ParameterDeclaration(
                    name: "patches", kind: .integer, least: 1, most: 999, step: 2, list: .init(),
                    when: ["pairs": Side.patches.map(\.rawValue)], meaning: "sides that windows may have"),
                [3, 5, 9, 15]),
            .integer(
                "patch_images", 1...1_000_000, 256, when: ["pairs": Side.patches.map(\.rawValue)],
                "training images that windows are taken of, at most"),
        ]
    package static let rules = [MeasureRule(.heldOut, least: 1), NoisedSampling.rule]

    typealias Side = ComparedDenoisers.Side

    let sampling: NoisedSampling
    let pairs: [(Side, Side)]
    let fitting: ComparedDenoisers.Fitting

    package init(parameters: [String: JSONValue]) throws {
        let reader = try ParameterReader(Self.self, parameters)
        sampling = try NoisedSampling(reader)
        fitting = try ComparedDenoisers.Fitting(reader)
        pairs = try reader.words("pairs", Side.self).map { ($0[0], $0[1]) }
    }

    package func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        guard subject.heldOut.shape[0] > 0 else {
            throw MeasureError("distances needs held-out images, but dataset.held_out is 0")
        }
        let levels = sampling.levels(of: subject.denoiser)
        let total = levels.count * sampling.samples
        let compared = try ComparedDenoisers(subject, Set(pairs.flatMap { [$0.0, $0.1] }), fitting) {
            try progress(0, total)
        }
        let noised = NoisedImages(images: subject.heldOut, seed: sampling.draws.key(of: subject))
        var rows: [MeasureRow] = []
        for (index, sigma) in levels.enumerated() {
            let (denoisers, fits) = try compared.at(sigma) { try progress(index * sampling.samples, total) }
            rows += fits
            var distances = pairs.map { _ in DenoiserDistance(images: subject.heldOut.shape[0]) }
            for block in blocks(of: sampling.samples, by: subject.denoiser.batch) {
                func beat() throws { try progress(index * sampling.samples + block.lowerBound, total) }
                try beat()
                let noisy = noised.block(block, sigma: sigma)
                let outputs = try denoisers.mapValues {
                    $0.batch < block.count
                        ? try $0.denoise(noisy, at: sigma, beat: beat)
                        : $0.denoise(noisy, sigma: [Double](repeating: sigma, count: block.count))
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
