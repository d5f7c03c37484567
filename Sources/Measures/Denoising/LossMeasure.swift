import Diffusion
import JobContract
import Quantities
import Tensors

/// The distribution of noise levels in a training's loss, and its weights λ(σ), which come with the preconditioning.
package struct TrainingLoss: Hashable, Sendable {
    package var noise: TrainingNoise
    package var preconditioning: Preconditioning

    package init(noise: TrainingNoise, preconditioning: Preconditioning) {
        (self.noise, self.preconditioning) = (noise, preconditioning)
    }
}

/// The training loss E λ(σ)·‖D(y + σn; σ) − y‖² (Karras et al. 2022, eq. 2), its σ and λ those of the network's own training,
/// on images that it was trained on and on others: where the two part, copying begins (Favero et al. 2025).
///
/// - `loss_training`, `loss_held_out`: the mean over draws, a sum over pixels as in the training's own curve;
/// - `loss_gap`: held-out less training.
///
/// Draw i is image i modulo their number, with level and noise i of `Draws`: the same for both kinds of images, and at every
/// length of a training. Images are taken as they are, neither mirrored nor augmented, and nothing is dropped out. Trainings
/// with another objective (yi-fresh, yi-bank), or a finite number of noises, have this loss all the same, not their own. Errors
/// are over images; that of the difference is taken draw by draw.
///
/// Of a network of which nobody here knows the training, another worker's or one that was trained elsewhere, there is none.
package struct LossMeasure: Measure {
    package static let entry = MeasureEntry.loss
    package static let parameters = [.samples(4096, "noised images of each kind")] + Draws.parameters
    package static let rules = [MeasureRule(.heldOut, least: 1), MeasureRule(.recipe)]

    let samples: Int
    let draws: Draws

    package init(parameters: [String: JSONValue]) throws {
        let reader = try ParameterReader(Self.self, parameters)
        samples = try reader.integer("samples")
        draws = try Draws(reader)
    }

    package func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        let found = try losses(of: subject, Self.name, progress)
        return MeasureResult(
            rows: [
                found.training.row("loss_training"), found.heldOut.row("loss_held_out"), found.gap.row("loss_gap"),
            ], artifacts: [])
    }

    /// The mean losses for the measure `name`.
    fileprivate func losses(
        of subject: MeasureSubject, _ name: String, _ progress: MeasureProgress
    ) throws -> (training: Estimate, heldOut: Estimate, gap: Estimate) {
        guard subject.heldOut.shape[0] > 0, subject.training.shape[0] > 0 else {
            throw MeasureError("\(name) needs training and held-out images, but dataset.held_out is 0")
        }
        guard let loss = subject.loss else {
            throw MeasureError(
                "\(name) has the noise levels and weights of the network's own training, which are not known of a network "
                    + "of another worker, or one that was trained elsewhere", isNetworks: true)
        }
        let key = draws.key(of: subject)
        let sigmas = loss.noise.sigmas(CounterRandom(seed: key, purpose: .lossLevels), from: 0, count: samples)
        var done = 0
        /// The loss of every draw.
        func losses(_ images: Tensor<Float>) throws -> [Double] {
            let noised = NoisedImages(images: images, seed: key)
            var losses: [Double] = []
            losses.reserveCapacity(samples)
            for block in blocks(of: samples, by: subject.denoiser.batch) {
                try progress(done, 2 * samples)
                let levels = Array(sigmas[block])
                let found = subject.denoiser.denoise(noised.block(block, sigmas: levels), sigma: levels)
                for (place, number) in block.enumerated() {
                    let pairs = zip(found[row: place], images[row: number % images.shape[0]])
                    let square = pairs.reduce(0.0) { sum, pair in
                        let difference = Double(pair.0) - Double(pair.1)
                        return sum + difference * difference
                    }
                    losses.append(loss.preconditioning.weight(levels[place]) * square)
                }
                done += block.count
            }
            return losses
        }
        let (training, heldOut) = (try losses(subject.training), try losses(subject.heldOut))
        let (seen, unseen) = (subject.training.shape[0], subject.heldOut.shape[0])
        return (
            Estimate(meanOf: training, cycling: seen), Estimate(meanOf: heldOut, cycling: unseen),
            Estimate(differenceOf: heldOut, cycling: unseen, training, cycling: seen)
        )
    }
}

/// `LossMeasure` on the same draws by the training's weights as they are, not averaged: `loss_raw_training`,
/// `loss_raw_held_out`, `loss_raw_gap`.
///
/// Checkpoints have the averaged weights alone. The training takes it at the milestone; a training that was begun without it is
/// stopped and goes on with it. Of a length that was passed before there is none.
package struct RawLossMeasure: Measure {
    package static let entry = MeasureEntry.rawLoss
    package static let parameters =
        LossMeasure.parameters + [
            .choice(MeasureRequest.weightsParameter, Weights.raw, "which weights: those that only the training has")
        ]
    package static let rules = LossMeasure.rules

    enum Weights: String, CaseIterable { case raw }

    let loss: LossMeasure

    package init(parameters: [String: JSONValue]) throws {
        let reader = try ParameterReader(Self.self, parameters)
        _ = try reader.choice(MeasureRequest.weightsParameter, Weights.self)
        loss = try LossMeasure(parameters: reader.values.filter { $0.key != MeasureRequest.weightsParameter })
    }

    package func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        guard subject.isRaw || subject.loss == nil else {
            throw MeasureError(
                "raw-loss is taken by the training, which alone has weights that are not averaged; it had passed this length "
                    + "before it was told to")
        }
        let found = try loss.losses(of: subject, Self.name, progress)
        return MeasureResult(
            rows: [
                found.training.row("loss_raw_training"), found.heldOut.row("loss_raw_held_out"),
                found.gap.row("loss_raw_gap"),
            ], artifacts: [])
    }
}
