import Diffusion
import Tensors

/// The objective for a part of the batch, on one core of the network. A part is as many groups of 16 images as the machine
/// lets pass together, or all where they must.
final class PartLoss<S: LaneScalar> {
    typealias Evaluation = DenoisingObjective<S>.Evaluation

    /// The evaluation of the last part. Its loss is not yet divided by the batch.
    private(set) var result = Evaluation(loss: 0)
    private let core: any NetworkCore<S>
    private let preconditioning: Preconditioning
    private let size: Int
    private let labelsPerImage: Int
    private let rows: LaneBuffer<S>
    private let lanes: LaneBuffer<S>
    private var noisy: [Double] = []
    private var targets: [Double] = []
    private var terms: [Terms] = []

    init(core: any NetworkCore<S>, _ preconditioning: Preconditioning, _ configuration: NetworkConfiguration) {
        self.core = core
        self.preconditioning = preconditioning
        size = configuration.imageShape.count
        labelsPerImage = configuration.augmentLabels
        rows = LaneBuffer(count: size * laneCount)
        lanes = LaneBuffer(count: size * laneCount)
    }

    /// Finds the loss of the images `part`, and adds its gradients to those of the core.
    func compute(_ examples: TrainingBatch, _ part: Range<Int>, dropout: Dropout?, training: Bool, details: Bool) {
        let batch = examples.sigma.count
        let levels = examples.sigma[part]
        terms = part.map { Terms(examples, image: $0, preconditioning) }
        core.pass(groups: Self.groups(part.count).count)
        fillInput(examples, part: part)
        let augmentation = examples.labels.map { labels in
            labels[part.lowerBound * labelsPerImage..<part.upperBound * labelsPerImage].map { S($0) }
        }
        var drop = dropout
        drop?.firstImage += UInt64(part.lowerBound)
        core.forward(
            images: part.count, noise: levels.map { preconditioning.cNoise($0) }, labels: augmentation, dropout: drop,
            training: training)
        result = Evaluation(
            loss: residual(images: part.count, batch: batch, isOneSum: core.hasBatchStatistics && training))
        if details { appendOutputs(levels: Array(levels)) }
        core.backward(
            images: part.count, augmented: examples.labels != nil, dropout: drop, inputGradient: details)
        if details { appendInputGradient(batch: batch) }
    }

    private static func groups(_ images: Int) -> Range<Int> { 0..<(images + laneCount - 1) / laneCount }

    /// Fills in, for a part of the batch, x, the targets of F, and the network's input.
    private func fillInput(_ examples: TrainingBatch, part: Range<Int>) {
        // A local array: in the loop, every access to an array of the object would be checked.
        var noisy = [Double](repeating: 0, count: part.count * size)
        var targets = noisy
        let (shift, size, rows) = (preconditioning.inputShift, size, rows.base)
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
                    rows[lane * size + i] = S(terms.cIn * x + shift)
                }
            }
            core.workspace.kernels.toLanes(rows, images, size, core.input(group))
        }
        self.noisy = noisy
        self.targets = targets
    }

    /// Σ (gain·F − T)² over a part of the batch: of images, whose groups are summed first unless it `isOneSum`. It leaves the
    /// gradient by F, divided by the batch, with the core.
    private func residual(images: Int, batch: Int, isOneSum: Bool) -> Double {
        var total = 0.0
        let (size, targets) = (size, targets)
        let gradient = rows.base
        for group in Self.groups(images) {
            let output = readLanes(core.output(group))
            gradient.update(repeating: 0, count: size * laneCount)
            var own = isOneSum ? total : 0
            for image in group * laneCount..<min((group + 1) * laneCount, images) {
                let lane = image % laneCount
                let gain = terms[image].gain
                let scale = 2 / Double(batch) * gain
                var sum = 0.0
                for i in 0..<size {
                    let difference = gain * Double(output[i * laneCount + lane]) - targets[image * size + i]
                    sum += difference * difference
                    gradient[i * laneCount + lane] = S(scale * difference)
                }
                own += sum
            }
            total = isOneSum ? own : total + own
            core.workspace.machine.write(gradient, size * laneCount, to: core.outputGradient(group))
        }
        return total
    }

    /// What the core has of a group at a place like `NetworkCore.output`.
    private func readLanes(_ place: UnsafeMutablePointer<S>) -> UnsafeMutablePointer<S> {
        core.workspace.machine.read(place, size * laneCount, to: lanes.base)
        return lanes.base
    }

    private func appendOutputs(levels: [Double]) {
        for group in Self.groups(levels.count) {
            let output = readLanes(core.output(group))
            for image in group * laneCount..<min((group + 1) * laneCount, levels.count) {
                let cSkip = preconditioning.cSkip(levels[image])
                let cOut = preconditioning.cOut(levels[image])
                for i in 0..<size {
                    let value = Double(output[i * laneCount + image % laneCount])
                    result.networkOutput.append(value)
                    result.denoised.append(cSkip * noisy[image * size + i] + cOut * value)
                }
            }
        }
    }

    /// Appends the gradient by x, which acts through c_in·x and through T. The outputs stand in `result` already.
    private func appendInputGradient(batch: Int) {
        let first = result.inputGradient.count
        for group in Self.groups(terms.count) {
            let gradient = readLanes(core.inputGradient(group))
            for image in group * laneCount..<min((group + 1) * laneCount, terms.count) {
                let (terms, scale) = (terms[image], 2 / Double(batch))
                for i in 0..<size {
                    let output = result.networkOutput[first + image * size + i]
                    let byTarget = scale * (terms.gain * output - targets[image * size + i])
                    let byInput = Double(gradient[i * laneCount + image % laneCount])
                    result.inputGradient.append(terms.cIn * byInput - terms.targetSlope * byTarget)
                }
            }
        }
    }
}

/// The terms of one image's loss: x = y + noise·n, and (gain·F(c_in·x) − T(x))².
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
