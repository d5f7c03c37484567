import Diffusion
import Foundation
import Measures
import Tensors
import Testing

struct LocalPatchDenoiserTests {
    private let images = randomImages(9, side: 4)
    private let x = randomImages(3, side: 4, std: 0.8, seed: 3)

    /// Denoises by the definition; `places` says which pixels of the training images a pixel is compared with.
    private func bruteForce(
        _ image: ArraySlice<Float>, radius: Int, sigma: Double, places: (Int, Int) -> [(Int, Int)]
    ) -> [Double] {
        let pixels = Array(image)
        return (0..<16).map { pixel in
            let (y, x) = (pixel / 4, pixel % 4)
            var (sum, weight) = (0.0, 0.0)
            for training in 0..<9 {
                let other = Array(images[row: training])
                for (row, column) in places(y, x) {
                    var distance = 0.0
                    for dy in -radius...radius {
                        for dx in -radius...radius where (0..<4).contains(y + dy) && (0..<4).contains(x + dx) {
                            let difference =
                                Double(pixels[(y + dy) * 4 + x + dx])
                                - Double(other[(row + dy) * 4 + column + dx])
                            distance += difference * difference
                        }
                    }
                    let share = exp(-distance / (2 * sigma * sigma))
                    weight += share
                    sum += share * Double(other[row * 4 + column])
                }
            }
            return sum / weight
        }
    }

    @Test(arguments: [0.3, 1, 10]) func theLocalScoreComparesWindowsAtOnePlace(sigma: Double) {
        let denoiser = LocalPatchDenoiser(images: images, flips: false, patch: 3, isEquivariant: false)
        let found = denoiser.denoise(x, sigma: [sigma, sigma, sigma])
        for image in 0..<3 {
            let expected = bruteForce(x[row: image], radius: 1, sigma: sigma) { [($0, $1)] }
            #expect(isClose(Array(found[row: image]), expected, 1e-6))
        }
    }

    @Test(arguments: [0.3, 1, 10]) func theEquivariantScoreComparesThemWhereBordersAreAlike(sigma: Double) {
        let denoiser = LocalPatchDenoiser(images: images, flips: false, patch: 3, isEquivariant: true)
        let found = denoiser.denoise(x, sigma: [sigma, sigma, sigma])
        let inner = [1, 2]
        func alike(_ place: Int) -> [Int] { inner.contains(place) ? inner : [place] }
        for image in 0..<3 {
            let expected = bruteForce(x[row: image], radius: 1, sigma: sigma) { y, x in
                alike(y).flatMap { row in alike(x).map { (row, $0) } }
            }
            #expect(isClose(Array(found[row: image]), expected, 1e-6))
        }
    }

    /// The windows hold the whole image from every pixel.
    @Test(arguments: [false, true], [false, true])
    func largeWindowsGiveTheMultiDeltaOptimum(isEquivariant: Bool, flips: Bool) {
        let denoiser = LocalPatchDenoiser(images: images, flips: flips, patch: 7, isEquivariant: isEquivariant)
        let whole = MultiDeltaDenoiser(images: images, flips: flips)
        for sigma in [0.002, 0.4, 20] {
            let level = [sigma, sigma, sigma]
            #expect(
                isClose(
                    denoiser.denoise(x, sigma: level).values, whole.denoise(x, sigma: level).values.map(Double.init),
                    1e-6))
        }
    }

    /// Patches of single pixels give the optimum of independent pixels, in each channel alike.
    @Test func channelsShareTheirWeights() {
        let colour = Tensor<Float>(
            shape: [9, 2, 4, 4],
            values: (0..<9).flatMap { Array(images[row: $0]) + images[row: $0].map { 1 - 2 * $0 } })
        let noisy = Tensor<Float>(shape: [1, 2, 4, 4], values: Array(x[row: 0]) + Array(x[row: 1]))
        let found = LocalPatchDenoiser(images: colour, flips: false, patch: 3, isEquivariant: true)
            .denoise(noisy, sigma: [0.5])
        for pixel in 0..<16 { #expect(abs(found.values[16 + pixel] - (1 - 2 * found.values[pixel])) < 1e-5) }
    }
}
