import Diffusion
import Tensors
import Testing

@testable import Measures

struct GaussianDenoiserTests {
    @Test func aDiagonalSpectrumShrinksEachPixel() {
        let shape = ImageShape(channels: 1, height: 2, width: 2)
        let mean = [0.1, -0.2, 0.3, 0]
        let spectrum = [0, 0.01, 0.25, 4]
        var identity = Matrix(zeros: 4, 4)
        for i in 0..<4 { identity.values[5 * i] = 1 }
        let gaussian = GaussianDenoiser(
            imageShape: shape, mean: mean, eigenvalues: spectrum, eigenvectors: identity)
        let x: [Float] = [1, -1, 0.5, 2]
        let batch = Tensor<Float>(shape: [2, 1, 2, 2], values: x + x)
        let result = gaussian.denoise(batch, sigma: [0.5, 3])
        for (image, sigma) in [0.5, 3].enumerated() {
            let expected = (0..<4).map {
                mean[$0] + spectrum[$0] / (spectrum[$0] + sigma * sigma) * (Double(x[$0]) - mean[$0])
            }
            #expect(isClose(Array(result[row: image]), expected, 1e-7))
        }
    }

    // With nine pixels, 5 images take the way over the Gram matrix and 40 that over the covariance.
    @Test(arguments: [1, 2, 5, 9, 40], [0.002, 0.3, 20])
    func equalsTheSolvedNormalEquations(count: Int, sigma: Double) throws {
        let images = randomImages(count, side: 3)
        let gaussian = try GaussianDenoiser(images: images, flips: false)
        let (mean, covariance) = moments(images)
        let x = randomImages(3, side: 3, std: 1, seed: 9)
        let result = gaussian.denoise(x, sigma: [sigma, sigma, sigma])
        for image in 0..<3 {
            let centred = zip(x[row: image], mean).map { Double($0) - $1 }
            var noisy = covariance
            for i in 0..<9 { noisy[i][i] += sigma * sigma }
            let weights = solve(noisy, centred)
            let expected = (0..<9).map { i in
                mean[i] + zip(covariance[i], weights).reduce(0.0) { $0 + $1.0 * $1.1 }
            }
            #expect(isClose(Array(result[row: image]), expected, 2e-6))
        }
    }

    /// Theorem 1 of Li et al.: no affine denoiser has a smaller expected error. With closed-form noise moments the error
    /// of x ↦ μ + W(x−μ) is tr((W−I)Σ(W−I)ᵀ) + σ² tr(WWᵀ), whose gradient 2((W−I)Σ + σ²W) must vanish.
    @Test(arguments: [0.1, 1.5]) func noAffineDenoiserIsBetter(sigma: Double) throws {
        let images = randomImages(30, side: 3)
        let gaussian = try GaussianDenoiser(images: images, flips: false)
        let (mean, covariance) = moments(images)
        var points = Tensor<Float>(zeros: [9, 1, 3, 3])
        for i in 0..<9 { for j in 0..<9 { points.values[i * 9 + j] = Float(mean[j]) + (i == j ? 1 : 0) } }
        let images9 = gaussian.denoise(points, sigma: [Double](repeating: sigma, count: 9))
        // This is column i of W.
        let columns = (0..<9).map { i in zip(images9[row: i], mean).map { Double($0) - $1 } }
        for i in 0..<9 {
            for j in 0..<9 {
                var gradient = sigma * sigma * columns[j][i]
                for k in 0..<9 { gradient += (columns[k][i] - (k == i ? 1 : 0)) * covariance[k][j] }
                #expect(abs(gradient) < 1e-6)
            }
        }
    }

    @Test func flipsCountTheMirrorImages() throws {
        let images = randomImages(20, side: 3)
        let doubled = Tensor<Float>(shape: [40, 1, 3, 3], values: images.values + images.flippedHorizontally.values)
        let mirrored = Array(images[row: 0])
        #expect(
            Array(images.flippedHorizontally[row: 0])
                == [2, 1, 0, 5, 4, 3, 8, 7, 6].map { mirrored[$0] })
        let x = randomImages(2, side: 3, seed: 4)
        let flipping = try GaussianDenoiser(images: images, flips: true).denoise(x, sigma: [0.5, 0.5])
        let plain = try GaussianDenoiser(images: doubled, flips: false).denoise(x, sigma: [0.5, 0.5])
        #expect(isClose(flipping.values, plain.values.map { Double($0) }, 1e-6))
    }

    @Test func anImageDoesNotDependOnTheOthersInItsBatch() throws {
        let gaussian = try GaussianDenoiser(images: randomImages(12, side: 4), flips: false)
        let x = randomImages(7, side: 4, seed: 2)
        let together = gaussian.denoise(x, sigma: [Double](repeating: 0.7, count: 7))
        let alone = gaussian.denoise(x.entries(5..<6), sigma: [0.7])
        #expect(Array(together[row: 5]) == alone.values)
    }

    /// Along the probability flow each component shrinks by √((σ² + λ)/(σ_T² + λ)), however small its λ is.
    @Test func everyComponentFlowsByItsOwnVariance() {
        let eigenvalues = [0, 1e-9, 1e-6, 1e-4, 1e-3, 5e-3, 0.02, 0.5, 4]
        let size = eigenvalues.count
        var unit = [Double](repeating: 0, count: size * size)
        for index in 0..<size { unit[index * size + index] = 1 }
        let mean = (0..<size).map { 0.1 * Double($0) }
        let gaussian = GaussianDenoiser(
            imageShape: ImageShape(channels: 1, height: 3, width: 3), mean: mean, eigenvalues: eigenvalues,
            eigenvectors: Matrix(rows: size, columns: size, values: unit))
        let start = Matrix(rows: 1, columns: size, values: mean.map { $0 + 3 })
        for (high, low) in [(80.0, 0.5), (1, 0.002), (0.01, 0)] {
            let found = gaussian.flow(start, from: high, to: low) {}.values
            for index in 0..<size {
                let shrunk = ((low * low + eigenvalues[index]) / (high * high + eigenvalues[index])).squareRoot()
                #expect(abs(found[index] - mean[index] - 3 * shrunk) < 1e-12)
            }
        }
    }
}
