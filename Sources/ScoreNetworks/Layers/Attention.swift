import Tensors

/// Self-attention over the pixels of a block's output h: s·(h + proj(attention(qkv(norm2(h))))). Each head has an equal
/// part of the channels, and of qkv's: in its part, channel 3c + j is query (j = 0), key (1) or value (2) number c.
struct Attention {
    let channels: Int
    let heads: Int
    let side: Int
    private let norm: GroupNormalisation
    private let qkv: Convolution
    private let projection: Convolution
    private let normed: Int
    private let mixed: Int
    private let attended: Int
    private let statistics: Int

    private var tokens: Int { side * side }
    private var depth: Int { channels / heads }

    init(
        _ name: String, channels: Int, heads: Int, side: Int, style: UNetStyle, plan: inout NetworkPlan
    ) throws(NetworkError) {
        guard channels % heads == 0 else {
            throw NetworkError(
                "\(name).qkv", "\(channels) channels do not divide into \(heads) heads of at least 64")
        }
        self.channels = channels
        self.heads = heads
        self.side = side
        let tokens = side * side
        norm = try GroupNormalisation(
            "\(name).norm2", channels: channels, epsilon: style.epsilon, silu: false, plan: &plan)
        qkv = Convolution(
            "\(name).qkv", inputs: channels, outputs: 3 * channels, kernel: 1, start: style.mixingStart,
            pixels: tokens, plan: &plan)
        projection = Convolution(
            "\(name).proj", inputs: channels, outputs: channels, kernel: 1, start: style.closingStart,
            pixels: tokens, plan: &plan)
        normed = plan.activation(channels * tokens)
        mixed = plan.activation(3 * channels * tokens)
        attended = plan.activation(channels * tokens)
        statistics = plan.activation(2 * heads * tokens)
        plan.temporary(0, channels * tokens)
        plan.temporary(1, 3 * channels * tokens)
        plan.scratch(KernelMemory.attention(depth: channels / heads, tokens: tokens))
        plan.work(2 * tokens * tokens * channels)
    }

    func pack<S>(_ w: Workspace<S>) {
        norm.pack(w)
        qkv.pack(w)
        projection.pack(w)
    }

    /// out = skipScale·(h + …). `out` is another place than `h`.
    func forward<S>(_ w: Workspace<S>, _ h: UnsafePointer<S>, skipScale: S, out: UnsafeMutablePointer<S>) {
        let (normed, mixed, attended) = (w.activations + normed, w.activations + mixed, w.activations + attended)
        norm.forward(w, h, pixels: tokens, out: normed)
        qkv.forward(w, normed, side: side, out: mixed)
        for head in 0..<heads {
            let place = place(head)
            w.kernels.attention(
                mixed + 3 * place, depth, tokens, logitScale(), w.scratch, statistics(w, head), attended + place)
        }
        projection.forward(w, attended, side: side, add: h, scale: skipScale, out: out)
    }

    /// Turns `dy`, the gradient by the output, into the gradient by h.
    func backward<S>(_ w: Workspace<S>, h: UnsafePointer<S>, dy: UnsafeMutablePointer<S>, skipScale: S) {
        let (t0, dMixed) = (w.temporaries[0], w.temporaries[1])
        let attended = w.activations + attended
        projection.parameterGradient(w, x: attended, dy: dy, side: side, scale: skipScale)
        projection.inputGradient(w, dy, side: side, scale: skipScale, out: t0)
        for head in 0..<heads {
            let place = place(head)
            w.kernels.attentionBackward(
                w.activations + mixed + 3 * place, depth, tokens, logitScale(), statistics(w, head), attended + place,
                t0 + place, w.scratch, dMixed + 3 * place)
        }
        qkv.parameterGradient(w, x: w.activations + normed, dy: dMixed, side: side)
        qkv.inputGradient(w, dMixed, side: side, out: t0)
        norm.backward(w, x: h, dy: t0, pixels: tokens, keep: skipScale, dx: dy)
    }

    /// Where a head's part of the channels begins.
    private func place(_ head: Int) -> Int { head * depth * tokens * laneCount }

    /// Where the forward pass leaves, for the gradients, every query's largest logit and inverse sum of exponentials.
    private func statistics<S>(_ w: Workspace<S>, _ head: Int) -> UnsafeMutablePointer<S> {
        w.activations + statistics + 2 * head * tokens * laneCount
    }

    private func logitScale<S: LaneScalar>() -> S { 1 / S(depth).squareRoot() }
}
