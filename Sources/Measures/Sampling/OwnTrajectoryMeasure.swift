import Diffusion
import JobContract
import Quantities
import Tensors

/// How far a network is from the optimum for its training images where its own sampler leads it, beside where it was trained
/// (Song et al. 2025, who find it underfitting there and not here).
///
/// With d pixels and D_M the optimum, by the levels σ of the sampler's schedule, E √(‖D(x; σ) − D_M(x; σ)‖²/d):
/// - `rmse_own`: at the states x_σ of the sampler's steps;
/// - `rmse_training`, `rmse_held_out`: at images with noise, image i modulo their number with noise i.
///
/// The schedule keeps to the levels that the network is for; blind networks are told no level and follow the same flow.
package struct OwnTrajectoryMeasure: Measure {
    package static let entry = MeasureEntry.ownTrajectory
    package static let parameters = LatentSampling.parameters(64) + Draws.parameters
    package static let rules = [MeasureRule(.heldOut, least: 1)]

    let sampling: LatentSampling

    package init(parameters: [String: JSONValue]) throws {
        sampling = try LatentSampling(try ParameterReader(Self.self, parameters))
    }

    package func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        guard subject.heldOut.shape[0] > 0, subject.training.shape[0] > 0 else {
            throw MeasureError("own-trajectory needs training and held-out images, but dataset.held_out is 0")
        }
        try subject.requireSampler(for: Self.name)
        let denoiser = subject.denoiser
        let schedule = EDMSchedule(steps: sampling.steps).clipped(to: denoiser.levels)
        let sampler = ProbabilityFlowSampler(method: sampling.method, schedule: schedule)
        let key = sampling.draws.key(of: subject)
        let samples = sampling.samples
        let total = 4 * samples
        let optimum = MultiDeltaDenoiser(images: subject.training, flips: subject.flips)
        // [level][sample·pixel]
        var states = [[Float]](repeating: [], count: schedule.sigmas.count)
        for block in blocks(of: samples, by: denoiser.batch) {
            let latents = Latents.draw(
                seed: key, first: block.lowerBound, count: block.count, shape: denoiser.imageShape)
            let path = try sampler.trajectory(denoiser, latents: latents) { try progress(block.lowerBound, total) }
            for level in states.indices { states[level] += path[level].map { Float($0) } }
        }
        /// The distance for each image of `x`.
        func distances(_ x: Tensor<Float>, _ sigma: Double) throws -> [Double] {
            let beat = { try progress(samples, total) }
            let own = try denoiser.denoise(x, at: sigma, beat: beat)
            let best = try optimum.denoise(x, at: sigma, beat: beat)
            return (0..<x.shape[0]).map { image in
                let square = zip(own[row: image], best[row: image]).reduce(0.0) { sum, pair in
                    let difference = Double(pair.0) - Double(pair.1)
                    return sum + difference * difference
                }
                return (square / Double(x.stride)).squareRoot()
            }
        }
        var rows: [MeasureRow] = []
        for (level, sigma) in schedule.sigmas.dropLast().enumerated() {
            let own = Tensor(shape: [samples] + subject.training.shape.dropFirst(), values: states[level])
            rows.append(Estimate(meanOf: try distances(own, sigma)).row("rmse_own", sigma: sigma))
            for (quantity, images) in [("rmse_training", subject.training), ("rmse_held_out", subject.heldOut)] {
                let noised = NoisedImages(images: images, seed: key).block(0..<samples, sigma: sigma)
                let found = try distances(noised, sigma)
                rows.append(Estimate(meanOf: found, cycling: images.shape[0]).row(quantity, sigma: sigma))
            }
        }
        return MeasureResult(rows: rows, artifacts: [])
    }
}
