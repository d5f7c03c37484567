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
    /// Queries that are handled at a time, so that their logits stay in the cache; these are stored key by key.
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
        plan.temporary(0, channels * tokens)
        plan.temporary(1, 3 * channels * tokens)
        plan.temporary(2, 2 * Self.queryBlock * tokens)
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
        let (weights, attended) = (w.temporaries[2], w.activations + attended)
        norm.forward(w, h, pixels: tokens, out: normed)
        qkv.forward(w, normed, side: side, out: mixed)
        let step = 3 * tokens
        for head in 0..<heads {
            let (query, key, value) = parts(mixed, head)
            for first in stride(from: 0, to: tokens, by: Self.queryBlock) {
                let rows = min(Self.queryBlock, tokens - first)
                let at = first * laneCount
                attend(query + at, rows, key, weights)
                k.laneProduct(
                    depth, rows, tokens, value, step, 1, weights, 1, rows, 1, 0, attended + place(head) + at, tokens,
                    1)
            }
        }
        projection.forward(w, attended, side: side, add: h, scale: skipScale, out: out)
    }

    /// `dy`, the gradient by the output, becomes that by h.
    func backward<S>(_ w: Workspace<S>, h: UnsafePointer<S>, dy: UnsafeMutablePointer<S>, skipScale: S) {
        let (t0, dMixed) = (w.temporaries[0], w.temporaries[1])
        let attended = w.activations + attended
        projection.parameterGradient(w, x: attended, dy: dy, side: side, scale: skipScale)
        projection.inputGradient(w, dy, side: side, scale: skipScale, out: t0)
        for head in 0..<heads {
            backward(
                parts(w.activations + mixed, head), dy: t0 + place(head), gradients: parts(dMixed, head),
                weights: w.temporaries[2])
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

    /// The weights of all keys for `rows` queries. They are found again where gradients need them: that takes less time
    /// than keeping them, as there are more of them than of anything else.
    private func attend<S: LaneScalar>(
        _ query: UnsafePointer<S>, _ rows: Int, _ key: UnsafePointer<S>, _ weights: UnsafeMutablePointer<S>
    ) {
        let step = 3 * tokens
        let scale = S(1) / S(depth).squareRoot()
        S.kernels.laneProduct(tokens, rows, depth, key, 1, step, query, 1, step, scale, 0, weights, rows, 1)
        S.kernels.softmax(weights, rows, tokens)
    }

    /// From `dy`, the gradient by what one head found. `weights` has room for those of two blocks of queries.
    private func backward<S: LaneScalar>(
        _ head: Parts<S>, dy: UnsafeMutablePointer<S>, gradients: Parts<S>, weights: UnsafeMutablePointer<S>
    ) {
        let k = S.kernels
        let step = 3 * tokens
        let scale = S(1) / S(depth).squareRoot()
        let dLogits = weights + Self.queryBlock * tokens * laneCount
        for first in stride(from: 0, to: tokens, by: Self.queryBlock) {
            let rows = min(Self.queryBlock, tokens - first)
            let at = first * laneCount
            let more: Int32 = first > 0 ? 1 : 0
            attend(head.query + at, rows, head.key, weights)
            k.laneProduct(
                depth, tokens, rows, dy + at, tokens, 1, weights, rows, 1, 1, more, gradients.value,
                step, 1)
            k.laneProduct(tokens, rows, depth, head.value, 1, step, dy + at, 1, tokens, 1, 0, dLogits, rows, 1)
            k.softmaxBackward(weights, dLogits, rows, tokens)
            k.laneProduct(
                depth, rows, tokens, head.key, step, 1, dLogits, 1, rows, scale, 0, gradients.query + at, step, 1)
            k.laneProduct(
                depth, tokens, rows, head.query + at, step, 1, dLogits, rows, 1, scale, more, gradients.key, step, 1)
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
