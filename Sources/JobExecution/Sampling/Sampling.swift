import Diffusion
import Tensors

/// A sampler with its settings.
enum Sampling {
    case flow(ProbabilityFlowSampler)
    case estimation(GradientEstimationSampler)
    case blind(BlindSampler)

    /// Images for `latents`, z ~ N(0, I) of shape [B, C, H, W], and which of them did not arrive, in words. An image
    /// depends on its own latent and noise alone.
    func draw(
        _ denoiser: any Denoiser, latents: Tensor<Float>, noise: SamplerNoise
    ) -> (images: Tensor<Float>, troubles: [Int: String]) {
        switch self {
        case .flow(let sampler): (sampler.sample(denoiser, latents: latents, noise: noise), [:])
        case .estimation(let sampler): (sampler.sample(denoiser, latents: latents, noise: noise), [:])
        case .blind(let sampler): Self.explained(sampler.sample(denoiser, latents: latents, noise: noise))
        }
    }

    private static func explained(_ result: BlindSampler.Result) -> (Tensor<Float>, [Int: String]) {
        var troubles: [Int: String] = [:]
        for (image, end) in result.ends.enumerated() {
            switch end {
            case .reached: break
            case .outOfSteps:
                let sigma = result.sigmas.last?[image] ?? 0
                troubles[image] = "still has noise of \((sigma * 1000).rounded() / 1000) after all steps"
            case .diverged(let steps): troubles[image] = "diverged after \(steps) steps"
            }
        }
        return (result.denoised, troubles)
    }
}
