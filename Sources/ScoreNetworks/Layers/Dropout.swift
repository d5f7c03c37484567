import Tensors

/// Inverted dropout of one step. A random word decides whether element i of layer l of an image is kept. The word is a
/// function of the seed, the part of the data, the image's number in the training, l and i alone.
struct Dropout {
    let share: Double
    let seed: UInt64
    let sub: UInt32
    /// The number of the group's first image, counted from the training's start.
    var firstImage: UInt64

    func apply<S: LaneScalar>(
        _ kernels: LaneKernels<S>, _ x: UnsafeMutablePointer<S>, vectors: Int, layer: Int,
        mask: UnsafeMutablePointer<UInt16>
    ) {
        let key = [UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32) ^ sub]
        kernels.dropout(
            x, vectors, key, CounterRandom.Purpose.dropout.rawValue, UInt32(layer), firstImage,
            UInt32(share * 0x1p32), factor(), mask)
    }

    func applyBackward<S: LaneScalar>(
        _ kernels: LaneKernels<S>, _ dx: UnsafeMutablePointer<S>, vectors: Int, mask: UnsafeMutablePointer<UInt16>
    ) {
        kernels.dropoutBackward(dx, vectors, factor(), mask)
    }

    private func factor<S: LaneScalar>() -> S { S(1 / (1 - share)) }
}
