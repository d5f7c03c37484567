import Diffusion
import Tensors

/// Wavelet shrinkage by the orthonormal Haar transform of each channel. Differences are soft-thresholded at σ²/s_b, where
/// s_b² is the mean square of band b in the training images (the threshold of Chang, Yu & Vetterli 2000, who estimate s_b
/// from the image itself). Each of the coarsest means is shrunk as a Gaussian value with the images' mean and variance.
package struct WaveletDenoiser: Denoiser {
    package let imageShape: ImageShape
    private let transform: HaarTransform
    /// The centre of each coefficient c: E c for the coarsest means, 0 for differences.
    private let centres: [Double]
    /// The variance of each coefficient c, E (c − centre)²; for differences it is that of their band.
    private let variances: [Double]

    /// `images` are [N, C, H, W]; with `flips`, their mirror images count too.
    package init(images: Tensor<Float>, flips: Bool) {
        let all = flips ? images.withFlips : images
        let (shape, count) = (all.imageShape, all.shape[0])
        precondition(count > 0, "at least one image is needed")
        let transform = HaarTransform(height: shape.height, width: shape.width)
        let pixels = shape.height * shape.width
        var sums = [Double](repeating: 0, count: shape.count)
        var squares = sums
        for image in 0..<count {
            let found = Self.coefficients(of: all.rows(image..<image + 1).values, transform)
            for index in found.indices {
                sums[index] += found[index]
                squares[index] += found[index] * found[index]
            }
        }
        var bandSquares = [Double](repeating: 0, count: shape.channels * transform.bandCount)
        var bandSizes = bandSquares
        for index in squares.indices {
            let band = index / pixels * transform.bandCount + transform.bands[index % pixels]
            bandSquares[band] += squares[index]
            bandSizes[band] += Double(count)
        }
        let isMean = (0..<shape.count).map { transform.bands[$0 % pixels] == 0 }
        let centres = sums.indices.map { isMean[$0] ? sums[$0] / Double(count) : 0 }
        variances = squares.indices.map { index in
            let band = index / pixels * transform.bandCount + transform.bands[index % pixels]
            return isMean[index]
                ? max(squares[index] / Double(count) - centres[index] * centres[index], 0)
                : bandSquares[band] / bandSizes[band]
        }
        self.centres = centres
        self.transform = transform
        imageShape = shape
    }

    package func denoise(_ x: Tensor<Float>, sigma: [Double]) -> Tensor<Float> {
        var values: [Float] = []
        values.reserveCapacity(x.values.count)
        for (image, level) in sigma.enumerated() {
            var found = coefficients(of: x, image)
            for index in found.indices { found[index] = shrunk(found[index], index, level * level) }
            values += inverse(found).map { Float($0) }
        }
        return Tensor(shape: x.shape, values: values)
    }

    /// dD/dc by coefficient, at the image `x`.
    func slopes(at x: Tensor<Float>, variance: Double) -> [Double] {
        coefficients(of: x, 0).enumerated().map { index, value in
            if isMean(index) { return variances[index] / (variances[index] + variance) }
            return shrunk(value, index, variance) == 0 ? 0 : 1
        }
    }

    private func shrunk(_ value: Double, _ index: Int, _ variance: Double) -> Double {
        if isMean(index) {
            return centres[index] + variances[index] / (variances[index] + variance) * (value - centres[index])
        }
        let threshold = variance / variances[index].squareRoot()
        return value > threshold ? value - threshold : value < -threshold ? value + threshold : 0
    }

    private func isMean(_ index: Int) -> Bool { transform.bands[index % transform.bands.count] == 0 }

    /// The coefficients of image number `row`.
    func coefficients(of x: Tensor<Float>, _ row: Int) -> [Double] {
        Self.coefficients(of: x.rows(row..<row + 1).values, transform)
    }

    private static func coefficients(of values: [Double], _ transform: HaarTransform) -> [Double] {
        let pixels = transform.bands.count
        return blocks(of: values.count, by: pixels).flatMap { transform.forward(Array(values[$0])) }
    }

    func inverse(_ coefficients: [Double]) -> [Double] {
        blocks(of: coefficients.count, by: transform.bands.count).flatMap {
            transform.inverse(Array(coefficients[$0]))
        }
    }
}
