import Tensors

/// The memory of one network for one group of 16 images, allocated once.
final class Workspace<S: LaneScalar> {
    typealias Pointer = UnsafeMutablePointer<S>

    let plan: NetworkPlan
    let use: NetworkUse
    /// A copy of the kernels, made once: making it takes longer than a kernel on few pixels.
    let kernels = S.kernels
    /// The number of parameters, padded to whole vectors; the padding stays 0.
    let paddedParameters: Int
    private let buffers: [LaneBuffer<S>]
    private let lender: Workspace?
    private let masks: UnsafeMutableBufferPointer<UInt16>

    let parameters: Pointer
    let packed: Pointer
    let activations: Pointer
    let temporaries: [Pointer]
    /// Zero in every lane, as wide as the widest layer.
    let zeros: Pointer
    /// The memory that a kernel needs while it runs.
    let scratch: Pointer
    /// The gradients by parameters; only in training.
    let gradients: Pointer
    /// Gradients by activations; only where gradients pass through layers.
    let gradientBuffers: [Pointer]
    /// Sums over pixels, as wide as the widest layer.
    let sums: Pointer
    /// Gradients of a normalisation's weights and biases, per image.
    let normSums: Pointer
    /// The values of the network that are not trained.
    let untrained: Pointer
    /// Means and deviations that normalisations over the batch find.
    let statistics: Pointer

    /// Without `activations`, the network itself keeps memory for them. A workspace with a `lender` has the lender's
    /// parameters. Another thread may use it beside the lender's while nobody changes the parameters.
    init(_ plan: NetworkPlan, for use: NetworkUse, activations hasActivations: Bool = true, lender: Workspace? = nil) {
        self.plan = plan
        self.lender = lender
        self.use = use
        paddedParameters = (plan.parameterCount + laneCount - 1) / laneCount * laneCount
        let lanes = plan.widest * laneCount
        let counts =
            [
                lender == nil ? paddedParameters : 0, lender == nil ? plan.packedCount : 0,
                hasActivations ? plan.activationCount : 0, lanes, lanes, 2 * lanes,
                lender == nil ? plan.untrainedCount : 0, plan.scratch,
            ]
            + plan.temporary
            + [use == .training ? paddedParameters : 0]
            + (use.goesBack ? [plan.gradient, plan.gradient] : [0, 0])
            + [plan.statisticsCount]
        buffers = counts.map { LaneBuffer<S>(count: $0) }
        parameters = lender?.parameters ?? buffers[0].base
        packed = lender?.packed ?? buffers[1].base
        activations = buffers[2].base
        zeros = buffers[3].base
        sums = buffers[4].base
        normSums = buffers[5].base
        untrained = lender?.untrained ?? buffers[6].base
        scratch = buffers[7].base
        temporaries = buffers[8...10].map(\.base)
        gradients = buffers[11].base
        gradientBuffers = buffers[12...13].map(\.base)
        statistics = buffers[14].base
        masks = .allocate(capacity: max(plan.maskCount, 1))
        masks.initialize(repeating: 0)
    }

    deinit { masks.deallocate() }

    func mask(_ offset: Int) -> UnsafeMutablePointer<UInt16>? { masks.baseAddress.map { $0 + offset } }

    /// Adds the gradients in `other` by the parameters `range`, or by all parameters, to the ones here, and clears them
    /// in `other`.
    func takeGradients(_ range: Range<Int>? = nil, of other: Workspace) {
        let range = range ?? 0..<plan.parameterCount
        let (sum, part) = (gradients + range.lowerBound, other.gradients + range.lowerBound)
        for i in 0..<range.count {
            sum[i] += part[i]
            part[i] = 0
        }
    }

    func clearGradients() { gradients.update(repeating: 0, count: paddedParameters) }

    /// The gradient buffer that `pointer` does not lie in.
    func otherGradient(than pointer: Pointer) -> Pointer {
        let first = gradientBuffers[0]
        return pointer >= first && pointer < first + plan.gradient ? gradientBuffers[1] : first
    }
}
