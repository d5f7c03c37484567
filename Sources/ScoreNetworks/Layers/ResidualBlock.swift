import Tensors

/// A residual block: h = conv1(dropout(silu(norm1(conv0(r(silu(norm0(x)))) + affine(emb))))), out = s·(h + skip(x)), then
/// attention, where r resamples by 2 and skip(x) is r(x), with a 1×1 convolution where channels change, or the size in
/// ddpmpp and ncsnpp. In adm the embedding scales and shifts norm1's output instead.
struct ResidualBlock {
    let inputs: Int
    let outputs: Int
    /// Height and width of the output.
    let side: Int
    let resampling: Resampling
    let style: UNetStyle
    /// The number of the dropout stream that this block draws from.
    let number: Int
    private let norm0: GroupNormalisation
    private let conv0: Convolution
    private let affine: Convolution
    private let norm1: GroupNormalisation
    private let conv1: Convolution
    private let skip: Convolution?
    private let attention: Attention?

    private let active0: Int
    private let shift: Int
    private let shiftGradient: Int
    private let hidden: Int
    private let active1: Int
    private let resampledInput: Int
    private let beforeAttention: Int
    private let mask: Int?

    init(
        _ name: String, inputs: Int, outputs: Int, side: Int, resampling: Resampling = .none, heads: Int = 0,
        style: UNetStyle, embedding: Int, dropout: Bool, number: Int, plan: inout NetworkPlan
    ) throws(NetworkError) {
        self.inputs = inputs
        self.outputs = outputs
        self.side = side
        self.resampling = resampling
        self.style = style
        self.number = number
        let pixels = side * side
        norm0 = try GroupNormalisation(
            "\(name).norm0", channels: inputs, epsilon: style.epsilon, silu: true, plan: &plan)
        conv0 = Convolution(
            "\(name).conv0", inputs: inputs, outputs: outputs, kernel: 3, start: style.start, pixels: pixels,
            plan: &plan)
        affine = Convolution(
            "\(name).affine", inputs: embedding, outputs: style.modulates ? 2 * outputs : outputs, kernel: 1,
            linear: true, start: style.start, pixels: 1, plan: &plan)
        norm1 = try GroupNormalisation(
            "\(name).norm1", channels: outputs, epsilon: style.epsilon, silu: true, modulated: style.modulates,
            plan: &plan)
        conv1 = Convolution(
            "\(name).conv1", inputs: outputs, outputs: outputs, kernel: 3, start: style.closingStart, pixels: pixels,
            plan: &plan)
        let convolvesSkip = inputs != outputs || resampling != .none && style.convolvesResampledSkips
        skip =
            convolvesSkip
            ? Convolution(
                "\(name).skip", inputs: inputs, outputs: outputs, kernel: 1, start: style.start, pixels: pixels,
                plan: &plan) : nil
        if resampling != .none {
            plan.filter("\(name).conv0.resample_filter", style.filter)
            plan.filter("\(name).skip.resample_filter", style.filter)
            // Published counts of operations take the filter, in conv0 and in skip, as the convolution that it is there.
            let taps = style.filter.side * style.filter.side
            plan.work(2 * taps * inputs * min(pixels, Self.inputPixels(side, resampling)))
        }
        active0 = plan.activation(inputs * pixels)
        shift = plan.activation(style.modulates ? 2 * outputs : outputs)
        shiftGradient = style.modulates ? plan.activation(2 * outputs) : 0
        hidden = plan.activation(outputs * pixels)
        active1 = plan.activation(outputs * pixels)
        resampledInput = resampling == .none ? 0 : plan.activation(inputs * pixels)
        beforeAttention = heads > 0 ? plan.activation(outputs * pixels) : 0
        mask = dropout ? plan.mask(outputs * pixels) : nil
        self.attention =
            heads > 0
            ? try Attention(name, channels: outputs, heads: heads, side: side, style: style, plan: &plan) : nil

        let inputVectors = inputs * Self.inputPixels(side, resampling)
        plan.temporary(0, max(inputVectors, outputs * pixels, inputs * pixels))
        plan.temporary(1, max(outputs * pixels, inputs * pixels))
        plan.temporary(2, inputVectors)
        plan.gradient(max(inputVectors, outputs * pixels))
    }

    private static func inputPixels(_ side: Int, _ resampling: Resampling) -> Int {
        switch resampling {
        case .none: side * side
        case .up: side * side / 4
        case .down: 4 * side * side
        }
    }

    func pack<S>(_ w: Workspace<S>) {
        for norm in [norm0, norm1] { norm.pack(w) }
        for layer in [conv0, affine, conv1, skip].compactMap({ $0 }) { layer.pack(w) }
        attention?.pack(w)
    }

    /// `embedding` is the noise embedding in lanes.
    func forward<S>(
        _ w: Workspace<S>, _ x: UnsafePointer<S>, embedding: UnsafePointer<S>, dropout: Dropout?,
        out: UnsafeMutablePointer<S>
    ) {
        let a = w.activations
        let pixels = side * side
        let inputPixels = Self.inputPixels(side, resampling)
        if resampling == .none {
            norm0.forward(w, x, pixels: inputPixels, out: a + active0)
        } else {
            norm0.forward(w, x, pixels: inputPixels, out: w.temporaries[0])
            resample(w.kernels, w.temporaries[0], to: a + active0)
            resample(w.kernels, x, to: a + resampledInput)
        }
        if style.modulates {
            affine.forward(w, embedding, side: 1, out: a + shift)
            conv0.forward(w, a + active0, side: side, out: a + hidden)
        } else {
            affine.forward(w, embedding, side: 1, add: conv0.biasLanes(w), out: a + shift)
            conv0.forward(w, a + active0, side: side, bias: a + shift, out: a + hidden)
        }
        norm1.forward(w, a + hidden, pixels: pixels, modulation: a + shift, out: a + active1)
        if let dropout, let mask {
            dropout.apply(w.kernels, a + active1, vectors: outputs * pixels, layer: number, mask: w.mask(mask))
        }
        let sum = attention == nil ? out : a + beforeAttention
        let skipInput = resampling == .none ? x : UnsafePointer(a + resampledInput)
        var added = skipInput
        if let skip {
            skip.forward(w, skipInput, side: side, out: sum)
            added = UnsafePointer(sum)
        }
        conv1.forward(w, a + active1, side: side, add: added, scale: skipScale(), out: sum)
        attention?.forward(w, sum, skipScale: skipScale(), out: out)
    }

    /// Overwrites `dy`, the gradient by the output. Returns where the gradient by x plus `add` stands, which is `dy` or
    /// `dx`. Adds to `embeddingGradient` and to the gradients by parameters.
    func backward<S>(
        _ w: Workspace<S>, x: UnsafePointer<S>, embedding: UnsafePointer<S>, dropout: Dropout?,
        dy: UnsafeMutablePointer<S>, add: UnsafePointer<S>?, dx: UnsafeMutablePointer<S>,
        embeddingGradient: UnsafeMutablePointer<S>
    ) -> UnsafeMutablePointer<S> {
        let a = w.activations
        let t = w.temporaries
        let pixels = side * side
        let scale: S = skipScale()
        attention?.backward(w, h: a + beforeAttention, dy: dy, skipScale: scale)

        conv1.parameterGradient(w, x: a + active1, dy: dy, side: side, scale: scale)
        conv1.inputGradient(w, dy, side: side, scale: scale, out: t[0])
        if let dropout, let mask {
            dropout.applyBackward(w.kernels, t[0], vectors: outputs * pixels, mask: w.mask(mask))
        }
        norm1.backward(
            w, x: a + hidden, dy: t[0], pixels: pixels, dx: t[1], sums: conv0.sums(w),
            modulation: a + shift, modulationGradient: a + shiftGradient)
        let byAffine = style.modulates ? a + shiftGradient : conv0.sums(w)
        affine.parameterGradient(w, x: embedding, dy: byAffine, side: 1, sums: byAffine)
        affine.inputGradient(w, byAffine, side: 1, add: embeddingGradient, out: embeddingGradient)
        conv0.parameterGradient(w, x: a + active0, dy: t[1], side: side, sums: conv0.sums(w))
        conv0.inputGradient(w, t[1], side: side, out: t[0])

        let isIdentity = skip == nil && resampling == .none
        let result = isIdentity ? dy : dx
        var dSkip = dy
        if let skip {
            let skipInput = resampling == .none ? x : UnsafePointer(a + resampledInput)
            skip.parameterGradient(w, x: skipInput, dy: dy, side: side, scale: scale)
            dSkip = resampling == .none ? dx : t[1]
            skip.inputGradient(w, dy, side: side, scale: scale, out: dSkip)
        }
        if resampling != .none { resampleBackward(w.kernels, dSkip, to: dx) }
        var dActive = t[0]
        if resampling != .none {
            dActive = t[2]
            resampleBackward(w.kernels, t[0], to: dActive)
        }
        norm0.backward(
            w, x: x, dy: dActive, pixels: Self.inputPixels(side, resampling), keep: isIdentity ? scale : 1, add: add,
            dx: result)
        return result
    }

    private func skipScale<S: LaneScalar>() -> S { S(style.squaredSkipScale).squareRoot() }

    /// Side of the larger image where the block resamples.
    private var largerSide: Int { resampling == .down ? 2 * side : side }

    private func resample<S: LaneScalar>(
        _ kernels: LaneKernels<S>, _ x: UnsafePointer<S>, to y: UnsafeMutablePointer<S>
    ) {
        resampling.forward(kernels, style.filter, x, channels: inputs, side: largerSide, out: y)
    }

    private func resampleBackward<S: LaneScalar>(
        _ kernels: LaneKernels<S>, _ dy: UnsafePointer<S>, to dx: UnsafeMutablePointer<S>
    ) {
        resampling.backward(kernels, style.filter, dy, channels: inputs, side: largerSide, out: dx)
    }
}
