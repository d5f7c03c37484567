import Tensors

/// Self-attention of one head over the pixels of a block's output h: s·(h + proj(attention(qkv(norm2(h))))). Channel
/// 3c + j of qkv is query (j = 0), key (1) or value (2) number c.
struct Attention {
    let channels: Int
    let side: Int
    private let norm: GroupNormalisation
    private let qkv: Convolution
    private let projection: Convolution
    private let normed: Int
    private let mixed: Int
    private let attended: Int
    private let weights: Int
    /// Queries whose gradients by the logits are held at a time.
    private static let queryBlock = 16

    private var tokens: Int { side * side }

    init(_ name: String, channels: Int, side: Int, plan: inout NetworkPlan) throws(NetworkError) {
        self.channels = channels
        self.side = side
        let tokens = side * side
        norm = try GroupNormalisation("\(name).norm2", channels: channels, silu: false, plan: &plan)
        qkv = Convolution(
            "\(name).qkv", inputs: channels, outputs: 3 * channels, kernel: 1, gain: 0.2.squareRoot(), pixels: tokens,
            plan: &plan)
        projection = Convolution(
            "\(name).proj", inputs: channels, outputs: channels, kernel: 1, gain: 1e-5, pixels: tokens, plan: &plan)
        normed = plan.activation(channels * tokens)
        mixed = plan.activation(3 * channels * tokens)
        attended = plan.activation(channels * tokens)
        weights = plan.activation(tokens * tokens)
        plan.temporary(0, channels * tokens)
        plan.temporary(1, 3 * channels * tokens)
        plan.temporary(2, Self.queryBlock * tokens)
        plan.work(2 * tokens * tokens * channels)
    }

    func pack<S>(_ w: Workspace<S>) {
        qkv.pack(w)
        projection.pack(w)
    }

    /// √½·(h + …), to another place than h.
    func forward<S>(_ w: Workspace<S>, _ h: UnsafePointer<S>, skipScale: S, out: UnsafeMutablePointer<S>) {
        let k = S.kernels
        let (normed, mixed) = (w.activations + normed, w.activations + mixed)
        let (weights, attended) = (w.activations + weights, w.activations + attended)
        norm.forward(w, h, pixels: tokens, out: normed)
        qkv.forward(w, normed, side: side, out: mixed)
        let (query, key, value) = parts(mixed)
        let step = 3 * tokens
        let scale = S(1) / S(channels).squareRoot()
        k.laneProduct(tokens, tokens, channels, query, 1, step, key, 1, step, scale, 0, weights, tokens, 1)
        k.softmax(weights, tokens, tokens)
        k.laneProduct(channels, tokens, tokens, value, step, 1, weights, tokens, 1, 1, 0, attended, tokens, 1)
        projection.forward(w, attended, side: side, add: h, scale: skipScale, out: out)
    }

    /// `dy`, the gradient by the output, becomes that by h.
    func backward<S>(_ w: Workspace<S>, h: UnsafePointer<S>, dy: UnsafeMutablePointer<S>, skipScale: S) {
        let k = S.kernels
        let (t0, dMixed, dLogits) = (w.temporaries[0], w.temporaries[1], w.temporaries[2])
        let (weights, attended) = (w.activations + weights, w.activations + attended)
        k.scale(dy, channels * tokens, skipScale)
        projection.parameterGradient(w, x: attended, dy: dy, side: side)
        projection.inputGradient(w, dy, side: side, out: t0)

        let (query, key, value) = parts(w.activations + mixed)
        let (dQuery, dKey, dValue) = parts(dMixed)
        let step = 3 * tokens
        let scale = S(1) / S(channels).squareRoot()
        k.laneProduct(channels, tokens, tokens, t0, tokens, 1, weights, 1, tokens, 1, 0, dValue, step, 1)
        for first in stride(from: 0, to: tokens, by: Self.queryBlock) {
            let rows = min(Self.queryBlock, tokens - first)
            let at = first * laneCount
            k.laneProduct(rows, tokens, channels, t0 + at, 1, tokens, value, 1, step, 1, 0, dLogits, tokens, 1)
            k.softmaxBackward(weights + at * tokens, dLogits, rows, tokens)
            k.laneProduct(channels, rows, tokens, key, step, 1, dLogits, tokens, 1, scale, 0, dQuery + at, step, 1)
            let more: Int32 = first > 0 ? 1 : 0
            k.laneProduct(channels, tokens, rows, query + at, step, 1, dLogits, 1, tokens, scale, more, dKey, step, 1)
        }
        qkv.parameterGradient(w, x: w.activations + normed, dy: dMixed, side: side)
        qkv.inputGradient(w, dMixed, side: side, out: t0)
        norm.backward(w, x: h, dy: t0, pixels: tokens, accumulate: true, dx: dy)
    }

    /// The first query, key and value channel; further ones are three planes apart.
    private func parts<S>(
        _ mixed: UnsafeMutablePointer<S>
    ) -> (query: UnsafeMutablePointer<S>, key: UnsafeMutablePointer<S>, value: UnsafeMutablePointer<S>) {
        let plane = tokens * laneCount
        return (mixed, mixed + plane, mixed + 2 * plane)
    }
}
