import Diffusion
import Tensors

/// The training objective Σ λ(σ)·‖D(y + σn; σ) − y‖² / batch (Karras et al. 2022, eq. 2 and table 1) and its gradient.
///
/// As λ·c_out² = 1, it is Σ (F − F*)² / batch with F* = (y − c_skip·x) / c_out, formed in float64 and subtracted once,
/// without the loss of digits that D − y suffers at small σ.
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

    package let network: UNet<S>
    package let preconditioning: Preconditioning
    private let size: Int
    private let rows: LaneBuffer<S>
    private let outputGradient: LaneBuffer<S>
    private var noisy: [Double]
    private var targets: [Double]

    /// `network` must have been built for training.
    package init(network: UNet<S>, preconditioning: Preconditioning) {
        precondition(network.workspace.training, "the network has no memory for gradients")
        self.network = network
        self.preconditioning = preconditioning
        size = network.configuration.imageShape.count
        rows = LaneBuffer(count: size * laneCount)
        outputGradient = LaneBuffer(count: size * laneCount)
        noisy = [Double](repeating: 0, count: size * laneCount)
        targets = noisy
    }

    /// The loss, with its gradients by the parameters in `network.gradients()`. `clean` is y, `noise` n, both of
    /// batch × image values; `sigma` one level per image; `labels` [batch][9] where the network has them. With
    /// `details`, the evaluation's arrays are filled too.
    package func evaluate(
        clean: [Double], noise: [Double], sigma: [Double], labels: [Double]? = nil, details: Bool = false
    ) -> Evaluation {
        evaluate(clean: clean, noise: noise, sigma: sigma, labels: labels, dropout: nil, details: details)
    }

    func evaluate(
        clean: [Double], noise: [Double], sigma: [Double], labels: [Double]?, dropout: Dropout?, details: Bool,
        beat: () -> Void = {}
    ) -> Evaluation {
        let batch = sigma.count
        precondition(clean.count == batch * size && noise.count == batch * size, "the batch's arrays differ in size")
        network.workspace.clearGradients()
        var result = Evaluation(loss: 0)
        for first in stride(from: 0, to: batch, by: laneCount) {
            let group = first..<min(first + laneCount, batch)
            fillInput(clean: clean, noise: noise, sigma: sigma, group: group)
            let levels = sigma[group]
            let augmentation = labels.map { labels in
                labels[
                    group.lowerBound * network.configuration.augmentLabels..<group.upperBound
                        * network.configuration.augmentLabels
                ].map { S($0) }
            }
            var drop = dropout
            drop?.firstImage += UInt64(first)
            let output = network.forward(
                noise: levels.map { preconditioning.cNoise($0) }, labels: augmentation, dropout: drop)
            result.loss += residual(output, images: group.count, batch: batch)
            if details { appendOutputs(output, levels: Array(levels), to: &result) }
            let gradient = network.backward(
                outputGradient.base, augmented: labels != nil, dropout: drop, inputGradient: details)
            if let gradient { appendInputGradient(gradient, levels: Array(levels), to: &result) }
            beat()
        }
        result.loss /= Double(batch)
        return result
    }

    /// x = y + σn, F* and the network's input c_in·x of one group.
    private func fillInput(clean: [Double], noise: [Double], sigma: [Double], group: Range<Int>) {
        let input = rows.base
        for (lane, image) in group.enumerated() {
            let level = sigma[image]
            let cIn = preconditioning.cIn(level)
            let cSkip = preconditioning.cSkip(level)
            let cOut = preconditioning.cOut(level)
            for i in 0..<size {
                let y = clean[image * size + i]
                let x = y + level * noise[image * size + i]
                noisy[lane * size + i] = x
                targets[lane * size + i] = (y - cSkip * x) / cOut
                input[lane * size + i] = S(cIn * x)
            }
        }
        S.kernels.toLanes(input, group.count, size, network.inputLanes)
    }

    /// Σ (F − F*)² over a group; leaves its gradient by F, divided by the batch.
    private func residual(_ output: UnsafePointer<S>, images: Int, batch: Int) -> Double {
        outputGradient.clear()
        let gradient = outputGradient.base
        let scale = 2 / Double(batch)
        var total = 0.0
        for lane in 0..<images {
            var sum = 0.0
            for i in 0..<size {
                let difference = Double(output[i * laneCount + lane]) - targets[lane * size + i]
                sum += difference * difference
                gradient[i * laneCount + lane] = S(scale * difference)
            }
            total += sum
        }
        return total
    }

    private func appendOutputs(_ output: UnsafePointer<S>, levels: [Double], to result: inout Evaluation) {
        for (lane, level) in levels.enumerated() {
            let cSkip = preconditioning.cSkip(level)
            let cOut = preconditioning.cOut(level)
            for i in 0..<size {
                let value = Double(output[i * laneCount + lane])
                result.networkOutput.append(value)
                result.denoised.append(cSkip * noisy[lane * size + i] + cOut * value)
            }
        }
    }

    /// x acts through c_in·x and through F*, whose derivative by x is −c_skip/c_out.
    private func appendInputGradient(_ gradient: UnsafePointer<S>, levels: [Double], to result: inout Evaluation) {
        for (lane, level) in levels.enumerated() {
            let cIn = preconditioning.cIn(level)
            let direct = preconditioning.cSkip(level) / preconditioning.cOut(level)
            for i in 0..<size {
                let at = i * laneCount + lane
                result.inputGradient.append(cIn * Double(gradient[at]) + direct * Double(outputGradient.base[at]))
            }
        }
    }
}
