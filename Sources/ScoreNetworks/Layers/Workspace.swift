import Tensors

/// The places of one network for one group of 16 images, or for each of those that pass together, allocated once.
final class Workspace<S: LaneScalar> {
    typealias Pointer = UnsafeMutablePointer<S>

    let plan: NetworkPlan
    let use: NetworkUse
    let machine: any LaneMachine<S>
    let kernels: LaneKernels<S>
    /// The number of parameters, padded to whole vectors; the padding stays 0.
    let paddedParameters: Int
    private let lender: Workspace?
    private let masks: UnsafeMutablePointer<UInt16>

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
    /// Where every layer has its own place for such sums: on a device, which adds those of all layers up at once. On the CPU
    /// they pass through one place, which stays in a near cache.
    private let layerSums: Pointer?
    /// The values of the network that are not trained.
    let untrained: Pointer
    /// Means and deviations that normalisations over the batch find.
    let statistics: Pointer

    /// Without `activations`, the network itself keeps memory for them. A workspace with a `lender` has the lender's
    /// parameters, and is this process's: another thread may use it beside the lender's while nobody changes the parameters.
    init(
        _ plan: NetworkPlan, for use: NetworkUse, on machine: any LaneMachine<S>,
        activations hasActivations: Bool = true, lender: Workspace? = nil
    ) {
        self.plan = plan
        self.machine = machine
        kernels = machine.kernels
        self.lender = lender
        self.use = use
        paddedParameters = (plan.parameterCount + laneCount - 1) / laneCount * laneCount
        let lanes = plan.widest * laneCount
        func own(_ count: Int) -> Pointer { machine.place(count, shared: false) }
        func shared(_ count: Int) -> Pointer { machine.place(count, shared: true) }
        parameters = lender?.parameters ?? shared(paddedParameters)
        packed = lender?.packed ?? shared(plan.packedCount)
        activations = own(hasActivations ? plan.activationCount : 0)
        zeros = shared(lanes)
        sums = own(lanes)
        normSums = own(2 * lanes)
        layerSums = machine.mostGroups > 1 && use == .training ? own(plan.sumsCount) : nil
        untrained = lender?.untrained ?? shared(plan.untrainedCount)
        scratch = shared(plan.scratch)
        temporaries = plan.temporary.map(own)
        gradients = shared(use == .training ? paddedParameters : 0)
        gradientBuffers = (0..<2).map { _ in own(use.goesBack ? plan.gradient : 0) }
        statistics = shared(plan.statisticsCount)
        masks = machine.maskPlace(plan.maskCount)
    }

    /// The twin for another thread of this process.
    func twin(activations: Bool = true) -> Workspace {
        Workspace(plan, for: use, on: HostMachine(), activations: activations, lender: self)
    }

    /// A layer's place for sums, until its parameters' gradients have them: over pixels, and a normalisation's.
    func sums(at place: Int) -> Pointer { layerSums.map { $0 + place } ?? sums }
    func normSums(at place: Int) -> Pointer { layerSums.map { $0 + place } ?? normSums }

    func mask(_ offset: Int) -> UnsafeMutablePointer<UInt16> { masks + offset }

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

    func clearGradients() { machine.clear(gradients, paddedParameters) }

    /// The gradient buffer that `pointer` does not lie in.
    func otherGradient(than pointer: Pointer) -> Pointer {
        let first = gradientBuffers[0]
        return pointer >= first && pointer < first + plan.gradient ? gradientBuffers[1] : first
    }
}
