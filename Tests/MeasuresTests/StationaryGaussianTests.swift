import Diffusion
import Measures
import Tensors
import Testing

/// The Fourier Wiener filter.
struct StationaryGaussianTests {
    /// `image` moved down and right, around the borders.
    private func moved(_ image: Tensor<Float>, _ down: Int, _ right: Int) -> [Float] {
        let (height, width) = (image.shape[2], image.shape[3])
        return (0..<image.shape[1]).flatMap { channel in
            (0..<height).flatMap { y in
                (0..<width).map { x in
                    let (row, column) = ((y + height - down) % height, (x + width - right) % width)
                    return image.values[(channel * height + row) * width + column]
                }
            }
        }
    }

    /// Images with all their translations have a stationary covariance: their Gaussian is that of their spectrum.
    @Test(arguments: [0.1, 0.5, 3]) func equalsTheGaussianOfAllTranslations(sigma: Double) throws {
        let (height, width) = (4, 3)
        let normals = CounterRandom(seed: 5, purpose: .generator).normals(from: 0, count: 6 * height * width)
        let images = Tensor<Float>(shape: [6, 1, height, width], values: normals.map { Float(0.4 * $0 + 0.1) })
        let all = (0..<6).flatMap { image in
            (0..<height).flatMap { down in
                (0..<width).flatMap { right in moved(images.entries(image..<image + 1), down, right) }
            }
        }
        let translations = Tensor<Float>(shape: [6 * height * width, 1, height, width], values: all)
        let stationary = try GaussianDenoiser(stationary: images, flips: false)
        let whole = try GaussianDenoiser(images: translations, flips: false)
        let x = Tensor<Float>(shape: [2, 1, height, width], values: Array(all[40..<40 + 24]))
        let level = [sigma, sigma]
        #expect(
            isClose(
                stationary.denoise(x, sigma: level).values, whole.denoise(x, sigma: level).values.map(Double.init), 1e-6
            ))
        #expect(zip(stationary.eigenvalues, stationary.eigenvalues.dropFirst()).allSatisfy { $0 <= $1 })
    }

    @Test func itTakesNoNoticeOfPlacesAndDecorrelatesChannels() throws {
        let side = 4
        let plane = randomImages(20, side: side)
        let other = randomImages(20, side: side, std: 0.2, seed: 8)
        // The second channel is half of the first, and something of its own.
        let values = (0..<20).flatMap { image in
            let second: [Float] = zip(plane[row: image], other[row: image]).map { 0.5 * $0 + $1 }
            return Array(plane[row: image]) + second
        }
        let images = Tensor<Float>(shape: [20, 2, side, side], values: values)
        let denoiser = try GaussianDenoiser(stationary: images, flips: false)
        let x = images.entries(3..<4)
        let straight = denoiser.denoise(x, sigma: [0.3])
        let around = Tensor<Float>(shape: x.shape, values: moved(x, 1, 2))
        #expect(
            isClose(denoiser.denoise(around, sigma: [0.3]).values, moved(straight, 1, 2).map(Double.init), 1e-6))
        // The total variance is that of the pixels about their channels' means.
        var means = [0.0, 0.0]
        for (index, value) in values.enumerated() { means[index / 16 % 2] += Double(value) / 320 }
        let variance = values.enumerated().reduce(0.0) { sum, item in
            let centred = Double(item.element) - means[item.offset / 16 % 2]
            return sum + centred * centred / 20
        }
        #expect(abs(denoiser.eigenvalues.reduce(0, +) - variance) < 1e-6 * variance)
    }
}
