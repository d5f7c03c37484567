import Kernels
import Tensors

extension DeviceEngine {
    /// The layer kernels, as those of the CPU are called; pointers are places on the device.
    func kernels() -> LaneKernels<Float> {
        var kernels = Float.kernels
        kernels.conv3x3 = { [self] in
            convolution($0, $1, $2, $3, $4, turned: $5 != 0, bias: $6, add: $7, $8, $9, out: $11)
        }
        kernels.conv3x3WeightGradient = { [self] in convolutionGradient($0, dy: $1, $2, $3, $4, $5, $6, gradient: $8) }
        kernels.pointwise = { [self] in pointwise($0, $1, $2, $3, bias: $4, add: $5, $6, $7, out: $9) }
        kernels.pointwiseWeightGradient = { [self] in pointwiseGradient($0, dy: $1, $2, $3, $4, $5, gradient: $7) }
        kernels.pack = { [self] in pack($0, $1, $2, $3, transposed: $4 != 0, packed: $5) }
        kernels.broadcast = { [self] in broadcast($0, $1, lanes: $2) }
        kernels.channelSums = { [self] in planes("ek_channel_sums", $0, $1, $2, sums: $3, isSum: true) }
        kernels.reduceLanes = { [self] in reduceLanes($0, $1, $2, $3) }
        kernels.groupNorm = { [self] in
            groupNorm($0, $1, $2, $3, gamma: $4, beta: $5, epsilon: $6, silu: $7, statistics: $8, y: $9)
        }
        kernels.groupNormBackward = { [self] in
            groupNormBackward(
                $0, $1, $2, $3, gamma: $4, beta: $5, statistics: $6, silu: $7, dy: $8, keep: $9, add: $10, dx: $11,
                gammaLanes: $12, betaLanes: $13, sums: $14)
        }
        kernels.modulate = { [self] in modulate($0, $1, $2, $3, gammaOut: $4, betaOut: $5) }
        kernels.modulateBackward = { [self] in
            modulateBackward($0, $1, $2, $3, gammaLanes: $4, betaLanes: $5, gradient: $6)
        }
        kernels.silu = { [self] in map("ek_silu", $0, $2, $1 * laneCount) }
        kernels.siluBackward = { [self] in map("ek_silu_backward", $0, dy: $1, $3, $2 * laneCount) }
        kernels.attention = { [self] in attention($0, $1, $2, $3, statistics: $5, out: $6) }
        kernels.attentionBackward = { [self] in
            attentionBackward($0, $1, $2, $3, statistics: $4, out: $5, dy: $6, gradient: $8)
        }
        kernels.gather2x2 = { [self] in
            resize("ek_gather2x2", $0, $1, $2, $3, pixels: $2 / 2 * ($3 / 2), factor: $4, $5)
        }
        kernels.spread2x2 = { [self] in
            resize("ek_spread2x2", $0, $1, $2, $3, pixels: $2 * $3, factor: $4, accumulate: $5, $6)
        }
        kernels.gather4x4 = { [self] in
            let pixels = ($2 / 2 + $4 - 1) * ($3 / 2 + $4 - 1)
            resize("ek_gather4x4", $0, $1, $2, $3, pixels: pixels, margin: $4, factor: $5, $6)
        }
        kernels.spread4x4 = { [self] in
            resize("ek_spread4x4", $0, $1, $2, $3, pixels: $2 * $3, margin: $4, factor: $5, $6)
        }
        kernels.frame = { [self] in
            resize("ek_frame", $0, $1, $2, $3, pixels: ($2 + 2 * $4) * ($3 + 2 * $4), margin: $4, $5)
        }
        kernels.unframe = { [self] in resize("ek_unframe", $0, $1, $2, $3, pixels: $2 * $3, margin: $4, $5) }
        kernels.channelSquares = { [self] in
            planes("ek_channel_squares", $0, $1, $2, factors: $3, sums: $4, isSum: true)
        }
        kernels.scaleReLU = { [self] in planes("ek_scale_relu", $0, $1, $2, factors: $3, y: $4, isSum: false) }
        kernels.scaleReLUBackward = { [self] in
            planes("ek_scale_relu_backward", $0, $1, $2, dy: $4, factors: $3, sums: $5, isSum: true)
        }
        kernels.channelMix = { [self] in planes("ek_channel_mix", $1, $2, $3, dy: $0, factors: $4, y: $5, isSum: false)
        }
        kernels.relu = { [self] in map("ek_relu", $0, $2, $1 * laneCount) }
        kernels.reluBackward = { [self] in map("ek_relu_backward", $0, dy: $1, $3, $2 * laneCount) }
        kernels.shuffle2x2 = { [self] in resize("ek_shuffle2x2", $0, $1, $2, $3, pixels: 4 * $2 * $3, $4) }
        kernels.unshuffle2x2 = { [self] in resize("ek_unshuffle2x2", $0, $1, $2, $3, pixels: 4 * $2 * $3, $4) }
        kernels.checkFinite = { [self] in if !isFinite($0, $1) { $2.pointee = 0 } }
        kernels.scale = { [self] in map("ek_scale", nil, $0, $1 * laneCount, factor: $2) }
        kernels.add = { [self] in map("ek_add", $0, $2, $1 * laneCount) }
        kernels.toLanes = { [self] in writeLanes($0, images: $1, size: $2, $3) }
        kernels.dropout = { [self] in dropOut($0, $1, key: $2, $3, layer: $4, image: $5, $6, $7, mask: $8) }
        kernels.dropoutBackward = { [self] in
            let (factor, mask) = ($2, $3)
            dropping("ek_dropout_backward", $0, $1, items: $1 * laneCount, mask: mask) { $0.factor = factor }
        }
        kernels.adamAverage = { [self] in adam($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) }
        kernels.momentumAverage = { [self] in descend($0, $1, $2, $3, $4, $5, $6, $7) }
        return kernels
    }

    private func isFinite(_ x: In, _ count: Int) -> Bool {
        var value: Float = 0
        write(&value, count: 1, to: found)
        run("ek_check_finite", count, shared: true) {
            ek_finiteness(x: find(x), found: find(found), count: UInt32(count))
        }
        read(found, count: 1, to: &value)
        return value == 0
    }

    /// Brings rows of the host, [images][size], to lanes.
    private func writeLanes(_ rows: In, images: Int, size: Int, _ place: Out) {
        var lanes = [Float](repeating: 0, count: size * laneCount)
        Float.kernels.toLanes(rows, images, size, &lanes)
        write(&lanes, count: lanes.count, to: place)
    }

    /// A kernel of dropout, whose work groups are of 64 items.
    private func dropping(
        _ kernel: String, _ x: Out, _ count: Int, items: Int, mask: UnsafePointer<UInt16>,
        _ set: (inout ek_dropping) -> Void
    ) {
        run(kernel, items) {
            var arguments = ek_dropping()
            arguments.x = find(x)
            arguments.mask = memory.find(mask)
            arguments.count = UInt32(count)
            set(&arguments)
            return arguments
        }
    }

    private func dropOut(
        _ x: Out, _ count: Int, key: UnsafePointer<UInt32>, _ purpose: UInt32, layer: UInt32, image: UInt64,
        _ threshold: UInt32, _ factor: Float, mask: UnsafePointer<UInt16>
    ) {
        dropping("ek_dropout", x, count, items: (count + 3) / 4 * laneCount, mask: mask) {
            $0.image = image
            ($0.key0, $0.key1) = (key[0], key[1])
            ($0.purpose, $0.layer, $0.threshold, $0.factor) = (purpose, layer, threshold, factor)
        }
    }

    private func adam(
        _ parameters: Out, _ gradients: In, _ first: Out, _ second: Out, _ average: Out, _ count: Int, _ rate: Float,
        _ root: Float, _ beta1: Float, _ beta2: Float, _ epsilon: Float, _ decay: Float
    ) {
        run("ek_adam_average", count, shared: true) {
            ek_optimiser(
                parameters: find(parameters), gradients: find(gradients), first: find(first), second: find(second),
                average: find(average), count: UInt32(count), rate: rate, inverse_root: 1 / root, beta1: beta1,
                rest1: 1 - beta1, beta2: beta2, rest2: 1 - beta2, epsilon: epsilon, decay: decay, rest: 1 - decay)
        }
    }

    private func descend(
        _ parameters: Out, _ gradients: In, _ velocity: Out, _ average: Out, _ count: Int, _ rate: Float,
        _ momentum: Float, _ decay: Float
    ) {
        run("ek_momentum_average", count, shared: true) {
            var arguments = ek_optimiser()
            arguments.parameters = find(parameters)
            arguments.gradients = find(gradients)
            arguments.first = find(velocity)
            arguments.average = find(average)
            arguments.count = UInt32(count)
            (arguments.rate, arguments.beta1) = (rate, momentum)
            (arguments.decay, arguments.rest) = (decay, 1 - decay)
            return arguments
        }
    }
}
