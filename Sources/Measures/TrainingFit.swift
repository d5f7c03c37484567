import Diffusion
import Tensors

/// Whether a network denoises images as one does that was trained on them.
package struct TrainingFit: Sendable {
    package let sigma: Double
    /// PSNR of the network on noised training images, in dB.
    package let network: Double
    /// PSNR of their Fourier Wiener filter on the same.
    package let filter: Double

    /// Images that are looked at, and that the filter is made of at most.
    private static let samples = 64
    private static let most = 1024

    /// At the worse of the levels about 0.5 and 1.5 that the denoiser is for; of one that is for neither at its own. Nil for
    /// images of more pixels than such a filter is made for.
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
