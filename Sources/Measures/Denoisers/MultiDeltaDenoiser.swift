import Diffusion
import Tensors

/// The optimum for the training images themselves: D_M(x; σ) = Σ wᵢ yᵢ with w = softmax(−‖x−yᵢ‖²/(2σ²))
/// (Li et al. 2024, eq. 5), in float64.
///
/// Logits are (x·y − ½‖y‖²)/σ², which differ from the above by a term common to all images.
package struct MultiDeltaDenoiser: Denoiser {
    package let imageShape: ImageShape
    private let images: Matrix
    private let halfNorms: [Double]

    /// `images` are [N, C, H, W]; with `flips`, their mirror images count too.
    package init(images: Tensor<Float>, flips: Bool) {
        let all = flips ? images.withFlips : images
        precondition(all.shape[0] > 0, "at least one image is needed")
        imageShape = all.imageShape
        let rows = all.rows(0..<all.shape[0])
        self.images = rows
        halfNorms = rows.halfSquares
    }

    package func denoise(_ x: Tensor<Float>, sigma: [Double]) -> Tensor<Float> {
        let result = Matrix.product(weights(of: x, sigma: sigma), .plain, images, .plain)
        return Tensor(shape: x.shape, values: result.values.map { Float($0) })
    }

    /// The posterior of the training images, one row for each image of `x`; mirror images come after the others.
    package func weights(of x: Tensor<Float>, sigma: [Double]) -> Matrix {
        let count = x.shape[0]
        precondition(sigma.count == count && x.stride == images.columns, "one noise level per image of this shape")
        var weights = Matrix.product(x.rows(0..<count), .plain, images, .transposed)
        for image in 0..<count {
            let row = image * images.rows..<(image + 1) * images.rows
            softmax(&weights.values[row], variance: sigma[image] * sigma[image])
        }
        return weights
    }

    /// The images less their mean under one row of weights.
    func centred(about weights: Matrix) -> Matrix {
        let mean = Matrix.product(weights, .plain, images, .plain).values
        var result = images
        for index in result.values.indices { result.values[index] -= mean[index % mean.count] }
        return result
    }

    /// Turns a row of inner products into weights.
    private func softmax(_ row: inout ArraySlice<Double>, variance: Double) {
        var greatest = -Double.infinity
        for (index, halfNorm) in zip(row.indices, halfNorms) {
            row[index] = (row[index] - halfNorm) / variance
            greatest = max(greatest, row[index])
        }
        var sum = 0.0
        for index in row.indices {
            row[index] = Elementary.exp(row[index] - greatest)
            sum += row[index]
        }
        for index in row.indices { row[index] /= sum }
    }
}
