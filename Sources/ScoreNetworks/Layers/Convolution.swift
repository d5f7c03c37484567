import Tensors

/// A 3×3 or 1×1 convolution with zero padding; a linear layer is a 1×1 convolution of a single pixel.
struct Convolution {
    let inputs: Int
    let outputs: Int
    let kernel: Int
    private let weight: Int
    private let bias: Int?
    private let packedWeight: PackedPlace
    private let packedTransposed: PackedPlace
    private let biasPlace: Int
    private let sumsPlace: Int

    /// Where the weights lie in the order in which kernels read them. The largest are packed anew for every use: packing
    /// costs little beside the convolution, and keeping all would take more than twice the memory of the parameters.
    private enum PackedPlace: Equatable {
        case kept(Int)
        case scratch(Int)
    }

    /// The most packed weights that are kept, in scalars. More would not stay in a near cache anyway.
    private static let mostKept = 1 << 20

    /// `linear` drops the two axes of the kernel from the weight's shape. `pixels` serves to count operations.
    init(
        _ name: String, inputs: Int, outputs: Int, kernel: Int, linear: Bool = false, bias hasBias: Bool = true,
        start: LayerStart, pixels: Int, plan: inout NetworkPlan
    ) {
        self.inputs = inputs
        self.outputs = outputs
        self.kernel = kernel
        let taps = kernel * kernel
        weight = plan.parameter(
            "\(name).weight", linear ? [outputs, inputs] : [outputs, inputs, kernel, kernel],
            start.weight(fanIn: inputs * taps, fanOut: outputs * taps))
        bias = hasBias ? plan.parameter("\(name).bias", [outputs], start.bias(fanIn: inputs * taps)) : nil
        let packed = KernelMemory.packedWeights(outputs: outputs, inputs: inputs, taps: taps)
        let working = KernelMemory.convolution(outputs: outputs, inputs: inputs, taps: taps)
        if packed > Self.mostKept {
            let place = (working + laneCount - 1) / laneCount * laneCount
            packedWeight = .scratch(place)
            packedTransposed = packedWeight
            plan.scratch(place + packed)
        } else {
            packedWeight = .kept(plan.packed(packed))
            let shares = KernelMemory.sharesWeights(outputs: outputs, inputs: inputs, taps: taps)
            packedTransposed = shares ? packedWeight : .kept(plan.packed(packed))
            plan.scratch(working)
        }
        biasPlace = plan.packed(outputs * laneCount)
        sumsPlace = plan.sums(hasBias ? outputs * laneCount : 0)
        plan.channels(max(inputs, outputs))
        plan.work(outputs * inputs * taps * pixels)
    }

    /// Brings the parameters into the order that the kernels read.
    func pack<S>(_ w: Workspace<S>) {
        if case .kept(let place) = packedWeight { pack(w, transposed: false, to: w.packed + place) }
        if w.use.goesBack, packedTransposed != packedWeight, case .kept(let place) = packedTransposed {
            pack(w, transposed: true, to: w.packed + place)
        }
        if let bias { w.kernels.broadcast(w.parameters + bias, outputs, w.packed + biasPlace) }
    }

    /// The bias in every lane, [outputs][16].
    func biasLanes<S>(_ w: Workspace<S>) -> UnsafeMutablePointer<S> { w.packed + biasPlace }

    /// out = (W·x + bias + add)·scale. `bias` replaces the layer's own; `add` may be `out`.
    func forward<S>(
        _ w: Workspace<S>, _ x: UnsafePointer<S>, side: Int, bias: UnsafePointer<S>? = nil,
        add: UnsafePointer<S>? = nil,
        scale: S = 1, out: UnsafeMutablePointer<S>
    ) {
        let bias = bias ?? UnsafePointer(biasLanes(w))
        apply(w, packed(w, transposed: false), 0, x, inputs, side, bias, add, scale, outputs, out)
    }

    /// out = (Wᵀ·dy + add)·scale, dy being the gradient by the output. With scale 1 and no `add` that is the gradient by x.
    func inputGradient<S>(
        _ w: Workspace<S>, _ dy: UnsafePointer<S>, side: Int, add: UnsafePointer<S>? = nil, scale: S = 1,
        out: UnsafeMutablePointer<S>
    ) {
        apply(w, packed(w, transposed: true), 1, dy, outputs, side, w.zeros, add, scale, inputs, out)
    }

    /// In training, adds the gradients of weight and bias that follow from scale·dy, the gradient by the output. `sums` are
    /// the sums of dy over pixels, where the caller has them.
    func parameterGradient<S>(
        _ w: Workspace<S>, x: UnsafePointer<S>, dy: UnsafePointer<S>, side: Int, scale: S = 1,
        sums: UnsafePointer<S>? = nil
    ) {
        guard w.use == .training else { return }
        let target = w.gradients + weight
        if kernel == 3 {
            w.kernels.conv3x3WeightGradient(x, dy, inputs, outputs, side, side, scale, w.scratch, target)
        } else {
            w.kernels.pointwiseWeightGradient(x, dy, inputs, outputs, side * side, scale, w.scratch, target)
        }
        guard let bias else { return }
        if let sums {
            w.kernels.reduceLanes(sums, outputs, scale, w.gradients + bias)
        } else {
            let sums = self.sums(w)
            w.kernels.channelSums(dy, outputs, side * side, sums)
            w.kernels.reduceLanes(sums, outputs, scale, w.gradients + bias)
        }
    }

    /// A place for the sums over pixels of the gradient by the output, [outputs][16].
    func sums<S>(_ w: Workspace<S>) -> UnsafeMutablePointer<S> { w.sums(at: sumsPlace) }

    private func pack<S>(_ w: Workspace<S>, transposed: Bool, to place: UnsafeMutablePointer<S>) {
        w.kernels.pack(w.parameters + weight, outputs, inputs, kernel * kernel, transposed ? 1 : 0, place)
    }

    /// The packed weights that the convolution reads, or with `transposed` those of its input gradient.
    private func packed<S>(_ w: Workspace<S>, transposed: Bool) -> UnsafePointer<S> {
        switch transposed ? packedTransposed : packedWeight {
        case .kept(let place): return UnsafePointer(w.packed + place)
        case .scratch(let place):
            let shares = KernelMemory.sharesWeights(outputs: outputs, inputs: inputs, taps: kernel * kernel)
            pack(w, transposed: transposed && !shares, to: w.scratch + place)
            return UnsafePointer(w.scratch + place)
        }
    }

    private func apply<S>(
        _ w: Workspace<S>, _ weights: UnsafePointer<S>, _ transposed: Int32, _ x: UnsafePointer<S>, _ channels: Int,
        _ side: Int, _ bias: UnsafePointer<S>, _ add: UnsafePointer<S>?, _ scale: S, _ outputs: Int,
        _ out: UnsafeMutablePointer<S>
    ) {
        if kernel == 3 {
            w.kernels.conv3x3(x, channels, side, side, weights, transposed, bias, add, scale, outputs, w.scratch, out)
        } else {
            w.kernels.pointwise(x, channels, side * side, weights, bias, add, scale, outputs, w.scratch, out)
        }
    }
}
