import Diffusion
import JobContract
import Quantities
import Tensors

/// What a network's images tell of its training images: proxies of our own for the mutual information of Yi, Sun & Li 2023,
/// whose estimator is not known. Another proxy, `subset-information`, takes several networks.
///
/// (a) Images z_θ of the network and z_* of the optimum for the training images, from the same latents by the same
/// deterministic sampler, with d pixels:
/// - `output_distance`: E ‖z_θ − z_*‖/√d, small where the network is the optimum, which copies; `output_distance_other`: the
///   same with the z_* of the next latent, which is what it would be if latents did not matter;
/// - `nearest_network`, `nearest_optimum`: E of the distance of z_θ, or of z_*, to the nearest training image, over √d;
/// - `same_nearest`: the share of latents for which this is the same training image; `same_nearest_chance`: 1/N, its value
///   by chance.
///
/// (c) `epsilon_error` by sigma: E ‖ε_θ − ε*‖²/d on noised training images, ε = (x − D)/σ.
///
/// The schedule keeps to the levels that the network is for. A network of one level has (c) alone.
package struct MutualInformationMeasure: Measure {
    package static let entry = MeasureEntry.mutualInformation
    package static let parameters =
        [.samples(64), .sigmas(NoisedSampling.tenLevels)] + LatentSampling.flow(.euler, least: 2, steps: 50)
        + Draws.parameters
    package static let rules = [NoisedSampling.rule]

    let sampler: ProbabilityFlowSampler
    let sampling: NoisedSampling

    package init(parameters: [String: JSONValue]) throws {
        let reader = try ParameterReader(Self.self, parameters)
        let method = try reader.choice("sampler", ProbabilityFlowSampler.Method.self)
        let steps = try reader.integer("steps")
        sampler = ProbabilityFlowSampler(method: method, schedule: EDMSchedule(steps: steps))
        sampling = try NoisedSampling(reader)
    }

    package func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        guard subject.training.shape[0] > 0 else { throw MeasureError("mutual-information needs training images") }
        let levels = sampling.levels(of: subject.denoiser)
        let optimum = MultiDeltaDenoiser(images: subject.training, flips: subject.flips)
        let total = (levels.count + 2) * sampling.samples
        var done = 0
        let key = sampling.draws.key(of: subject)
        let noised = NoisedImages(images: subject.training, seed: key)
        var rows: [MeasureRow] = []
        for sigma in levels {
            var errors: [Double] = []
            for block in blocks(of: sampling.samples, by: subject.denoiser.batch) {
                let beat = { try progress(done, total) }
                let x = noised.block(block, sigma: sigma)
                let network = try subject.denoiser.denoise(x, at: sigma, beat: beat)
                let distances = Self.distances(network, try optimum.denoise(x, at: sigma, beat: beat))
                errors += distances.map { $0 * $0 / (sigma * sigma) }
                done += block.count
            }
            rows.append(Estimate(meanOf: errors, cycling: subject.training.shape[0]).row("epsilon_error", sigma: sigma))
        }
        guard !subject.denoiser.isForOneLevel else { return MeasureResult(rows: rows, artifacts: []) }
        var sampler = sampler
        sampler.schedule = sampler.schedule.clipped(to: subject.denoiser.levels)
        let shape = subject.denoiser.imageShape
        func images(of denoiser: any Denoiser) throws -> Tensor<Float> {
            var values: [Float] = []
            for block in blocks(of: sampling.samples, by: subject.denoiser.batch) {
                let latents = Latents.draw(
                    seed: key, first: block.lowerBound, count: block.count, shape: shape)
                values += try sampler.sample(denoiser, latents: latents) { try progress(min(done, total), total) }
                    .values
                done += block.count
            }
            return Tensor(shape: [sampling.samples, shape.channels, shape.height, shape.width], values: values)
        }
        let (ofNetwork, ofOptimum) = (try images(of: subject.denoiser), try images(of: optimum))
        let training = NearestNeighbours(images: subject.training, flips: subject.flips)
        let beat = { try progress(total, total) }
        let near = (try training.pairs(of: ofNetwork, beat: beat), try training.pairs(of: ofOptimum, beat: beat))
        let next = Tensor<Float>(
            shape: ofOptimum.shape,
            values: Array(ofOptimum.values.dropFirst(shape.count)) + Array(ofOptimum.values.prefix(shape.count)))
        let root = Double(shape.count).squareRoot()
        rows += [
            Estimate(meanOf: Self.distances(ofNetwork, ofOptimum)).row("output_distance"),
            Estimate(meanOf: Self.distances(ofNetwork, next)).row("output_distance_other"),
            Estimate(meanOf: near.0.map { $0.first / root }).row("nearest_network"),
            Estimate(meanOf: near.1.map { $0.first / root }).row("nearest_optimum"),
            Estimate(shareOf: zip(near.0, near.1).map { $0.index == $1.index }).row("same_nearest"),
            MeasureRow(quantity: "same_nearest_chance", value: 1 / Double(subject.training.shape[0])),
        ]
        return MeasureResult(rows: rows, artifacts: [])
    }

    /// ‖a − b‖/√d of each two images.
    private static func distances(_ a: Tensor<Float>, _ b: Tensor<Float>) -> [Double] {
        (0..<a.shape[0]).map { image in
            let square = zip(a[row: image], b[row: image]).reduce(0.0) { sum, pair in
                let difference = Double(pair.0) - Double(pair.1)
                return sum + difference * difference
            }
            return (square / Double(a.stride)).squareRoot()
        }
    }
}
