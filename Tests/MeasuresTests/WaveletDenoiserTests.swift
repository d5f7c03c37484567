import Diffusion
import Measures
import Tensors
import Testing

struct WaveletDenoiserTests {
    /// Two pixels by two have a mean and three differences, each with its own rule.
    @Test func theFourCoefficientsOfFourPixelsFollowTheRule() {
        let images = randomImages(50, side: 2)
        let signs: [[Double]] = [[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]
        func coefficients(_ image: ArraySlice<Float>) -> [Double] {
            signs.map { row -> Double in zip(row, image).reduce(0.0) { $0 + $1.0 * Double($1.1) } / 2 }
        }
        let known = (0..<50).map { coefficients(images[row: $0]) }
        let x = randomImages(8, side: 2, std: 1, seed: 4)
        let found = WaveletDenoiser(images: images, flips: false)
            .denoise(x, sigma: [Double](repeating: 0.4, count: 8))
        var zeros = 0
        for image in 0..<8 {
            let shrunk = coefficients(x[row: image]).enumerated().map { number, value in
                let mean = number == 0 ? known.reduce(0) { $0 + $1[0] } / 50 : 0
                let variance = known.reduce(0) { $0 + ($1[number] - mean) * ($1[number] - mean) } / 50
                if number == 0 { return mean + variance / (variance + 0.16) * (value - mean) }
                let size = max(abs(value) - 0.16 / variance.squareRoot(), 0)
                zeros += size == 0 ? 1 : 0
                return value < 0 ? -size : size
            }
            let expected = (0..<4).map { pixel -> Double in
                zip(signs, shrunk).reduce(0.0) { $0 + $1.0[pixel] * $1.1 } / 2
            }
            #expect(isClose(Array(found[row: image]), expected, 1e-6))
        }
        #expect(zeros > 0 && zeros < 24)
    }

    /// Two of the sides are halved twice, and one cannot be halved.
    @Test(arguments: [8, 12, 5]) func withoutNoiseImagesStayAsTheyAre(side: Int) {
        let images = randomImages(30, side: side)
        let x = randomImages(3, side: side, seed: 7)
        let denoiser = WaveletDenoiser(images: images, flips: true)
        #expect(isClose(denoiser.denoise(x, sigma: [1e-6, 1e-6, 1e-6]).values, x.values.map(Double.init), 1e-5))
        // Much noise leaves only the means.
        let mean = denoiser.denoise(x, sigma: [1e5, 1e5, 1e5])
        #expect(isClose(Array(mean[row: 0]), mean[row: 1].map(Double.init), 1e-6))
    }

    @Test func bandsOfDifferentSizeHaveThresholdsOfTheirOwn() {
        // The rows alternate, so all differences are between rows.
        let rows = Tensor<Float>(
            shape: [2, 1, 4, 4], values: (0..<32).map { ($0 / 4 % 2 == 0 ? 0.5 : -0.5) * ($0 < 16 ? 1 : -1) })
        let denoiser = WaveletDenoiser(images: rows, flips: false)
        let found = denoiser.denoise(rows.entries(0..<1), sigma: [0.5]).values
        // A coefficient of 1 with mean square 1 has the threshold ¼.
        #expect(isClose(found, rows[row: 0].map { 0.75 * Double($0) }, 1e-6))
    }
}
