import Diffusion
import Measures
import Tensors

/// The dense parts of measures, with their seconds of wall clock, for `scripts/bench`.
enum MeasureBenchmark {
    /// The GL score of `samples`, and the seconds that the neighbours took.
    static func neighbours(
        of samples: Tensor<Float>, among images: Tensor<Float>
    ) -> (score: Double, seconds: Double) {
        let start = ContinuousClock.now
        let near = CopyStatistics(of: samples, near: NearestNeighbours(images: images, flips: false)) {}
        return (near.score.value, seconds(since: start))
    }

    /// The seconds that the Gaussian denoiser of `images` took, and the sum of its eigenvalues.
    static func gaussian(of images: Tensor<Float>) throws -> (trace: Double, seconds: Double) {
        let start = ContinuousClock.now
        let gaussian = try GaussianDenoiser(images: images, flips: false)
        return (gaussian.eigenvalues.reduce(0, +), seconds(since: start))
    }

    /// The affine fit to `PixelShrinkage` on `images`, ten noises each, and its error on noised held-out images. What the
    /// denoiser itself takes is left out, and so is the Gaussian.
    static func distillation(
        on images: Tensor<Float>, heldOut: Tensor<Float>, sigma: Double
    ) throws -> (heldOutError: Double, seconds: Double) {
        let gaussian = try GaussianDenoiser(images: images, flips: false)
        let denoiser = PixelShrinkage(imageShape: gaussian.imageShape)
        let start = ContinuousClock.now
        let fit = try Distilled.fit(
            to: denoiser, gaussian, on: NoisedImages(images: images, seed: 0, first: NoisedImages.Use.fitting),
            inputs: Distilled.inputs(1, images: images.shape[0], pixels: images.stride), sigma: sigma, beat: { _ in })
        let dense = seconds(since: start) - denoiser.time.seconds
        let x = NoisedImages(images: heldOut, seed: 0).block(0..<heldOut.shape[0], sigma: sigma)
        var error = DenoiserDistance(images: heldOut.shape[0])
        let levels = [Double](repeating: sigma, count: heldOut.shape[0])
        error.add(denoiser.denoise(x, sigma: levels), fit.denoise(x, sigma: levels))
        return (error.pooled.value, dense)
    }

    /// All of the derivative of `denoiser` at an image, and its eigenvectors.
    static func jacobian(
        of denoiser: any DifferentiableDenoiser, at image: Tensor<Float>, sigma: Double
    ) throws -> (trace: Double, seconds: Double) {
        let start = ContinuousClock.now
        let spectrum = try JacobianSpectrum.exact(
            denoiser.pullback(at: image, sigma: sigma), shape: Array(image.shape.dropFirst()), batch: denoiser.batch,
            beat: { _ in })
        return (spectrum.trace.value, seconds(since: start))
    }

    private static func seconds(since start: ContinuousClock.Instant) -> Double {
        let passed = (ContinuousClock.now - start).components
        return Double(passed.seconds) + Double(passed.attoseconds) * 1e-18
    }

    /// Each pixel by itself: D(x) = x³/(x² + σ²), which no affine map is.
    private struct PixelShrinkage: Denoiser {
        let imageShape: ImageShape
        let batch = 1024
        let time = Stopwatch()

        final class Stopwatch { var seconds = 0.0 }

        func denoise(_ x: Tensor<Float>, sigma: [Double]) -> Tensor<Float> {
            let start = ContinuousClock.now
            let variance = Float(sigma[0] * sigma[0])
            let result = Tensor(shape: x.shape, values: x.values.map { $0 * $0 * $0 / ($0 * $0 + variance) })
            time.seconds += MeasureBenchmark.seconds(since: start)
            return result
        }
    }
}
