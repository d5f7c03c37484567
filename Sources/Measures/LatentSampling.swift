import Diffusion
import Quantities
import Tensors

/// The parameters that measures on samples share. Samples start from latents, keyed as `Draws` says.
struct LatentSampling {
    let samples: Int
    let method: ProbabilityFlowSampler.Method
    let steps: Int
    let draws: Draws

    static func parameters(
        _ samples: Int = 256, least: Int = 1, _ method: ProbabilityFlowSampler.Method = .heun, steps: Int = 18
    ) -> [MeasureParameter] {
        [.samples(samples, least: least)] + flow(method, steps: steps)
    }

    static func flow(
        _ method: ProbabilityFlowSampler.Method, least: Int = 1, steps: Int
    ) -> [MeasureParameter] {
        [
            .choice("sampler", method, "how samples follow the probability flow"),
            .integer("steps", least...10_000, steps, "steps of a sample"),
        ]
    }

    /// Throws MeasureError naming what is wrong.
    init(_ reader: ParameterReader) throws {
        samples = try reader.integer("samples")
        method = try reader.choice("sampler", ProbabilityFlowSampler.Method.self)
        steps = try reader.integer("steps")
        draws = try Draws(reader)
    }

    /// The samples of the key's latents, one from each. Blind networks are sampled by the rule of Kadkhodaie & Simoncelli
    /// with its defaults, whatever the measure's sampler is: they are not told the noise level, by which samplers go.
    func draw(from denoiser: any Denoiser, key: UInt64, progress: MeasureProgress) throws -> Tensor<Float> {
        let sampler = ProbabilityFlowSampler(method: method, schedule: EDMSchedule(steps: steps))
        let shape = denoiser.imageShape
        var values: [Float] = []
        values.reserveCapacity(samples * shape.count)
        for block in blocks(of: samples, by: denoiser.batch) {
            let latents = Latents.draw(seed: key, first: block.lowerBound, count: block.count, shape: shape)
            let beat = { try progress(block.lowerBound, samples) }
            if denoiser.isBlind {
                let noise = SamplerNoise.drawn(seed: key, first: block.lowerBound)
                values += try BlindSampler().sample(denoiser, latents: latents, noise: noise, beat: beat).denoised
                    .values
            } else {
                values += try sampler.sample(denoiser, latents: latents, beat: beat).values
            }
        }
        return Tensor(shape: [samples, shape.channels, shape.height, shape.width], values: values)
    }
}
