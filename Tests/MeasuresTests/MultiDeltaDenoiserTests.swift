import Foundation
import Measures
import Tensors
import Testing

struct MultiDeltaDenoiserTests {
    /// Denoises by the definition, Σ wᵢ yᵢ with w = softmax(−‖x−y‖²/(2σ²)).
    private func bruteForce(_ images: Tensor<Float>, _ x: ArraySlice<Float>, sigma: Double) -> [Double] {
        let logits = (0..<images.shape[0]).map { image in
            -zip(x, images[row: image]).reduce(0) { $0 + pow(Double($1.0) - Double($1.1), 2) } / (2 * sigma * sigma)
        }
        let greatest = logits.max() ?? 0
        let weights = logits.map { exp($0 - greatest) }
        let sum = weights.reduce(0, +)
        return (0..<images.stride).map { pixel in
            (0..<images.shape[0]).reduce(0) {
                $0 + weights[$1] / sum * Double(images.values[$1 * images.stride + pixel])
            }
        }
    }

    @Test(arguments: [0.002, 0.1, 0.5, 1, 80]) func equalsTheSoftmaxOverDistances(sigma: Double) {
        let images = randomImages(25, side: 4)
        let x = randomImages(6, side: 4, std: 1, seed: 3)
        let result = MultiDeltaDenoiser(images: images, flips: false)
            .denoise(x, sigma: [Double](repeating: sigma, count: 6))
        for image in 0..<6 {
            #expect(isClose(Array(result[row: image]), bruteForce(images, x[row: image], sigma: sigma), 1e-6))
        }
    }

    @Test func flipsCountTheMirrorImages() {
        let images = randomImages(5, side: 4)
        let x = randomImages(1, side: 4, seed: 3)
        let result = MultiDeltaDenoiser(images: images, flips: true).denoise(x, sigma: [0.8])
        #expect(isClose(result.values, bruteForce(images.withFlips, x[row: 0], sigma: 0.8), 1e-6))
    }

    @Test func smallNoiseGivesTheNearestImageAndLargeNoiseTheMean() {
        let images = randomImages(25, side: 4)
        var x = images.entries(7..<8)
        for index in x.values.indices { x.values[index] += 0.01 }
        let denoiser = MultiDeltaDenoiser(images: images, flips: false)
        #expect(denoiser.denoise(x, sigma: [0.002]).values == Array(images[row: 7]))
        #expect(isClose(denoiser.denoise(x, sigma: [1e4]).values, moments(images).mean, 1e-6))
    }

    @Test func farAwayPointsStayFinite() {
        let images = randomImages(25, side: 4)
        let x = randomImages(1, side: 4, std: 1000)
        let result = MultiDeltaDenoiser(images: images, flips: false).denoise(x, sigma: [0.002])
        #expect(result.values.allSatisfy { $0.isFinite })
    }
}
