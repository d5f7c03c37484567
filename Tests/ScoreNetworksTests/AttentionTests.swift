import Tensors
import Testing

@testable import ScoreNetworks

/// Compares attention with its formula. The published values are of networks with one head.
struct AttentionTests {
    private static let (channels, side) = (16, 2)
    private static let tokens = side * side

    /// Multiplies the rows of a matrix, [outputs][inputs], with the columns of another, [inputs][tokens].
    private func product(_ matrix: [Double], _ columns: [[Double]], _ bias: [Double]) -> [[Double]] {
        bias.indices.map { output in
            (0..<Self.tokens).map { token in
                columns.indices.reduce(bias[output]) {
                    $0 + matrix[output * columns.count + $1] * columns[$1][token]
                }
            }
        }
    }

    private func normed(_ x: [[Double]], _ weight: [Double], _ bias: [Double]) -> [[Double]] {
        var result = x
        for first in stride(from: 0, to: Self.channels, by: 4) {
            let values = x[first..<first + 4].flatMap { $0 }
            let mean = values.reduce(0, +) / Double(values.count)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
            for channel in first..<first + 4 {
                result[channel] = x[channel].map {
                    weight[channel] * ($0 - mean) / (variance + 1e-5).squareRoot() + bias[channel]
                }
            }
        }
        return result
    }

    /// Attention of one image. In a head's part of qkv, channel 3c + j is number c of query, key or value.
    private func attended(_ qkv: [[Double]], heads: Int) -> [[Double]] {
        let depth = Self.channels / heads
        var result = [[Double]](repeating: [Double](repeating: 0, count: Self.tokens), count: Self.channels)
        for head in 0..<heads {
            func part(_ kind: Int, _ channel: Int) -> [Double] { qkv[3 * (depth * head + channel) + kind] }
            for query in 0..<Self.tokens {
                let logits = (0..<Self.tokens).map { key in
                    (0..<depth).reduce(0.0) { $0 + part(0, $1)[query] * part(1, $1)[key] } / Double(depth).squareRoot()
                }
                let weights = logits.map { Elementary.exp($0) }
                let sum = weights.reduce(0, +)
                for channel in 0..<depth {
                    result[depth * head + channel][query] =
                        zip(weights, part(2, channel)).reduce(0) { $0 + $1.0 * $1.1 } / sum
                }
            }
        }
        return result
    }

    @Test(arguments: [1, 2, 4]) func everyHeadAttendsForItself(heads: Int) throws {
        var plan = NetworkPlan()
        let layer = try Attention(
            "a", channels: Self.channels, heads: heads, side: Self.side, style: UNetStyle(architecture: .adm),
            plan: &plan)
        let w = Workspace<Double>(plan, for: .inference, on: HostMachine())
        let random = CounterRandom(seed: 1, purpose: .generator)
        for (index, value) in random.normals(from: 0, count: plan.parameterCount).enumerated() {
            w.parameters[index] = 0.5 * value
        }
        func parameter(_ name: String) throws -> [Double] {
            let spec = try #require(plan.parameters.first { $0.name == name })
            return (spec.offset..<spec.offset + spec.count).map { w.parameters[$0] }
        }
        layer.pack(w)
        let count = Self.channels * Self.tokens * laneCount
        let (x, y) = (LaneBuffer<Double>(count: count), LaneBuffer<Double>(count: count))
        x.write(random.normals(from: 1 << 40, count: count), at: 0)
        layer.forward(w, x.base, skipScale: 0.7, out: y.base)
        let (given, found) = (x.read(0..<count), y.read(0..<count))
        for lane in [0, 7, 15] {
            func image(_ values: [Double]) -> [[Double]] {
                (0..<Self.channels).map { channel in
                    (0..<Self.tokens).map { values[(channel * Self.tokens + $0) * laneCount + lane] }
                }
            }
            let input = image(given)
            let mixed = product(
                try parameter("a.qkv.weight"),
                normed(input, try parameter("a.norm2.weight"), try parameter("a.norm2.bias")),
                try parameter("a.qkv.bias"))
            let added = product(
                try parameter("a.proj.weight"), attended(mixed, heads: heads), try parameter("a.proj.bias"))
            let output = image(found)
            for channel in 0..<Self.channels {
                for token in 0..<Self.tokens {
                    let wanted = 0.7 * (input[channel][token] + added[channel][token])
                    #expect(abs(output[channel][token] - wanted) < 1e-10)
                }
            }
        }
    }
}
