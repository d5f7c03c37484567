import Diffusion
import JobContract
import Quantities
import Tensors

/// How linear a denoiser is in its noisy input, by noise level (Li et al. 2024, section 3).
///
/// x₁, x₂ are noised held-out images, or pure noise, and α² + β² = 1, so that αx₁ + βx₂ has noise of the same level.
/// For f the denoiser, the score (D − x)/σ² and the residual D − c_skip·x of EDM's preconditioning:
/// - `ls`, `score_ls`, `residual_ls`: E |cos(f(αx₁+βx₂), αf(x₁)+βf(x₂))|;
/// - `nmse`, `score_nmse`, `residual_nmse`: E ‖f(αx₁+βx₂) − (αf(x₁)+βf(x₂))‖/‖f(αx₁+βx₂)‖, not squared (eq. 12);
///   `nmse_of_sum` divides by ‖αf(x₁)+βf(x₂)‖, as the published code does;
/// - `ls_centred`: E of the cosine about the training images' mean μ, with its sign, exactly 1 for affine denoisers:
///   cos(D(μ+α(x₁−μ)+β(x₂−μ)) − D(μ), α(D(x₁)−D(μ)) + β(D(x₂)−D(μ)));
/// - `gaussian_ls`, `gaussian_nmse`, and `gaussian_score_ls` and so on for score and residual: the same of the Gaussian
///   denoiser of the training subset on the same inputs. It is affine, not linear, so its `ls` is below 1.
///
/// Where α² is not ½, `_` and α² follow the name. Two images make a pair. With fewer than two images for each pair, pairs
/// repeat, and those of the same images are one cluster of the error. Levels that the denoiser is not for are left out.
package struct LinearityMeasure: Measure {
    package static let entry = MeasureEntry.linearity
    package static let parameters =
        [
            .integer("pairs", 1...1_000_000, 100, "pairs of noised images a level"),
            .of(
                ParameterDeclaration(
                    name: "mixtures", kind: .number, above: 0, below: 1, list: .init(), meaning: "shares α²"),
                [0.99, 0.8675, 0.745, 0.6225, 0.5]),
            .choice("inputs", Inputs.images, "what the inputs are noised from: held-out images, or nothing"),
            .of(
                ParameterDeclaration(
                    name: "sigma_data", kind: .number, above: 0, most: 1e6, meaning: "σ_data of the residual's c_skip"),
                0.5),
            .sigmas(levels),
        ] + Draws.parameters
    package static let rules = [
        MeasureRule(.heldOut, least: 1, when: ["inputs": [Inputs.images.rawValue]]), NoisedSampling.rule,
    ]

    /// Every third level of the EDM grid of forty points, as in the paper's figures.
    static let levels: JSONValue = [
        80, 51.8803, 32.6969, 19.9456, 11.7185, 6.59014, 3.5197, 1.7672, 0.822941, 0.348915, 0.131197, 0.0420707,
        0.010812, 0.002,
    ]

    enum Inputs: String, CaseIterable { case images, noise }

    let pairs: Int
    let mixtures: [Double]
    let inputs: Inputs
    let sigmaData: Double
    let sigmas: [Double]
    let draws: Draws

    package init(parameters: [String: JSONValue]) throws {
        let reader = try ParameterReader(Self.self, parameters)
        pairs = try reader.integer("pairs")
        mixtures = try reader.numbers("mixtures")
        inputs = try reader.choice("inputs", Inputs.self)
        sigmaData = try reader.number("sigma_data")
        sigmas = try reader.numbers("sigmas")
        draws = try Draws(reader)
    }

    package func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        guard inputs == .noise || subject.heldOut.shape[0] > 0 else {
            throw MeasureError(
                "linearity needs held-out images, but dataset.held_out is 0; inputs \"noise\" needs none")
        }
        let levels = subject.denoiser.levels(among: sigmas)
        var done = 0
        let total = levels.count * (2 + 2 * mixtures.count)
        let gaussian = try gaussianDenoiser(of: subject.training, flips: subject.flips) { try progress(0, total) }
        let couples = ImagePairs(images: inputs == .images ? subject.heldOut.shape[0] : 2 * pairs, pairs: pairs)
        let clusters = couples.different
        let key = draws.key(of: subject)
        var rows: [MeasureRow] = []
        for sigma in levels {
            let pair = inputPair(subject, couples, key, sigma: sigma)
            let mean = Tensor(shape: [1] + pair.first.shape.dropFirst(), values: gaussian.mean.map { Float($0) })
            func outputs(of denoiser: any Denoiser, _ x: Tensor<Float>) throws -> Tensor<Float> {
                let result = try denoiser.denoise(x, at: sigma) { try progress(min(done, total), total) }
                done += 1
                return result
            }
            let first = try outputs(of: subject.denoiser, pair.first)
            let second = try outputs(of: subject.denoiser, pair.second)
            let ofMean = subject.denoiser.denoise(mean, sigma: [sigma])
            let gaussianOutputs = (
                try gaussian.denoise(pair.first, at: sigma) { try progress(min(done, total), total) },
                try gaussian.denoise(pair.second, at: sigma) { try progress(min(done, total), total) }
            )
            for share in mixtures {
                let mixture = Mixture(share: share)
                let mixed = mixture.of(pair.first, pair.second)
                let output = try outputs(of: subject.denoiser, mixed)
                let skip = sigmaData * sigmaData / (sigma * sigma + sigmaData * sigmaData)
                let centred = mixture.of(pair.first, pair.second, about: mean)
                let centredOutput = try outputs(of: subject.denoiser, centred)
                let gaussianOutput = try gaussian.denoise(mixed, at: sigma) { try progress(min(done, total), total) }
                let suffix = share == 0.5 ? "" : "_\(share)"
                /// Compares D − `less`·x at the mixture with that at both inputs.
                func compare(
                    _ whole: Tensor<Float>, _ parts: (Tensor<Float>, Tensor<Float>), less: Double
                ) -> LinearityComparison {
                    LinearityComparison(
                        whole: whole.rows(0..<pairs, less: less, times: mixed),
                        sum: mixture.of(
                            parts.0.rows(0..<pairs, less: less, times: pair.first),
                            parts.1.rows(0..<pairs, less: less, times: pair.second)))
                }
                var found: [(String, [Double])] = []
                for (prefix, whole, parts) in [
                    ("", output, (first, second)), ("gaussian_", gaussianOutput, gaussianOutputs),
                ] {
                    for (view, less) in [("", 0.0), ("score_", 1), ("residual_", skip)] {
                        let compared = compare(whole, parts, less: less)
                        found += [
                            (prefix + view + "ls", compared.magnitudes), (prefix + view + "nmse", compared.errors),
                        ]
                        if prefix.isEmpty, view.isEmpty { found.append(("nmse_of_sum", compared.errorsOfSum)) }
                    }
                }
                let offset = ofMean.values.map(Double.init)
                let affine = LinearityComparison(
                    whole: centredOutput.rows(0..<pairs, less: offset),
                    sum: mixture.of(first.rows(0..<pairs, less: offset), second.rows(0..<pairs, less: offset)))
                found.append(("ls_centred", affine.cosines))
                rows += found.map { Estimate(meanOf: $0.1, cycling: clusters).row($0.0 + suffix, sigma: sigma) }
            }
        }
        return MeasureResult(rows: rows, artifacts: [])
    }

    /// The noisy inputs [pairs, C, H, W].
    private func inputPair(
        _ subject: MeasureSubject, _ couples: ImagePairs, _ key: UInt64, sigma: Double
    ) -> (first: Tensor<Float>, second: Tensor<Float>) {
        let shape = subject.denoiser.imageShape
        var clean = Tensor<Float>(zeros: [2 * pairs, shape.channels, shape.height, shape.width])
        if inputs == .images {
            for pair in 0..<pairs {
                let (first, second) = couples[pair]
                for (half, image) in [first, second].enumerated() {
                    let target = (half * pairs + pair) * shape.count
                    clean.values.replaceSubrange(target..<target + shape.count, with: subject.heldOut[row: image])
                }
            }
        }
        let noisy = NoisedImages(images: clean, seed: key).block(0..<2 * pairs, sigma: sigma)
        return (noisy.entries(0..<pairs), noisy.entries(pairs..<2 * pairs))
    }
}

/// Which two images make each pair: images i and i + pairs. With fewer than two images for each pair, image i of one half
/// and of the other, in turn, so that pairs which share an image share both. Of an odd number of images the last is left
/// over; a single image is paired with itself.
struct ImagePairs {
    /// How many different pairs there are: pair i is pair i modulo this number.
    let different: Int
    private let offset: Int

    init(images: Int, pairs: Int) {
        (different, offset) = images >= 2 * pairs ? (pairs, pairs) : (max(images / 2, 1), images / 2)
    }

    subscript(pair: Int) -> (Int, Int) { (pair % different, pair % different + offset) }
}
