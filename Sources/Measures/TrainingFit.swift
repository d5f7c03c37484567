import Diffusion
import Tensors

/// How well a network denoises its training images, beside a linear filter of theirs.
package struct TrainingFit: Sendable {
    package let sigma: Double
    /// PSNR of the network on noised training images, in dB.
    package let network: Double
    /// PSNR of the images' Fourier Wiener filter on the same noised images, in dB.
    package let filter: Double

    /// The most images that are denoised, and the most that the filter is made of.
    private static let samples = 64
    private static let most = 1024

    /// Looks at the levels 0.5 and 1.5 that the denoiser is for, or at the one level that it is for, and keeps the worse.
    /// Nil where it is for none of these, and for images of more pixels than such a filter is made for.
    package init?(of subject: MeasureSubject) throws {
        guard subject.training.stride <= 64 * 64 * 3 else { return nil }
        let images = subject.training.entries(0..<min(Self.most, subject.training.shape[0]))
        let filter = try GaussianDenoiser(stationary: images, flips: subject.flips)
        let few = images.entries(0..<min(Self.samples, images.shape[0]))
        let noised = NoisedImages(images: few, seed: 0)
        var worst: (gain: Double, sigma: Double, network: Double, filter: Double)?
        for sigma in subject.denoiser.levels(among: [0.5, 1.5]) {
            func decibels(_ denoiser: any Denoiser) -> Double {
                let denoised = denoiser.denoise(
                    noised.block(0..<few.shape[0], sigma: sigma),
                    sigma: [Double](repeating: sigma, count: few.shape[0]))
                let error = zip(denoised.values, few.values).reduce(0.0) { sum, pair in
                    let difference = Double(pair.0) - Double(pair.1)
                    return sum + difference * difference
                }
                return Decibels.ofError(error / Double(few.values.count))
            }
            let (own, linear) = (decibels(subject.denoiser), decibels(filter))
            if own - linear < worst?.gain ?? .infinity { worst = (own - linear, sigma, own, linear) }
        }
        guard let worst else { return nil }
        (sigma, network, self.filter) = (worst.sigma, worst.network, worst.filter)
    }
}
