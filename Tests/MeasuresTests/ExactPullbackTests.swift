import Diffusion
import Measures
import Tensors
import Testing

/// Derivatives of the exact denoisers in closed form.
struct ExactPullbackTests {
    private static let training = randomImages(12, side: 4)

    private static func denoiser(_ name: String) throws -> any DifferentiableDenoiser {
        switch name {
        case "gaussian": try GaussianDenoiser(images: training, flips: false)
        case "stationary": try GaussianDenoiser(stationary: training, flips: false)
        case "multi-delta": MultiDeltaDenoiser(images: training, flips: true)
        default: WaveletDenoiser(images: training, flips: false)
        }
    }

    @Test(arguments: ["gaussian", "stationary", "multi-delta", "wavelet"], [0.25, 1, 6])
    func itIsTheDerivativeAlongEveryPixel(name: String, sigma: Double) throws {
        let denoiser = try Self.denoiser(name)
        let x = randomImages(1, side: 4, seed: 6)
        var units = Tensor<Float>(zeros: [16, 1, 4, 4])
        for pixel in 0..<16 { units.values[17 * pixel] = 1 }
        let rows = try denoiser.pullback(at: x, sigma: sigma)(units)
        let step: Float = 0x1p-10
        for pixel in 0..<16 {
            var (ahead, behind) = (x, x)
            ahead.values[pixel] += step
            behind.values[pixel] -= step
            let difference = zip(
                denoiser.denoise(ahead, sigma: [sigma]).values, denoiser.denoise(behind, sigma: [sigma]).values
            ).map { ($0 - $1) / (2 * step) }
            let column = (0..<16).map { Double(rows.values[16 * $0 + pixel]) }
            #expect(isClose(difference, column, 2e-3), "\(name) at \(sigma), pixel \(pixel)")
        }
    }
}
