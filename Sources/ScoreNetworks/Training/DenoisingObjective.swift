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
    }

    package let network: Network<S>
    package let preconditioning: Preconditioning
    private let core: any NetworkCore<S>
    private let size: Int
    private let rows: LaneBuffer<S>
    private var noisy: [Double] = []
    private var targets: [Double] = []
    private var terms: [Terms] = []

    /// `network` must have been built for training.
    package init(network: Network<S>, preconditioning: Preconditioning) {
        precondition(network.workspace.training, "the network has no memory for gradients")
        self.network = network
        self.preconditioning = preconditioning
        core = network.core
        size = network.configuration.imageShape.count
        rows = LaneBuffer(count: size * laneCount)
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
        let sigma = examples.sigma
        let batch = sigma.count
        precondition(
            examples.clean.count == batch * size && examples.noise.count == batch * size,
            "the batch's arrays differ in size")
        network.workspace.clearGradients()
        var result = Evaluation(loss: 0)
        let together = core.hasBatchStatistics && training ? batch : laneCount
        core.reserve(groups: Self.groups(together).count)
        for first in stride(from: 0, to: batch, by: together) {
            let part = first..<min(first + together, batch)
            terms = part.map { Terms(examples, image: $0, preconditioning) }
            fillInput(examples, part: part)
            let levels = sigma[part]
            let perImage = network.configuration.augmentLabels
            let augmentation = examples.labels.map { labels in
                labels[part.lowerBound * perImage..<part.upperBound * perImage].map { S($0) }
            }
            var drop = dropout
            drop?.firstImage += UInt64(first)
            core.forward(
                images: part.count, noise: levels.map { preconditioning.cNoise($0) }, labels: augmentation,
                dropout: drop, training: training)
            result.loss += residual(images: part.count, batch: batch)
            if details { appendOutputs(levels: Array(levels), to: &result) }
            core.backward(images: part.count, augmented: examples.labels != nil, dropout: drop, inputGradient: details)
            if details { appendInputGradient(batch: batch, to: &result) }
            beat()
        }
        result.loss /= Double(batch)
        return result
    }

    private static func groups(_ images: Int) -> Range<Int> { 0..<(images + laneCount - 1) / laneCount }

    /// x, what F is compared with, and the network's input of a part of the batch.
    private func fillInput(_ examples: TrainingBatch, part: Range<Int>) {
        noisy = [Double](repeating: 0, count: part.count * size)
        targets = noisy
        let shift = preconditioning.inputShift
        for group in Self.groups(part.count) {
            let images = min(laneCount, part.count - group * laneCount)
            for lane in 0..<images {
                let image = part.lowerBound + group * laneCount + lane
                let terms = terms[group * laneCount + lane]
                let own = (group * laneCount + lane) * size
                for i in 0..<size {
                    let (y, n) = (examples.clean[image * size + i], examples.noise[image * size + i])
                    let x = y + terms.noise * n
                    noisy[own + i] = x
                    targets[own + i] = terms.target(x: x, clean: y, noise: n)
                    rows.base[lane * size + i] = S(terms.cIn * x + shift)
                }
            }
            S.kernels.toLanes(rows.base, images, size, core.input(group))
        }
    }

    /// Σ (gain·F − T)² over a part of the batch; leaves its gradient by F, divided by the batch.
    private func residual(images: Int, batch: Int) -> Double {
        var total = 0.0
        for group in Self.groups(images) {
            core.outputGradient(group).update(repeating: 0, count: size * laneCount)
        }
        for image in 0..<images {
            let lane = image % laneCount
            let output = core.output(image / laneCount)
            let gradient = core.outputGradient(image / laneCount)
            let gain = terms[image].gain
            let scale = 2 / Double(batch) * gain
            var sum = 0.0
            for i in 0..<size {
                let difference = gain * Double(output[i * laneCount + lane]) - targets[image * size + i]
                sum += difference * difference
                gradient[i * laneCount + lane] = S(scale * difference)
            }
            total += sum
        }
        return total
    }

    private func appendOutputs(levels: [Double], to result: inout Evaluation) {
        for (image, level) in levels.enumerated() {
            let cSkip = preconditioning.cSkip(level)
            let cOut = preconditioning.cOut(level)
            let output = core.output(image / laneCount)
            for i in 0..<size {
                let value = Double(output[i * laneCount + image % laneCount])
                result.networkOutput.append(value)
                result.denoised.append(cSkip * noisy[image * size + i] + cOut * value)
            }
        }
    }

    /// x acts through c_in·x and through T.
    private func appendInputGradient(batch: Int, to result: inout Evaluation) {
        for (image, terms) in terms.enumerated() {
            let scale = 2 / Double(batch)
            let (output, gradient) = (core.output(image / laneCount), core.inputGradient(image / laneCount))
            for i in 0..<size {
                let at = i * laneCount + image % laneCount
                let byTarget = scale * (terms.gain * Double(output[at]) - targets[image * size + i])
                result.inputGradient.append(terms.cIn * Double(gradient[at]) - terms.targetSlope * byTarget)
            }
        }
    }
}

/// What the loss of one image is made of: x = y + noise·n, and (gain·F(c_in·x) − T(x))².
private struct Terms {
    let noise: Double
    let cIn: Double
    let gain: Double
    /// dT/dx.
    let targetSlope: Double
    private let cSkip: Double
    private let cOut: Double
    private let hasGap: Bool

    init(_ examples: TrainingBatch, image: Int, _ preconditioning: Preconditioning) {
        let level = examples.sigma[image]
        cIn = preconditioning.cIn(level)
        cSkip = preconditioning.cSkip(level)
        cOut = preconditioning.cOut(level)
        if let gap = examples.gaps?[image] {
            let share = gap / (level * level)
            (noise, gain, targetSlope, hasGap) = (gap, share * cOut, share * (1 - cSkip), true)
        } else {
            (noise, gain, targetSlope, hasGap) = (level, 1, -cSkip / cOut, false)
        }
    }

    func target(x: Double, clean: Double, noise: Double) -> Double {
        hasGap ? targetSlope * x - noise : (clean - cSkip * x) / cOut
    }
}
