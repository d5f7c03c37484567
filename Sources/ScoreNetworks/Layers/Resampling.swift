import Tensors

/// The filter, along one axis, that halves and doubles sizes.
enum ResamplingFilter {
    /// [1, 1]: means of neighbours, and repetition.
    case box
    /// [1, 3, 3, 1], with zeros beyond the border.
    case tent

    /// f fᵀ / (Σ f)², which checkpoints carry.
    var matrix: [Double] {
        switch self {
        case .box: [Double](repeating: 0.25, count: 4)
        case .tent:
            [1, 3, 3, 1].flatMap { a in [1, 3, 3, 1].map { b in Double(a * b) / 64 } }
        }
    }

    var side: Int {
        switch self {
        case .box: 2
        case .tent: 4
        }
    }
}

/// Halves or doubles height and width. `side` is always that of the larger image.
enum Resampling {
    case none
    case up
    case down

    /// Writes the resampled image; does nothing for `none`.
    func forward<S: LaneScalar>(
        _ kernels: LaneKernels<S>, _ filter: ResamplingFilter, _ x: UnsafePointer<S>, channels: Int, side: Int,
        out: UnsafeMutablePointer<S>
    ) {
        switch self {
        case .none: break
        case .down: Self.gather(kernels, filter, x, channels, side, share: 0.25, out)
        case .up: Self.spread(kernels, filter, x, channels, side, share: 1, out)
        }
    }

    /// Writes the gradient by the image, made from the gradient by the resampled image; does nothing for `none`.
    func backward<S: LaneScalar>(
        _ kernels: LaneKernels<S>, _ filter: ResamplingFilter, _ dy: UnsafePointer<S>, channels: Int, side: Int,
        out: UnsafeMutablePointer<S>
    ) {
        switch self {
        case .none: break
        case .down: Self.spread(kernels, filter, dy, channels, side, share: 0.25, out)
        case .up: Self.gather(kernels, filter, dy, channels, side, share: 1, out)
        }
    }

    /// `share` is the factor of a box filter, whose weights are 1. The weights of a tent sum to 16 times as much.
    private static func gather<S: LaneScalar>(
        _ kernels: LaneKernels<S>, _ filter: ResamplingFilter, _ x: UnsafePointer<S>, _ channels: Int, _ side: Int,
        share: S, _ out: UnsafeMutablePointer<S>
    ) {
        switch filter {
        case .box: kernels.gather2x2(x, channels, side, side, share, out)
        case .tent: kernels.gather4x4(x, channels, side, side, 1, share / 16, out)
        }
    }

    private static func spread<S: LaneScalar>(
        _ kernels: LaneKernels<S>, _ filter: ResamplingFilter, _ x: UnsafePointer<S>, _ channels: Int, _ side: Int,
        share: S, _ out: UnsafeMutablePointer<S>
    ) {
        switch filter {
        case .box: kernels.spread2x2(x, channels, side, side, share, 0, out)
        case .tent: kernels.spread4x4(x, channels, side, side, 1, share / 16, out)
        }
    }
}
