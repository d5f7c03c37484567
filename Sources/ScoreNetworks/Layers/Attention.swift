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
    private let weights: Int
    /// Queries that are handled at a time, so that their logits stay in the cache.
    private static let queryBlock = 16

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
        weights = plan.activation(heads * tokens * tokens)
        plan.temporary(0, channels * tokens)
        plan.temporary(1, 3 * channels * tokens)
        plan.temporary(2, Self.queryBlock * tokens)
        plan.work(2 * tokens * tokens * channels)
    }

    func pack<S>(_ w: Workspace<S>) {
        norm.pack(w)
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
        let step = 3 * tokens
        let scale = S(1) / S(depth).squareRoot()
        for head in 0..<heads {
            let (query, key, value) = parts(mixed, head)
            for first in stride(from: 0, to: tokens, by: Self.queryBlock) {
                let rows = min(Self.queryBlock, tokens - first)
                let at = first * laneCount
                let weights = weights + head * tokens * tokens * laneCount + at * tokens
                k.laneProduct(rows, tokens, depth, query + at, 1, step, key, 1, step, scale, 0, weights, tokens, 1)
                k.softmax(weights, rows, tokens)
                k.laneProduct(
                    depth, rows, tokens, value, step, 1, weights, tokens, 1, 1, 0, attended + place(head) + at, tokens,
                    1)
            }
        }
        projection.forward(w, attended, side: side, add: h, scale: skipScale, out: out)
    }

    /// `dy`, the gradient by the output, becomes that by h.
    func backward<S>(_ w: Workspace<S>, h: UnsafePointer<S>, dy: UnsafeMutablePointer<S>, skipScale: S) {
        let (t0, dMixed, dLogits) = (w.temporaries[0], w.temporaries[1], w.temporaries[2])
        let (weights, attended) = (w.activations + weights, w.activations + attended)
        projection.parameterGradient(w, x: attended, dy: dy, side: side, scale: skipScale)
        projection.inputGradient(w, dy, side: side, scale: skipScale, out: t0)
        for head in 0..<heads {
            backward(
                parts(w.activations + mixed, head), weights: weights + head * tokens * tokens * laneCount,
                dy: t0 + place(head), gradients: parts(dMixed, head), dLogits: dLogits)
        }
        qkv.parameterGradient(w, x: w.activations + normed, dy: dMixed, side: side)
        qkv.inputGradient(w, dMixed, side: side, out: t0)
        norm.backward(w, x: h, dy: t0, pixels: tokens, keep: skipScale, dx: dy)
    }

    /// Queries, keys and values of a head, or the gradients by them: the first channel of each; further ones are three
    /// planes apart.
    private typealias Parts<S> = (
        query: UnsafeMutablePointer<S>, key: UnsafeMutablePointer<S>, value: UnsafeMutablePointer<S>
    )

    /// From `dy`, the gradient by what one head found.
    private func backward<S: LaneScalar>(
        _ head: Parts<S>, weights: UnsafeMutablePointer<S>, dy: UnsafeMutablePointer<S>, gradients: Parts<S>,
        dLogits: UnsafeMutablePointer<S>
    ) {
        let k = S.kernels
        let step = 3 * tokens
        let scale = S(1) / S(depth).squareRoot()
        for first in stride(from: 0, to: tokens, by: Self.queryBlock) {
            let rows = min(Self.queryBlock, tokens - first)
            let at = first * laneCount
            let more: Int32 = first > 0 ? 1 : 0
            k.laneProduct(
                depth, tokens, rows, dy + at, tokens, 1, weights + at * tokens, 1, tokens, 1, more, gradients.value,
                step, 1)
            k.laneProduct(rows, tokens, depth, dy + at, 1, tokens, head.value, 1, step, 1, 0, dLogits, tokens, 1)
            k.softmaxBackward(weights + at * tokens, dLogits, rows, tokens)
            k.laneProduct(
                depth, rows, tokens, head.key, step, 1, dLogits, tokens, 1, scale, 0, gradients.query + at, step, 1)
            k.laneProduct(
                depth, tokens, rows, head.query + at, step, 1, dLogits, 1, tokens, scale, more, gradients.key, step, 1)
        }
    }

    /// Where a head's part of the channels begins.
    private func place(_ head: Int) -> Int { head * depth * tokens * laneCount }

    private func parts<S>(_ mixed: UnsafeMutablePointer<S>, _ head: Int) -> Parts<S> {
        let first = mixed + 3 * place(head)
        let plane = tokens * laneCount
        return (first, first + plane, first + 2 * plane)
    }
}
