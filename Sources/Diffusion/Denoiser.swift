import Tensors

/// The size of one image.
package struct ImageShape: Hashable, Sendable {
    package var channels: Int
    package var height: Int
    package var width: Int

    package init(channels: Int, height: Int, width: Int) {
        self.channels = channels
        self.height = height
        self.width = width
    }

    package var count: Int { channels * height * width }
}

/// An estimate D(x; σ) of E[x₀ | x₀ + σn = x], n ~ N(0, I): a trained network or an exact denoiser.
package protocol Denoiser {
    var imageShape: ImageShape { get }
    /// The noise levels that the denoiser is for; samplers keep to them.
    var levels: ClosedRange<Double> { get }
    /// Whether the denoiser ignores `sigma` and estimates the noise level from the image.
    var isBlind: Bool { get }
    /// The number of images for one call that keeps the denoiser busy.
    var batch: Int { get }

    /// `x` is [B, C, H, W] in units of pixels in [−1, 1]; `sigma` has one noise level > 0 per image. The result of
    /// an image does not depend on the others in the batch.
    func denoise(_ x: Tensor<Float>, sigma: [Double]) -> Tensor<Float>
}

extension Denoiser {
    package var levels: ClosedRange<Double> { 0...Double.infinity }
    package var isBlind: Bool { false }
    package var batch: Int { 16 }
}
