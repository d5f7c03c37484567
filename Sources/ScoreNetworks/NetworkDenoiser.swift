import Diffusion
import Tensors

/// A trained network as a denoiser, with the preconditioning it was trained with. Threads share the groups of 16 images.
/// The number of threads changes no bit.
///
/// Not safe for use by several threads at a time; each makes its own.
package final class NetworkDenoiser: DifferentiableDenoiser {
    package let configuration: NetworkConfiguration
    package let preconditioning: Preconditioning
    package var imageShape: ImageShape { configuration.imageShape }
    /// The noise levels of the preconditioning, until somebody who knows the training sets fewer: a checkpoint does not say
    /// at which levels it was trained.
    package var levels: ClosedRange<Double>
    package var isBlind: Bool { preconditioning == .blind }
    package var batch: Int { laneCount * network.team.count * network.workspace.machine.mostGroups }
    /// How the checkpoint held the network; nil where the tensors were asked for by a prefix.
    package private(set) var form: CheckpointForm?
    private let network: Network<Float>
    private var inputGradients: InputGradients?
    /// Where each thread arranges the images of a group.
    private let rows: [LaneBuffer<Float>]

    /// Reads `TrainingRun.weights()`, or another file with the published names, which may stand behind a wrapper's prefix.
    /// Sizes and σ_data come from the metadata entry `config`. Missing, misshapen, unknown or non-finite tensors are a
    /// `SafetensorsError`, impossible sizes a `NetworkError`.
    package convenience init(
        weights: [UInt8], name: String, threads: Int = 1, on machine: any LaneMachine<Float> = HostMachine<Float>()
    ) throws {
        let (file, form) = try SafetensorsFile(bytes: weights, name: name).unwrapped()
        try self.init(file, prefix: "", threads: threads, on: machine)
        self.form = form
    }

    /// Reads the tensors called `prefix` + name. Where the prefix is not empty, other tensors may stand beside them.
    package init(
        _ file: SafetensorsFile, prefix: String, threads: Int = 1,
        on machine: any LaneMachine<Float> = HostMachine<Float>()
    ) throws {
        let stored = try CheckpointConfiguration(file)
        configuration = stored.network
        preconditioning = stored.preconditioning
        levels = stored.preconditioning.levels
        // Before memory is set aside for sizes that the file only pretends to have.
        try configuration.check(file, prefix: prefix, isAlone: prefix.isEmpty)
        network = try Network(configuration, for: .inference, threads: threads, on: machine)
        try network.load(file, prefix: prefix)
        rows = network.cores.map { _ in LaneBuffer(count: stored.network.imageShape.count * laneCount) }
    }

    /// D(x; σ) = c_skip·x + c_out·F(c_in·x + shift; c_noise).
    package func denoise(_ x: Tensor<Float>, sigma: [Double]) -> Tensor<Float> {
        precondition(x.values.count == sigma.count * imageShape.count, "\(x.shape) does not hold \(sigma.count) images")
        let together = network.workspace.machine.mostGroups * laneCount
        let values = [Float](unsafeUninitializedCapacity: x.values.count) { result, filled in
            filled = x.values.count
            guard let target = result.baseAddress else { return }
            x.values.withUnsafeBufferPointer { source in
                guard let source = source.baseAddress else { return }
                network.team.share((sigma.count + together - 1) / together) { thread, part in
                    let images = part * together..<min((part + 1) * together, sigma.count)
                    denoise(source, sigma, images, on: thread, to: target)
                }
            }
        }
        return Tensor(shape: x.shape, values: values)
    }

    /// The images of the groups that pass together, at their places in `x` and `result`.
    private func denoise(
        _ x: UnsafePointer<Float>, _ sigma: [Double], _ images: Range<Int>, on thread: Int,
        to result: UnsafeMutablePointer<Float>
    ) {
        let size = imageShape.count
        let core = network.cores[thread]
        let (machine, rows) = (core.workspace.machine, rows[thread].base)
        let groups = stride(from: images.lowerBound, to: images.upperBound, by: laneCount).map {
            $0..<min($0 + laneCount, images.upperBound)
        }
        core.pass(groups: groups.count)
        for (number, group) in groups.enumerated() {
            for (lane, image) in group.enumerated() {
                let cIn = preconditioning.cIn(sigma[image])
                let shift = preconditioning.inputShift
                for i in 0..<size { rows[lane * size + i] = Float(cIn * Double(x[image * size + i]) + shift) }
            }
            core.workspace.kernels.toLanes(rows, group.count, size, core.input(number))
        }
        core.forward(
            images: images.count, noise: sigma[images].map { preconditioning.cNoise($0) }, labels: nil, dropout: nil,
            training: false)
        for (number, group) in groups.enumerated() {
            // The images' rows are with the network by now.
            let output = rows
            machine.read(core.output(number), size * laneCount, to: output)
            for (lane, image) in group.enumerated() {
                let cSkip = preconditioning.cSkip(sigma[image])
                let cOut = preconditioning.cOut(sigma[image])
                for i in 0..<size {
                    let at = image * size + i
                    result[at] = Float(cSkip * Double(x[at]) + cOut * Double(output[i * laneCount + lane]))
                }
            }
        }
    }

    /// Throws where the device that it computes on has failed; images denoised since then mean nothing.
    package func check() throws {
        try network.workspace.machine.check()
        try inputGradients?.check()
    }

    /// The backward pass has memory of its own, set aside at the first call. Throws a `NetworkError` where there is not
    /// enough.
    package func pullback(at x: Tensor<Float>, sigma: Double) throws -> Pullback {
        let gradients = try inputGradients ?? InputGradients(of: network)
        inputGradients = gradients
        let (shift, cIn) = (preconditioning.inputShift, preconditioning.cIn(sigma))
        let (cSkip, factor) = (preconditioning.cSkip(sigma), cIn * preconditioning.cOut(sigma))
        gradients.forward(x.values.map { Float(cIn * Double($0) + shift) }, noise: preconditioning.cNoise(sigma))
        return { vectors in
            var result = gradients.backward(vectors)
            for i in result.values.indices {
                result.values[i] = Float(cSkip * Double(vectors.values[i]) + factor * Double(result.values[i]))
            }
            return result
        }
    }

    /// Central differences, by steps of σ/16, of D − c_skip·x; c_skip·v is exact. D bends over distances of about σ.
    package func pushforward(at x: Tensor<Float>, sigma: Double) throws -> Pullback {
        let size = imageShape.count
        precondition(x.values.count == size, "one image")
        return { [self] vectors in
            let count = vectors.shape[0]
            let cSkip = preconditioning.cSkip(sigma)
            var moved = Tensor<Float>(zeros: [2 * count] + vectors.shape.dropFirst())
            var steps: [Double] = []
            for row in 0..<count {
                let norm = vectors[row: row].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
                let step = norm > 0 ? sigma / (16 * norm) : 0
                steps.append(step)
                for i in 0..<size {
                    let by = step * Double(vectors.values[row * size + i])
                    moved.values[2 * row * size + i] = Float(Double(x.values[i]) + by)
                    moved.values[(2 * row + 1) * size + i] = Float(Double(x.values[i]) - by)
                }
            }
            let found = denoise(moved, sigma: [Double](repeating: sigma, count: 2 * count))
            var result = vectors
            for row in 0..<count where steps[row] > 0 {
                for i in 0..<size {
                    let (ahead, behind) = (2 * row * size + i, (2 * row + 1) * size + i)
                    let output = Double(found.values[ahead]) - Double(found.values[behind])
                    let input = Double(moved.values[ahead]) - Double(moved.values[behind])
                    // The skip is taken off with the inputs as they were rounded, so that their rounding leaves with it.
                    let beyond = (output - cSkip * input) / (2 * steps[row])
                    result.values[row * size + i] = Float(cSkip * Double(vectors.values[row * size + i]) + beyond)
                }
            }
            return result
        }
    }
}
