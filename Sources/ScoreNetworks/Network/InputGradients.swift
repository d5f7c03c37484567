import Tensors

/// The derivative of a network by its input at one image. 16 copies of the image stand in the lanes, so that one backward
/// pass takes 16 vectors.
final class InputGradients {
    private let network: Network<Float>
    private let size: Int
    /// Where each thread arranges the vectors of a group.
    private let rows: [LaneBuffer<Float>]

    /// Copies the parameters that `other` has now, and works on as many threads as it.
    init(of other: Network<Float>) throws(NetworkError) {
        network = try Network(other.configuration, for: .inputGradients, threads: other.team.count)
        let (own, others) = (network.workspace, other.workspace)
        own.parameters.update(from: others.parameters, count: own.paddedParameters)
        own.untrained.update(from: others.untrained, count: network.plan.untrainedCount)
        network.parametersChanged()
        let size = network.configuration.imageShape.count
        self.size = size
        rows = network.cores.map { _ in LaneBuffer(count: size * laneCount) }
    }

    /// Passes the image `x`, given as the network's input, forward: `backward` differentiates there.
    func forward(_ x: [Float], noise: Double) {
        network.team.run { thread in
            guard thread < network.cores.count else { return }
            let core = network.cores[thread]
            let input = core.input(0)
            for i in 0..<size {
                for lane in 0..<laneCount { input[i * laneCount + lane] = x[i] }
            }
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
                    let gradient = core.outputGradient(0)
                    gradient.update(repeating: 0, count: size * laneCount)
                    Float.kernels.toLanes(source + first * size, lanes, size, gradient)
                    core.backward(images: laneCount, augmented: false, dropout: nil, inputGradient: true)
                    let found = core.inputGradient(0)
                    for lane in 0..<lanes {
                        for i in 0..<size { target[(first + lane) * size + i] = found[i * laneCount + lane] }
                    }
                }
            }
        }
        return Tensor(shape: vectors.shape, values: values)
    }
}
