import Tensors

/// A transposed 2×2 convolution with stride 2 and without bias: y[o, 2i + p, 2j + q] = Σ_c x[c, i, j]·w[c, o, p, q].
/// Forward and backward pass through temporary 1.
struct TransposedConvolution {
    let inputs: Int
    let outputs: Int
    /// Height and width of the input.
    let side: Int
    private let weight: Int
    private let packed: Int
    private let packedBack: Int

    private var pixels: Int { side * side }

    init(_ name: String, inputs: Int, outputs: Int, side: Int, plan: inout NetworkPlan) {
        self.inputs = inputs
        self.outputs = outputs
        self.side = side
        // The published rule takes the second dimension for the fan-in.
        weight = plan.parameter(
            "\(name).weight", [inputs, outputs, 2, 2], LayerStart.he.weight(fanIn: 4 * outputs, fanOut: inputs))
        packed = plan.packed(4 * inputs * outputs)
        packedBack = plan.packed(4 * inputs * outputs)
        plan.scratch(KernelMemory.convolution(outputs: 4 * outputs, inputs: inputs, taps: 1))
        plan.channels(max(inputs, 4 * outputs))
        plan.temporary(1, 4 * outputs * side * side)
        plan.work(4 * inputs * outputs * side * side)
    }

    func pack<S>(_ w: Workspace<S>) {
        w.kernels.pack(w.parameters + weight, inputs, 4 * outputs, 1, 1, w.packed + packed)
        if w.use.goesBack { w.kernels.pack(w.parameters + weight, inputs, 4 * outputs, 1, 0, w.packed + packedBack) }
    }

    func forward<S>(_ w: Workspace<S>, _ x: UnsafePointer<S>, out: UnsafeMutablePointer<S>) {
        let taps = w.temporaries[1]
        w.kernels.pointwise(x, inputs, pixels, w.packed + packed, w.zeros, nil, 1, 4 * outputs, w.scratch, taps)
        w.kernels.shuffle2x2(taps, outputs, side, side, out)
    }

    /// Writes the gradient by x and, in training, adds the gradient by the weights to theirs.
    func backward<S>(
        _ w: Workspace<S>, x: UnsafePointer<S>, dy: UnsafePointer<S>, dx: UnsafeMutablePointer<S>
    ) {
        let taps = w.temporaries[1]
        w.kernels.unshuffle2x2(dy, outputs, side, side, taps)
        if w.use == .training {
            w.kernels.pointwiseWeightGradient(
                taps, x, 4 * outputs, inputs, pixels, 1, w.scratch, w.gradients + weight)
        }
        w.kernels.pointwise(taps, 4 * outputs, pixels, w.packed + packedBack, w.zeros, nil, 1, inputs, w.scratch, dx)
    }
}
