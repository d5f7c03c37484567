import Diffusion
import Tensors

extension MemorizationMeasure {
    /// The samples, one from each of the seed's latents. Blind networks are sampled by the rule of Kadkhodaie & Simoncelli
    /// with its defaults, whatever the measure's sampler is: they are not told the noise level that others need.
    func draw(from denoiser: any Denoiser, progress: MeasureProgress) throws -> Tensor<Float> {
        let sampler = ProbabilityFlowSampler(method: method, schedule: EDMSchedule(steps: steps))
        let shape = denoiser.imageShape
        var values: [Float] = []
        values.reserveCapacity(samples * shape.count)
        for block in blocks(of: samples, by: denoiser.batch) {
            let latents = Latents.draw(seed: UInt64(seed), first: block.lowerBound, count: block.count, shape: shape)
            let beat = { try progress(block.lowerBound, samples) }
            if denoiser.isBlind {
                let noise = SamplerNoise.drawn(seed: UInt64(seed), first: block.lowerBound)
                values += try BlindSampler().sample(denoiser, latents: latents, noise: noise, beat: beat).denoised
                    .values
            } else {
                values += try sampler.sample(denoiser, latents: latents, beat: beat).values
            }
        }
        return Tensor(shape: [samples, shape.channels, shape.height, shape.width], values: values)
    }

    /// A safetensors file for people: the samples in [−1, 1], which training image each is nearest to, and how near.
    func artifact(_ samples: Tensor<Float>, _ neighbours: [NeighbourPair]) -> MeasureResult.Artifact {
        var file = SafetensorsFile(name: "samples")
        file.set("samples", samples)
        file.set("nearest", neighbours.map { Int64($0.index) })
        file.set("distance", Tensor<Double>(shape: [neighbours.count], values: neighbours.map(\.first)))
        return MeasureResult.Artifact(
            name: "samples.safetensors", mediaType: "application/octet-stream", bytes: file.serialized())
    }
}
