import ArgumentParser
import Diffusion
import Tensors

extension ProbabilityFlowSampler.Method: ExpressibleByArgument {}

struct SampleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample", abstract: "Draw images from a checkpoint.",
        discussion: "Writes a safetensors file with the tensor \"samples\" [count, C, H, W], pixels in [-1, 1].")

    @Option(help: "The checkpoint: safetensors with the published parameter names.")
    var checkpoint: String

    @Option(help: "How many images.")
    var count: Int = 16

    @Option(help: "Which latents; equal seeds give equal latents for every checkpoint.")
    var seed: UInt64 = 0

    @Option(help: "A safetensors file with the tensor \"latents\" of unit variance, in place of count and seed.")
    var latents: String?

    @Option(help: "heun or euler.")
    var sampler: ProbabilityFlowSampler.Method = .heun

    @Option(help: "Noise levels between 80 and 0.002.")
    var steps: Int = 18

    @Option(help: "The file to write.")
    var output: String

    func validate() throws {
        guard count >= 1, steps >= 1 else { throw ValidationError("--count and --steps must be at least 1") }
    }

    func run() throws {
        let denoiser = try Checkpoints.denoiser(checkpoint)
        let start =
            try latents.map { try Checkpoints.images("latents", of: $0, shape: denoiser.imageShape) }
            ?? Latents.draw(seed: seed, count: count, shape: denoiser.imageShape)
        let sampler = ProbabilityFlowSampler(method: sampler, schedule: EDMSchedule(steps: steps))
        var file = SafetensorsFile(name: output)
        file.set("samples", sampler.sample(denoiser, latents: start))
        try Checkpoints.write(file, to: output)
    }
}
