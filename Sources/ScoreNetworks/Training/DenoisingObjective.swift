import Diffusion
import Tensors

/// The training objective Σ λ(σ)·‖D(y + σn; σ) − y‖² / batch (Karras et al. 2022, eq. 2 and table 1) and its gradient.
///
/// As λ·c_out² = 1, it is Σ (F − F*)² / batch with F* = (y − c_skip·x) / c_out, formed in float64 and subtracted once,
/// without the loss of digits that D − y suffers at small σ.
///
/// Batches with gaps g = √(σ_t² − σ_s²) have x = x_s + g·ξ and the loss Σ ‖a·(x − D(x; σ_t)) − ξ‖² / batch with
/// a = g/σ_t² (`TrainingObjective`): Σ (a·c_out·F − T)² / batch with T = a·(1 − c_skip)·x − ξ.
package final class DenoisingObjective<S: LaneScalar> {
    /// One evaluation. Arrays are [batch][channel][row][column].
    package struct Evaluation {
        package var loss: Double
        /// F(c_in·x; c_noise).
        package var networkOutput: [Double] = []
        /// D(x; σ).
        package var denoised: [Double] = []
        /// The gradient of the loss by x = y + σn.
        package var inputGradient: [Double] = []

        /// Appends the evaluation of the images that follow.
        fileprivate mutating func add(_ part: Evaluation) {
            loss += part.loss
            networkOutput += part.networkOutput
            denoised += part.denoised
            inputGradient += part.inputGradient
        }
    }

    package let network: Network<S>
    package let preconditioning: Preconditioning
    /// One part for each core of the network.
    private let parts: [PartLoss<S>]

    /// `network` must have been built for training.
    package init(network: Network<S>, preconditioning: Preconditioning) {
        precondition(network.workspace.use == .training, "the network has no memory for gradients")
        self.network = network
        self.preconditioning = preconditioning
        parts = network.cores.map { PartLoss(core: $0, preconditioning, network.configuration) }
    }

    /// The loss, with its gradients by the parameters in `network.gradients()`. `clean` is y, `noise` n, both of
    /// batch × image values; `sigma` one level per image; `labels` [batch][9] where the network has them. With
    /// `details`, the evaluation's arrays are filled too.
    package func evaluate(
        clean: [Double], noise: [Double], sigma: [Double], labels: [Double]? = nil, training: Bool = true,
        details: Bool = false
    ) -> Evaluation {
        evaluate(
            TrainingBatch(clean: clean, noise: noise, sigma: sigma, labels: labels), dropout: nil, training: training,
            details: details)
    }

    func evaluate(
        _ examples: TrainingBatch, dropout: Dropout?, training: Bool = true, details: Bool, beat: () -> Void = {}
    ) -> Evaluation {
        let batch = examples.sigma.count
        let size = network.configuration.imageShape.count
        precondition(
            examples.clean.count == batch * size && examples.noise.count == batch * size,
            "the batch's arrays differ in size")
        network.workspace.clearGradients()
        var result = Evaluation(loss: 0)
        let groups = network.workspace.machine.mostGroups
        let together = network.core.hasBatchStatistics && training ? batch : groups * laneCount
        let ranges = stride(from: 0, to: batch, by: together).map { $0..<min($0 + together, batch) }
        // Every parameter gets one sum from each part, in the order of parts, however many parts are computed at a time.
        network.team.inOrder(ranges.count, atOnce: parts.count) { place, range in
            parts[place].compute(examples, ranges[range], dropout: dropout, training: training, details: details)
        } then: { place, _ in
            if place > 0 { network.workspace.takeGradients(of: network.cores[place].workspace) }
            result.add(parts[place].result)
            beat()
        }
        result.loss /= Double(batch)
        return result
    }
}
