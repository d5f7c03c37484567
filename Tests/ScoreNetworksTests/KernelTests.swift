import Tensors
import Testing

/// Compares single kernels with the formulas written out, at sizes that tiles do not divide, and the three variants with
/// one another, bit for bit.
@Suite(.serialized)
struct KernelTests {
    private func filled<S: LaneScalar>(_ count: Int, _ stream: UInt32, _ scalar: S.Type) -> LaneBuffer<S> {
        let buffer = LaneBuffer<S>(count: count)
        let values = CounterRandom(seed: 11, purpose: .generator, sub: stream).normals(from: 0, count: count)
        buffer.write(values.map { S($0) }, at: 0)
        return buffer
    }

    @Test(
        .enabled(
            if: NumericThread.Variant.allCases.filter(NumericThread.supports).count > 1,
            "this CPU runs the plain kernels alone: no variant was compared with another here"))
    func variantsAreComparedHere() {
        #expect(NumericThread.supports(.plain))
    }

    /// Runs `body` with every variant that this CPU has, expects equal results, and leaves the selected variant as it was.
    private func withVariants<Result: Equatable>(_ body: () throws -> Result) rethrows {
        let selected = NumericThread.variant
        defer { NumericThread.select(selected) }
        var first: Result?
        for variant in NumericThread.Variant.allCases where NumericThread.supports(variant) {
            NumericThread.select(variant)
            let result = try body()
            if let first {
                #expect(result == first, "\(variant) differs from the plain kernels")
            } else {
                first = result
            }
        }
    }

    static let sizes = [
        (1, 3, 5, 6), (5, 4, 3, 3), (4, 9, 8, 8), (3, 2, 1, 1), (6, 8, 2, 7), (3, 7, 4, 5), (8, 12, 6, 6),
        (20, 8, 5, 7),
        (8, 8, 1, 1), (12, 16, 20, 18),
    ]

    private func scratch<S: LaneScalar>(_ outputs: Int, _ channels: Int, _ scalar: S.Type) -> LaneBuffer<S> {
        LaneBuffer(
            count: [1, 9].map { KernelMemory.convolution(outputs: outputs, inputs: channels, taps: $0) }.reduce(0, max)
        )
    }

    @Test(arguments: sizes) func convolution(channels: Int, outputs: Int, height: Int, width: Int) {
        let k = Double.kernels
        let pixels = height * width
        let x = filled(channels * pixels * laneCount, 1, Double.self)
        let weights = filled(outputs * channels * 9, 2, Double.self)
        let bias = filled(outputs * laneCount, 3, Double.self)
        let add = filled(outputs * pixels * laneCount, 4, Double.self)
        let packedCount = KernelMemory.packedWeights(outputs: outputs, inputs: channels, taps: 9)
        let packed = LaneBuffer<Double>(count: packedCount)
        let scratch = scratch(outputs, channels, Double.self)
        let out = LaneBuffer<Double>(count: outputs * pixels * laneCount)
        k.pack(weights.base, outputs, channels, 9, 0, packed.base)
        k.conv3x3(
            x.base, channels, height, width, packed.base, 0, bias.base, add.base, 0.5, outputs, scratch.base, out.base)
        let gradient = LaneBuffer<Double>(count: outputs * channels * 9)
        k.conv3x3WeightGradient(
            x.base, add.base, channels, outputs, height, width, 1, scratch.base, gradient.base)
        let transposed = LaneBuffer<Double>(count: packedCount)
        let back = LaneBuffer<Double>(count: channels * pixels * laneCount)
        let zeros = LaneBuffer<Double>(count: channels * laneCount)
        let shares = KernelMemory.sharesWeights(outputs: outputs, inputs: channels, taps: 9)
        k.pack(weights.base, outputs, channels, 9, shares ? 0 : 1, transposed.base)
        k.conv3x3(
            add.base, outputs, height, width, transposed.base, 1, zeros.base, nil, 1, channels, scratch.base, back.base)

        var expected = [Double](repeating: 0, count: outputs * pixels * laneCount)
        var expectedGradient = [Double](repeating: 0, count: outputs * channels * 9)
        var expectedBack = [Double](repeating: 0, count: channels * pixels * laneCount)
        for o in 0..<outputs {
            for y in 0..<height {
                for column in 0..<width {
                    for lane in 0..<laneCount {
                        let at = ((o * height + y) * width + column) * laneCount + lane
                        var sum = bias.base[o * laneCount + lane]
                        for c in 0..<channels {
                            for tap in 0..<9 {
                                let (row, place) = (y + tap / 3 - 1, column + tap % 3 - 1)
                                guard (0..<height).contains(row), (0..<width).contains(place) else { continue }
                                let from = ((c * height + row) * width + place) * laneCount + lane
                                let w = (o * channels + c) * 9 + tap
                                sum += weights.base[w] * x.base[from]
                                expectedGradient[w] += add.base[at] * x.base[from]
                                expectedBack[from] += add.base[at] * weights.base[w]
                            }
                        }
                        expected[at] = 0.5 * (sum + add.base[at])
                    }
                }
            }
        }
        #expect(relativeError(out.read(0..<out.count), expected) < 1e-14)
        #expect(relativeError(gradient.read(0..<gradient.count), expectedGradient) < 1e-13)
        #expect(relativeError(back.read(0..<back.count), expectedBack) < 1e-13)
    }

    /// In a large image the kernel takes more rows at a time; its upper rows are as those of a smaller image.
    @Test(arguments: [Int32(0), 1]) func convolutionsOfLargeImagesAreAsThoseOfSmall(transposed: Int32) {
        let (channels, outputs, side, few) = (32, 8, 32, 20)
        let row = side * laneCount
        let large = filled(channels * side * row, 1, Float.self)
        let small = LaneBuffer<Float>(count: channels * few * row)
        for c in 0..<channels { small.write(large.read(c * side * row..<(c * side + few) * row), at: c * few * row) }
        let packed = filled(
            KernelMemory.packedWeights(outputs: outputs, inputs: channels, taps: 9), 2, Float.self)
        let bias = filled(outputs * laneCount, 3, Float.self)
        let scratch = scratch(outputs, channels, Float.self)
        func convolved(_ x: LaneBuffer<Float>, _ height: Int) -> [ArraySlice<Float>] {
            let out = LaneBuffer<Float>(count: outputs * height * row)
            Float.kernels.conv3x3(
                x.base, channels, height, side, packed.base, transposed, bias.base, nil, 1, outputs, scratch.base,
                out.base)
            return (0..<outputs).map { out.read($0 * height * row..<($0 * height + few - 2) * row)[...] }
        }
        #expect(convolved(large, side) == convolved(small, few))
    }

    static let heads = [(1, 1), (3, 5), (8, 9), (8, 40), (16, 7), (18, 33)]

    /// Compares attention's output and gradients with the formulas, where some logits are far apart.
    @Test(arguments: heads) func attention(depth: Int, tokens: Int) {
        let mixed = filled(3 * depth * tokens * laneCount, 5, Double.self)
        for i in 0..<laneCount { mixed.base[i] *= 100 }
        let dy = filled(depth * tokens * laneCount, 6, Double.self)
        let scratch = LaneBuffer<Double>(count: KernelMemory.attention(depth: depth, tokens: tokens))
        let statistics = LaneBuffer<Double>(count: 2 * tokens * laneCount)
        let out = LaneBuffer<Double>(count: dy.count)
        let gradient = LaneBuffer<Double>(count: mixed.count)
        Double.kernels.attention(mixed.base, depth, tokens, 0.5, scratch.base, statistics.base, out.base)
        Double.kernels.attentionBackward(
            mixed.base, depth, tokens, 0.5, statistics.base, out.base, dy.base, scratch.base, gradient.base)

        var expected = [Double](repeating: 0, count: dy.count)
        var expectedGradient = [Double](repeating: 0, count: mixed.count)
        for lane in 0..<laneCount {
            func place(_ c: Int, _ t: Int) -> Int { (c * tokens + t) * laneCount + lane }
            for q in 0..<tokens {
                let logits = (0..<tokens).map { key in
                    0.5
                        * (0..<depth).reduce(0.0) {
                            $0 + mixed.base[place(3 * $1, q)] * mixed.base[place(3 * $1 + 1, key)]
                        }
                }
                let most = logits.max() ?? 0
                let exponentials = logits.map { Elementary.exp($0 - most) }
                let weights = exponentials.map { $0 / exponentials.reduce(0, +) }
                let slopes = (0..<tokens).map { key in
                    (0..<depth).reduce(0.0) { $0 + dy.base[place($1, q)] * mixed.base[place(3 * $1 + 2, key)] }
                }
                let mean = zip(weights, slopes).reduce(0.0) { $0 + $1.0 * $1.1 }
                for key in 0..<tokens {
                    let change = 0.5 * weights[key] * (slopes[key] - mean)
                    for c in 0..<depth {
                        expected[place(c, q)] += weights[key] * mixed.base[place(3 * c + 2, key)]
                        expectedGradient[place(3 * c, q)] += change * mixed.base[place(3 * c + 1, key)]
                        expectedGradient[place(3 * c + 1, key)] += change * mixed.base[place(3 * c, q)]
                        expectedGradient[place(3 * c + 2, key)] += weights[key] * dy.base[place(c, q)]
                    }
                }
            }
        }
        #expect(relativeError(out.read(0..<out.count), expected) < 1e-13)
        #expect(relativeError(gradient.read(0..<gradient.count), expectedGradient) < 1e-13)
    }

    @Test func variantsGiveEqualBitsInFloat() { variants(Float.self) }

    @Test func variantsGiveEqualBitsInDouble() { variants(Double.self) }

    private func variants<S: LaneScalar>(_ scalar: S.Type) {
        let k = S.kernels
        for (channels, outputs, height, width) in Self.sizes {
            let pixels = height * width
            let x = filled(channels * pixels * laneCount, 1, S.self)
            let dy = filled(outputs * pixels * laneCount, 2, S.self)
            let bias = filled(outputs * laneCount, 3, S.self)
            let packed = filled(
                KernelMemory.packedWeights(outputs: outputs, inputs: channels, taps: 9), 4, S.self)
            let scratch = scratch(outputs, channels, S.self)
            let zeros = LaneBuffer<S>(count: channels * laneCount)
            withVariants {
                let out = LaneBuffer<S>(count: outputs * pixels * laneCount)
                let back = LaneBuffer<S>(count: channels * pixels * laneCount)
                let gradient = LaneBuffer<S>(count: outputs * channels * 9)
                k.conv3x3(
                    x.base, channels, height, width, packed.base, 0, bias.base, dy.base, 0.7, outputs, scratch.base,
                    out.base)
                k.conv3x3(
                    dy.base, outputs, height, width, packed.base, 1, zeros.base, nil, 1, channels, scratch.base,
                    back.base)
                k.conv3x3WeightGradient(
                    x.base, dy.base, channels, outputs, height, width, 0.7, scratch.base, gradient.base)
                k.pointwiseWeightGradient(
                    x.base, dy.base, channels, outputs, pixels, 0.3, scratch.base, gradient.base)
                k.pointwise(
                    x.base, channels, pixels, packed.base, bias.base, out.base, 0.3, outputs, scratch.base, out.base)
                return [out, back, gradient].flatMap { $0.read(0..<$0.count) }
            }
        }
        for (depth, tokens) in Self.heads {
            let mixed = filled(3 * depth * tokens * laneCount, 5, S.self)
            let dy = filled(depth * tokens * laneCount, 6, S.self)
            withVariants {
                let scratch = LaneBuffer<S>(count: KernelMemory.attention(depth: depth, tokens: tokens))
                let statistics = LaneBuffer<S>(count: 2 * tokens * laneCount)
                let (out, gradient) = (LaneBuffer<S>(count: dy.count), LaneBuffer<S>(count: mixed.count))
                k.attention(mixed.base, depth, tokens, 0.7, scratch.base, statistics.base, out.base)
                k.attentionBackward(
                    mixed.base, depth, tokens, 0.7, statistics.base, out.base, dy.base, scratch.base, gradient.base)
                return [out, gradient, statistics].flatMap { $0.read(0..<$0.count) }
            }
        }
        let x = filled(8 * 25 * laneCount, 8, S.self)
        let gamma = filled(8 * laneCount, 9, S.self)
        let beta = filled(8 * laneCount, 10, S.self)
        withVariants {
            let y = LaneBuffer<S>(count: x.count)
            let dy = filled(x.count, 12, S.self)
            let dx = LaneBuffer<S>(count: x.count)
            let statistics = LaneBuffer<S>(count: 4 * laneCount)
            let sums = LaneBuffer<S>(count: 8 * laneCount)
            let (dGamma, dBeta) = (LaneBuffer<S>(count: gamma.count), LaneBuffer<S>(count: beta.count))
            k.groupNorm(x.base, 8, 2, 25, gamma.base, beta.base, 1e-6, 1, statistics.base, y.base)
            k.groupNormBackward(
                x.base, 8, 2, 25, gamma.base, beta.base, statistics.base, 1, dy.base, 0.5, x.base, dx.base,
                dGamma.base, dBeta.base, sums.base)
            k.siluBackward(x.base, y.base, x.count / laneCount, dy.base)
            return [y, dx, dy, statistics, sums, dGamma, dBeta].flatMap { $0.read(0..<$0.count) }
        }
    }

    /// SiLU and its slope follow their formulas over the whole range of floats.
    @Test func siluFollowsItsFormula() {
        let points = (0..<1600).map { (Double($0) - 800) / 8 }
        let x = LaneBuffer<Double>(count: points.count)
        x.write(points, at: 0)
        let (y, slope) = (LaneBuffer<Double>(count: points.count), LaneBuffer<Double>(count: points.count))
        let ones = LaneBuffer<Double>(count: points.count)
        ones.write([Double](repeating: 1, count: points.count), at: 0)
        Double.kernels.silu(x.base, points.count / laneCount, y.base)
        Double.kernels.siluBackward(x.base, ones.base, points.count / laneCount, slope.base)
        for (i, point) in points.enumerated() {
            let sigmoid = 1 / (1 + Elementary.exp(-point))
            #expect(abs(y.base[i] - point * sigmoid) <= 1e-15 * max(abs(point * sigmoid), 1e-30))
            #expect(abs(slope.base[i] - sigmoid * (1 + point * (1 - sigmoid))) <= 4e-15)
        }
    }
}
