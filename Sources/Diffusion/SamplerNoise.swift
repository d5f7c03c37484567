import Tensors

/// The standard normal noise of stochastic samplers. The noise of an image at a step is a function of the seed, the step
/// and the image's number alone, whatever else is in the batch.
package enum SamplerNoise: Sendable {
    /// Image 0 of a batch is number `first` of `seed`.
    case drawn(seed: UInt64, first: Int = 0)
    /// The noise of every step, [step][image][value], to repeat a recorded sampling.
    case given([[Double]])

    /// Noise of step `step` for the batch's images `images`, of `size` values each.
    func values(step: Int, images: Range<Int>, size: Int) -> [Double] {
        switch self {
        case .drawn(let seed, let first):
            let random = CounterRandom(seed: seed, purpose: .samplerNoise, sub: UInt32(step))
            return random.normals(from: UInt64(first + images.lowerBound) * UInt64(size), count: images.count * size)
        case .given(let steps): return Array(steps[step][images.lowerBound * size..<images.upperBound * size])
        }
    }
}
