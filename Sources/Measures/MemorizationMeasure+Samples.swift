import Diffusion
import Tensors

extension MemorizationMeasure {
    /// The samples, one from each of the seed's latents.
    func draw(from denoiser: any Denoiser, progress: MeasureProgress) throws -> Tensor<Float> {
        let sampler = ProbabilityFlowSampler(method: method, schedule: EDMSchedule(steps: steps))
        let shape = denoiser.imageShape
        var values: [Float] = []
        values.reserveCapacity(samples * shape.count)
        for block in blocks(of: samples, by: 16) {
            let latents = Latents.draw(seed: UInt64(seed), first: block.lowerBound, count: block.count, shape: shape)
            values += try sampler.sample(denoiser, latents: latents) { try progress(block.lowerBound, samples) }.values
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
