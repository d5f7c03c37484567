import Tensors

/// The residual path of ncsnpp's encoder from one level's image to the next: a 3×3 convolution of the image with two
/// pixels of zeros around it, whose outer ring of results counts too, then the tent filter with stride 2.
struct AuxiliaryResidual {
    let inputs: Int
    let outputs: Int
    /// The side of the input; the output's is half of it.
    let side: Int
    private let convolution: Convolution
    private let framed: Int

    private var framedSide: Int { side + 2 }
    private var outputVectors: Int { outputs * side * side / 4 }

    init(_ name: String, inputs: Int, outputs: Int, side: Int, start: LayerStart, plan: inout NetworkPlan) {
        self.inputs = inputs
        self.outputs = outputs
        self.side = side
        let pixels = (side + 2) * (side + 2)
        convolution = Convolution(
            name, inputs: inputs, outputs: outputs, kernel: 3, start: start, pixels: pixels, plan: &plan)
        plan.filter("\(name).resample_filter", .tent)
        framed = plan.activation(inputs * pixels)
        plan.temporary(0, max(inputs, outputs) * pixels)
        plan.temporary(1, max(outputs, inputs) * pixels)
    }

    func pack<S>(_ w: Workspace<S>) { convolution.pack(w) }

    /// y = (y + residual(x))·scale.
    func forward<S>(_ w: Workspace<S>, _ x: UnsafePointer<S>, scale: S, addingTo y: UnsafeMutablePointer<S>) {
        let framed = w.activations + framed
        w.kernels.frame(x, inputs, side, side, 1, framed)
        // The filter's weights add up to 1, so that the bias may come first.
        convolution.forward(w, framed, side: framedSide, out: w.temporaries[0])
        w.kernels.gather4x4(w.temporaries[0], outputs, framedSide, framedSide, 0, 1 / 64, w.temporaries[1])
        w.kernels.add(w.temporaries[1], outputVectors, y)
        w.kernels.scale(y, outputVectors, scale)
    }

    /// `dy`, the gradient by the sum, is scaled in place; `dx` gets the gradient by x.
    func backward<S>(
        _ w: Workspace<S>, dy: UnsafeMutablePointer<S>, scale: S, dx: UnsafeMutablePointer<S>
    ) {
        w.kernels.scale(dy, outputVectors, scale)
        w.kernels.spread4x4(dy, outputs, framedSide, framedSide, 0, 1 / 64, w.temporaries[0])
        convolution.parameterGradient(w, x: w.activations + framed, dy: w.temporaries[0], side: framedSide)
        convolution.inputGradient(w, w.temporaries[0], side: framedSide, out: w.temporaries[1])
        w.kernels.unframe(w.temporaries[1], inputs, side, side, 1, dx)
    }
}
