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

    /// `x` is [B, C, H, W] in units of pixels in [−1, 1]; `sigma` has one noise level > 0 per image. The result of
    /// an image does not depend on the others in the batch.
    func denoise(_ x: Tensor<Float>, sigma: [Double]) -> Tensor<Float>
}
