import Tensors

/// The memory of one network for one group of 16 images, allocated once.
final class Workspace<S: LaneScalar> {
    typealias Pointer = UnsafeMutablePointer<S>

    let plan: NetworkPlan
    let training: Bool
    /// The number of parameters, padded to whole vectors; the padding stays 0.
    let paddedParameters: Int
    private let buffers: [LaneBuffer<S>]
    private let masks: UnsafeMutableBufferPointer<UInt16>

    let parameters: Pointer
    let packed: Pointer
    let activations: Pointer
    let temporaries: [Pointer]
    /// Zero in every lane, as wide as the widest layer.
    let zeros: Pointer
    /// Only with `training`; otherwise of no use.
    let gradients: Pointer
    let gradientBuffers: [Pointer]
    let weightScratch: Pointer
    /// Sums over pixels, as wide as the widest layer.
    let sums: Pointer
    /// Gradients of a normalisation's weights and biases, per image.
    let normSums: Pointer
    /// What belongs to the network but is not trained.
    let untrained: Pointer

    /// Without `activations`, the network has memory of its own for them.
    init(_ plan: NetworkPlan, training: Bool, activations hasActivations: Bool = true) {
        self.plan = plan
        self.training = training
        paddedParameters = (plan.parameterCount + laneCount - 1) / laneCount * laneCount
        let lanes = plan.widest * laneCount
        let counts =
            [
                paddedParameters, plan.packedCount, hasActivations ? plan.activationCount : 0, lanes, lanes, 2 * lanes,
                plan.untrainedCount,
            ]
            + plan.temporary
            + (training ? [paddedParameters, plan.weightScratch, plan.gradient, plan.gradient] : [0, 0, 0, 0])
        buffers = counts.map { LaneBuffer<S>(count: $0) }
        parameters = buffers[0].base
        packed = buffers[1].base
        activations = buffers[2].base
        zeros = buffers[3].base
        sums = buffers[4].base
        normSums = buffers[5].base
        untrained = buffers[6].base
        temporaries = buffers[7...9].map(\.base)
        gradients = buffers[10].base
        weightScratch = buffers[11].base
        gradientBuffers = buffers[12...13].map(\.base)
        masks = .allocate(capacity: max(plan.maskCount, 1))
        masks.initialize(repeating: 0)
    }

    deinit { masks.deallocate() }

    func mask(_ offset: Int) -> UnsafeMutablePointer<UInt16>? { masks.baseAddress.map { $0 + offset } }

    func clearGradients() { gradients.update(repeating: 0, count: paddedParameters) }

    /// The gradient buffer that `pointer` does not lie in.
    func otherGradient(than pointer: Pointer) -> Pointer {
        let first = gradientBuffers[0]
        return pointer >= first && pointer < first + plan.gradient ? gradientBuffers[1] : first
    }
}
