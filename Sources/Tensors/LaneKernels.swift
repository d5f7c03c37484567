import Kernels

/// The layer kernels of `Kernels` for one scalar, chosen at run time by what the CPU can do. `lane_functions.inc` says
/// what each computes; the comments here name the parameters. Counts of pixels are of vectors of 16 lanes.
package struct LaneKernels<S>: Sendable {
    package typealias In = UnsafePointer<S>
    package typealias Out = UnsafeMutablePointer<S>

    /// in, channels, height, width, weights, transposed, bias, add, scale, outputs, scratch, out
    package var conv3x3: @Sendable (In, Int, Int, Int, In, Int32, In, In?, S, Int, Out, Out) -> Void
    /// x, dy, channels, outputs, height, width, scale, scratch, gradient
    package var conv3x3WeightGradient: @Sendable (In, In, Int, Int, Int, Int, S, Out, Out) -> Void
    /// in, channels, count, weights, bias, add, scale, outputs, scratch, out
    package var pointwise: @Sendable (In, Int, Int, In, In, In?, S, Int, Out, Out) -> Void
    /// x, dy, channels, outputs, count, scale, scratch, gradient
    package var pointwiseWeightGradient: @Sendable (In, In, Int, Int, Int, S, Out, Out) -> Void
    /// weights, outputs, channels, taps, transposed, packed
    package var pack: @Sendable (In, Int, Int, Int, Int32, Out) -> Void
    /// values, count, lanes
    package var broadcast: @Sendable (In, Int, Out) -> Void
    /// x, channels, count, sums
    package var channelSums: @Sendable (In, Int, Int, Out) -> Void
    /// lanes, count, scale, gradient
    package var reduceLanes: @Sendable (In, Int, S, Out) -> Void
    /// x, channels, groups, count, gamma, beta, epsilon, silu, statistics, y
    package var groupNorm: @Sendable (In, Int, Int, Int, In, In, S, Int32, Out, Out) -> Void
    /// x, channels, groups, count, gamma, beta, statistics, silu, dy, keep, add, dx, gamma lanes, beta lanes, sums
    package var groupNormBackward:
        @Sendable (In, Int, Int, Int, In, In, In, Int32, Out, S, In?, Out, Out, Out, Out?) -> Void
    /// gamma, beta, modulation, channels, modulated gamma, modulated beta
    package var modulate: @Sendable (In, In, In, Int, Out, Out) -> Void
    /// gamma, beta, modulation, channels, gamma lanes, beta lanes, modulation gradient
    package var modulateBackward: @Sendable (In, In, In, Int, Out, Out, Out) -> Void
    /// x, count, y
    package var silu: @Sendable (In, Int, Out) -> Void
    /// x, dy, count, dx
    package var siluBackward: @Sendable (In, In, Int, Out) -> Void
    /// mixed, depth, tokens, scale, scratch, statistics, out
    package var attention: @Sendable (In, Int, Int, S, Out, Out, Out) -> Void
    /// mixed, depth, tokens, scale, statistics, out, dy, scratch, gradient
    package var attentionBackward: @Sendable (In, Int, Int, S, In, In, In, Out, Out) -> Void
    /// x, channels, height, width, factor, y
    package var gather2x2: @Sendable (In, Int, Int, Int, S, Out) -> Void
    /// x, channels, height, width, factor, accumulate, y
    package var spread2x2: @Sendable (In, Int, Int, Int, S, Int32, Out) -> Void
    /// x, channels, height, width, margin, factor, y
    package var gather4x4: @Sendable (In, Int, Int, Int, Int, S, Out) -> Void
    /// x, channels, height, width, margin, factor, y
    package var spread4x4: @Sendable (In, Int, Int, Int, Int, S, Out) -> Void
    /// x, channels, height, width, frame, y
    package var frame: @Sendable (In, Int, Int, Int, Int, Out) -> Void
    /// x, channels, height, width, frame, y
    package var unframe: @Sendable (In, Int, Int, Int, Int, Out) -> Void
    /// x, channels, count, mean, sums
    package var channelSquares: @Sendable (In, Int, Int, In, Out) -> Void
    /// x, channels, count, factor, y
    package var scaleReLU: @Sendable (In, Int, Int, In, Out) -> Void
    /// x, channels, count, factor, dy, sums
    package var scaleReLUBackward: @Sendable (In, Int, Int, In, Out, Out) -> Void
    /// dy, x, channels, count, mix, out
    package var channelMix: @Sendable (In, In, Int, Int, In, Out) -> Void
    /// x, count, y
    package var relu: @Sendable (In, Int, Out) -> Void
    /// y, dy, count, dx
    package var reluBackward: @Sendable (In, In, Int, Out) -> Void
    /// x, channels, height, width, y
    package var shuffle2x2: @Sendable (In, Int, Int, Int, Out) -> Void
    /// x, channels, height, width, y
    package var unshuffle2x2: @Sendable (In, Int, Int, Int, Out) -> Void
    /// x, count, finite
    package var checkFinite: @Sendable (In, Int, UnsafeMutablePointer<Int32>) -> Void
    /// x, count, factor
    package var scale: @Sendable (Out, Int, S) -> Void
    /// x, count, y
    package var add: @Sendable (In, Int, Out) -> Void
    /// rows, images, size, lanes
    package var toLanes: @Sendable (In, Int, Int, Out) -> Void
    /// x, count, key, purpose, layer, image, threshold, factor, mask
    package var dropout:
        @Sendable (Out, Int, UnsafePointer<UInt32>, UInt32, UInt32, UInt64, UInt32, S, UnsafeMutablePointer<UInt16>)
            -> Void
    /// dx, count, factor, mask
    package var dropoutBackward: @Sendable (Out, Int, S, UnsafePointer<UInt16>) -> Void
    /// parameters, gradients, first, second, average, count, rate, root, beta1, beta2, epsilon, decay
    package var adamAverage: @Sendable (Out, In, Out, Out, Out, Int, S, S, S, S, S, S) -> Void
    /// parameters, gradients, velocity, average, count, rate, momentum, decay
    package var momentumAverage: @Sendable (Out, In, Out, Out, Int, S, S, S) -> Void
}

/// Scalars that layers are built for.
package protocol LaneScalar: TensorScalar {
    static var kernels: LaneKernels<Self> { get }
}

/// The number of images in a group, which is the number of lanes of the kernels.
package let laneCount = Int(EK_LANES)

/// Memory that the kernels of a layer need, in scalars.
package enum KernelMemory {
    /// The weights that `pack` writes for a convolution.
    package static func packedWeights(outputs: Int, inputs: Int, taps: Int) -> Int {
        ek_packed_weights(outputs, inputs, taps)
    }

    /// Whether the input gradient reads the weights that `pack` wrote for the convolution.
    package static func sharesWeights(outputs: Int, inputs: Int, taps: Int) -> Bool {
        ek_shares_weights(outputs, inputs, taps) != 0
    }

    /// The scratch of a convolution, its input gradient and its weight gradient.
    package static func convolution(outputs: Int, inputs: Int, taps: Int) -> Int {
        ek_convolution_scratch(outputs, inputs, taps)
    }

    /// The scratch of attention with heads of `depth` channels, forward and backward.
    package static func attention(depth: Int, tokens: Int) -> Int { ek_attention_scratch(depth, tokens) }
}

/// What fixes the order of sums besides shapes, for kernels elsewhere that keep to it.
package enum KernelOrder {
    /// Tiles of a 3×3 convolution, or pixels of a 1×1 convolution, whose products a weight gradient sums lane by lane.
    package static func gradientStrip(outputs: Int, inputs: Int, taps: Int) -> Int {
        ek_gradient_strip(outputs, inputs, taps)
    }

    /// How many queries and keys attention takes at a time.
    package static func attention(depth: Int) -> (queries: Int, keys: Int) {
        (ek_attention_queries(depth), ek_attention_keys(depth))
    }
}

extension Float: LaneScalar {
    package static let kernels = LaneKernels<Float>(
        conv3x3: ek_conv3x3_f32, conv3x3WeightGradient: ek_conv3x3_weight_gradient_f32, pointwise: ek_pointwise_f32,
        pointwiseWeightGradient: ek_pointwise_weight_gradient_f32, pack: ek_pack_f32, broadcast: ek_broadcast_f32,
        channelSums: ek_channel_sums_f32, reduceLanes: ek_reduce_lanes_f32, groupNorm: ek_group_norm_f32,
        groupNormBackward: ek_group_norm_backward_f32, modulate: ek_modulate_f32,
        modulateBackward: ek_modulate_backward_f32, silu: ek_silu_f32, siluBackward: ek_silu_backward_f32,
        attention: ek_attention_f32, attentionBackward: ek_attention_backward_f32,
        gather2x2: ek_gather2x2_f32, spread2x2: ek_spread2x2_f32, gather4x4: ek_gather4x4_f32,
        spread4x4: ek_spread4x4_f32, frame: ek_frame_f32, unframe: ek_unframe_f32,
        channelSquares: ek_channel_squares_f32, scaleReLU: ek_scale_relu_f32,
        scaleReLUBackward: ek_scale_relu_backward_f32,
        channelMix: ek_channel_mix_f32, relu: ek_relu_f32, reluBackward: ek_relu_backward_f32,
        shuffle2x2: ek_shuffle2x2_f32, unshuffle2x2: ek_unshuffle2x2_f32, checkFinite: ek_check_finite_f32,
        scale: ek_scale_f32, add: ek_add_f32, toLanes: ek_to_lanes_f32,
        dropout: ek_dropout_f32, dropoutBackward: ek_dropout_backward_f32, adamAverage: ek_adam_average_f32,
        momentumAverage: ek_momentum_average_f32)
}

extension Double: LaneScalar {
    package static let kernels = LaneKernels<Double>(
        conv3x3: ek_conv3x3_f64, conv3x3WeightGradient: ek_conv3x3_weight_gradient_f64, pointwise: ek_pointwise_f64,
        pointwiseWeightGradient: ek_pointwise_weight_gradient_f64, pack: ek_pack_f64, broadcast: ek_broadcast_f64,
        channelSums: ek_channel_sums_f64, reduceLanes: ek_reduce_lanes_f64, groupNorm: ek_group_norm_f64,
        groupNormBackward: ek_group_norm_backward_f64, modulate: ek_modulate_f64,
        modulateBackward: ek_modulate_backward_f64, silu: ek_silu_f64, siluBackward: ek_silu_backward_f64,
        attention: ek_attention_f64, attentionBackward: ek_attention_backward_f64,
        gather2x2: ek_gather2x2_f64, spread2x2: ek_spread2x2_f64, gather4x4: ek_gather4x4_f64,
        spread4x4: ek_spread4x4_f64, frame: ek_frame_f64, unframe: ek_unframe_f64,
        channelSquares: ek_channel_squares_f64, scaleReLU: ek_scale_relu_f64,
        scaleReLUBackward: ek_scale_relu_backward_f64,
        channelMix: ek_channel_mix_f64, relu: ek_relu_f64, reluBackward: ek_relu_backward_f64,
        shuffle2x2: ek_shuffle2x2_f64, unshuffle2x2: ek_unshuffle2x2_f64, checkFinite: ek_check_finite_f64,
        scale: ek_scale_f64, add: ek_add_f64, toLanes: ek_to_lanes_f64,
        dropout: ek_dropout_f64, dropoutBackward: ek_dropout_backward_f64, adamAverage: ek_adam_average_f64,
        momentumAverage: ek_momentum_average_f64)
}
