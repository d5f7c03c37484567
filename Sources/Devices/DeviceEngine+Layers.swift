import Kernels
import Tensors

extension DeviceEngine {
    private func norm(
        _ x: In, _ channels: Int, _ groups: Int, _ count: Int, gamma: In, beta: In, silu: Int32, statistics: In
    ) -> ek_normalisation {
        var arguments = ek_normalisation()
        arguments.x = find(x)
        arguments.gamma = find(gamma)
        arguments.beta = find(beta)
        arguments.statistics = find(statistics)
        arguments.channels = UInt32(channels)
        arguments.groups = UInt32(groups)
        arguments.count = UInt32(count)
        arguments.silu = UInt32(silu)
        return arguments
    }

    func groupNorm(
        _ x: In, _ channels: Int, _ groups: Int, _ count: Int, gamma: In, beta: In, epsilon: Float, silu: Int32,
        statistics: Out, y: Out
    ) {
        func arguments() -> ek_normalisation {
            var arguments = norm(
                x, channels, groups, count, gamma: gamma, beta: beta, silu: silu, statistics: statistics)
            arguments.y = find(y)
            arguments.epsilon = epsilon
            return arguments
        }
        run("ek_group_statistics", 64, groups, arguments)
        run("ek_group_norm", count * laneCount, channels, arguments)
    }

    func groupNormBackward(
        _ x: In, _ channels: Int, _ groups: Int, _ count: Int, gamma: In, beta: In, statistics: In, silu: Int32,
        dy: Out, keep: Float, add: In?, dx: Out, gammaLanes: Out, betaLanes: Out, sums: Out?
    ) {
        let scratch = 2 * groups * laneCount
        func arguments() -> ek_normalisation {
            var arguments = norm(
                x, channels, groups, count, gamma: gamma, beta: beta, silu: silu, statistics: statistics)
            arguments.dy = find(dy)
            arguments.add = find(add)
            arguments.dx = find(dx)
            arguments.gamma_lanes = find(gammaLanes)
            arguments.beta_lanes = find(betaLanes)
            arguments.sums = find(sums)
            arguments.constants = memory.scratch(0)
            arguments.adds = add == nil ? 0 : 1
            arguments.keep = keep
            return arguments
        }
        run("ek_group_norm_slopes", 64, groups, scratch: scratch, arguments)
        run("ek_group_norm_gradient", count * laneCount, channels, scratch: scratch, arguments)
        if sums != nil { run("ek_group_norm_sums", channels * laneCount, scratch: scratch, arguments) }
    }

    func modulate(_ gamma: In, _ beta: In, _ modulation: In, _ channels: Int, gammaOut: Out, betaOut: Out) {
        run("ek_modulate", channels * laneCount) {
            ek_modulation(
                gamma: find(gamma), beta: find(beta), modulation: find(modulation), gamma_out: find(gammaOut),
                beta_out: find(betaOut), gradient: ek_place(), channels: UInt32(channels))
        }
    }

    func modulateBackward(
        _ gamma: In, _ beta: In, _ modulation: In, _ channels: Int, gammaLanes: Out, betaLanes: Out, gradient: Out
    ) {
        run("ek_modulate_backward", channels * laneCount) {
            ek_modulation(
                gamma: find(gamma), beta: find(beta), modulation: find(modulation), gamma_out: find(gammaLanes),
                beta_out: find(betaLanes), gradient: find(gradient), channels: UInt32(channels))
        }
    }

    /// The heads' memory between kernels: exponentials and changes of all pairs, the decays of blocks, slopes, means.
    private func head(_ mixed: In, _ depth: Int, _ tokens: Int, _ scale: Float, statistics: In, out: In) -> ek_heads {
        let order = KernelOrder.attention(depth: depth)
        let pairs = tokens * tokens * laneCount
        var arguments = ek_heads()
        arguments.mixed = find(mixed)
        arguments.statistics = find(statistics)
        arguments.out = find(out)
        arguments.logits = memory.scratch(0)
        arguments.changes = memory.scratch(pairs)
        arguments.decay = memory.scratch(pairs)
        arguments.slopes = memory.scratch(2 * pairs)
        arguments.means = memory.scratch(2 * pairs + depth * tokens * laneCount)
        arguments.depth = UInt32(depth)
        arguments.tokens = UInt32(tokens)
        arguments.block = UInt32(order.keys)
        arguments.widened = depth % 4 == 0 ? 0 : 1
        arguments.lengthened = tokens % order.queries == 0 ? 0 : 1
        arguments.scale = scale
        return arguments
    }

    private func headScratch(_ depth: Int, _ tokens: Int) -> Int { (2 * tokens + depth + 1) * tokens * laneCount }

    func attention(_ mixed: In, _ depth: Int, _ tokens: Int, _ scale: Float, statistics: Out, out: Out) {
        let scratch = headScratch(depth, tokens)
        let (queries, fours) = (tokens * laneCount, (tokens + 3) / 4)
        func arguments() -> ek_heads { head(mixed, depth, tokens, scale, statistics: statistics, out: out) }
        run("ek_attention_logits", fours * laneCount, fours, scratch: scratch, arguments)
        run("ek_attention_softmax", queries, scratch: scratch, arguments)
        run("ek_attention_values", queries, (depth + 3) / 4, scratch: scratch, arguments)
    }

    func attentionBackward(
        _ mixed: In, _ depth: Int, _ tokens: Int, _ scale: Float, statistics: In, out: In, dy: In, gradient: Out
    ) {
        let scratch = headScratch(depth, tokens)
        let (queries, fours) = (tokens * laneCount, (tokens + 3) / 4)
        func arguments() -> ek_heads {
            var arguments = head(mixed, depth, tokens, scale, statistics: statistics, out: out)
            arguments.dy = find(dy)
            arguments.gradient = find(gradient)
            return arguments
        }
        run("ek_attention_slopes", queries, scratch: scratch, arguments)
        run("ek_attention_changes", fours * laneCount, fours, scratch: scratch, arguments)
        run("ek_attention_key_gradient", queries, depth, scratch: scratch, arguments)
        run("ek_attention_query_gradient", queries, depth, scratch: scratch, arguments)
    }

    /// A change of size whose result has `pixels` pixels a channel.
    func resize(
        _ kernel: String, _ x: In, _ channels: Int, _ height: Int, _ width: Int, pixels: Int, margin: Int = 0,
        factor: Float = 1, accumulate: Int32 = 0, _ y: Out
    ) {
        run(kernel, pixels * laneCount, channels) {
            ek_sizes(
                x: find(x), y: find(y), channels: UInt32(channels), height: UInt32(height), width: UInt32(width),
                margin: UInt32(margin), accumulate: UInt32(accumulate), factor: factor)
        }
    }

    /// A function of `count` single values, for one group where the result belongs to all.
    func map(_ kernel: String, _ x: In?, dy: In? = nil, _ y: Out, _ count: Int, factor: Float = 1) {
        run(kernel, count, shared: !memory.isOwn(y)) {
            ek_values(x: find(x), dy: find(dy), y: find(y), count: UInt32(count), factor: factor)
        }
    }

    /// A function of planes, or the sums of each where `isSum`.
    func planes(
        _ kernel: String, _ x: In, _ channels: Int, _ count: Int, dy: In? = nil, factors: In? = nil, y: Out? = nil,
        sums: Out? = nil, isSum: Bool
    ) {
        run(kernel, (isSum ? channels : count) * laneCount, isSum ? 1 : channels) {
            ek_planes(
                x: find(x), dy: find(dy), y: find(y), factors: find(factors), sums: find(sums),
                channels: UInt32(channels), count: UInt32(count))
        }
    }

    func broadcast(_ values: In, _ count: Int, lanes: Out) {
        func arguments() -> ek_lanes {
            ek_lanes(values: find(values), lanes: find(lanes), count: UInt32(count), groups: groups, scale: 1)
        }
        if memory.isOwn(lanes) {
            run("ek_broadcast", count * laneCount) { arguments() }
        } else {
            join(.broadcast, items: count * laneCount, arguments)
        }
    }

    func reduceLanes(_ lanes: In, _ count: Int, _ scale: Float, _ values: Out) {
        join(.reduceLanes, items: count) { [self] in
            ek_lanes(
                values: find(values), lanes: find(lanes), count: UInt32(count), groups: groups, scale: scale)
        }
    }
}
