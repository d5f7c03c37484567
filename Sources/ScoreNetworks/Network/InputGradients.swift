import Tensors

/// The derivative of a network by its input at one image. 16 copies of the image stand in the lanes, so that one backward
/// pass takes 16 vectors.
final class InputGradients {
    private let network: Network<Float>
    private let size: Int

    /// Copies the parameters that `other` has now, and works on as many threads as it.
    init(of other: Network<Float>) throws {
        network = try Network(
            other.configuration, for: .inputGradients, threads: other.team.count,
            on: other.workspace.machine.another())
        let (own, others) = (network.workspace, other.workspace)
        own.machine.write(others.machine.read(others.parameters, own.paddedParameters), to: own.parameters)
        own.machine.write(others.machine.read(others.untrained, network.plan.untrainedCount), to: own.untrained)
        network.parametersChanged()
        size = network.configuration.imageShape.count
    }

    func check() throws { try network.workspace.machine.check() }

    /// Passes the image `x`, given as the network's input, forward: `backward` differentiates there.
    func forward(_ x: [Float], noise: Double) {
        network.team.run { thread in
            guard thread < network.cores.count else { return }
            let core = network.cores[thread]
            core.pass(groups: 1)
            core.workspace.machine.write(x.flatMap { [Float](repeating: $0, count: laneCount) }, to: core.input(0))
            core.forward(
                images: laneCount, noise: [Double](repeating: noise, count: laneCount), labels: nil, dropout: nil,
                training: false)
        }
    }

    /// Jᵀv for each of `vectors`, J being the derivative of the network's output at the image of the last `forward`. It may
    /// be called again: gradients do not overwrite what the forward pass has left.
    func backward(_ vectors: Tensor<Float>) -> Tensor<Float> {
        let count = vectors.shape[0]
        let groups = (count + laneCount - 1) / laneCount
        let values = [Float](unsafeUninitializedCapacity: vectors.values.count) { result, filled in
            filled = vectors.values.count
            guard let target = result.baseAddress else { return }
            vectors.values.withUnsafeBufferPointer { source in
                guard let source = source.baseAddress else { return }
                network.team.share(groups) { thread, group in
                    let first = group * laneCount
                    let lanes = min(laneCount, count - first)
                    let core = network.cores[thread]
                    core.workspace.kernels.toLanes(source + first * size, lanes, size, core.outputGradient(0))
                    core.backward(images: laneCount, augmented: false, dropout: nil, inputGradient: true)
                    let found = core.workspace.machine.read(core.inputGradient(0), size * laneCount)
                    for lane in 0..<lanes {
                        for i in 0..<size { target[(first + lane) * size + i] = found[i * laneCount + lane] }
                    }
                }
            }
        }
        return Tensor(shape: vectors.shape, values: values)
    }
}
