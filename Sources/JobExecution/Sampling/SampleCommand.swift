import ArgumentParser
import Datasets
import Diffusion
import Tensors

struct SampleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample", abstract: "Draw images from a checkpoint.",
        discussion: """
            eigensweep-worker sample --checkpoint weights-2000.safetensors --output y.safetensors --grid y.png

            Writes a safetensors file with the tensor "samples" [count, C, H, W], pixels in [-1, 1]. An image depends on \
            the checkpoint, the sampler's settings, the seed and its own number alone: number 7 is the same in \
            every batch and drawn by itself with --first 7 --count 1.
            """)

    @Option(help: "The checkpoint: safetensors with the published parameter names.", completion: .tensors)
    var checkpoint: String

    @Option(help: "How many images.")
    var count: Int = 16

    @Option(help: "The number of the first image.")
    var first: Int = 0

    @Option(help: "Which latents and noise; equal seeds give equal ones for every checkpoint.")
    var seed: UInt64 = 0

    @Option(
        help: "A safetensors file with the tensor \"latents\" of unit variance, in place of --count.",
        completion: .tensors)
    var latents: String?

    @OptionGroup var sampler: SamplerOptions

    @OptionGroup var compute: ComputeOptions

    @Option(help: "The file to write, in safetensors.", completion: .tensors)
    var output: String

    @Option(help: "Also write the images side by side to this PNG file.", completion: .file(extensions: ["png"]))
    var grid: String?

    func validate() throws {
        guard (1...10_000_000).contains(count) else { throw ValidationError("--count must be 1 to 10000000") }
        guard ![".png", ".jpg", ".jpeg"].contains(where: output.lowercased().hasSuffix) else {
            throw ValidationError(
                "--output \(output): samples are written as safetensors; --grid \(output) writes a picture of them beside"
            )
        }
        guard (0...1 << 40).contains(first) else { throw ValidationError("--first must be 0 to 2^40") }
    }

    func run() throws {
        try compute.prepare()
        let denoiser = try Checkpoints.denoiser(checkpoint, threads: compute.threads)
        let shape = denoiser.imageShape
        let sampling = try sampler.sampling(for: denoiser)
        guard grid == nil || shape.channels == 1 || shape.channels == 3 else {
            throw ValidationError("--grid: pictures have 1 or 3 channels, the network's images \(shape.channels)")
        }
        let given = try latents.map { try Checkpoints.images("latents", of: $0, shape: shape) }
        let total = given?.shape[0] ?? count
        var samples = Tensor<Float>(zeros: [0, shape.channels, shape.height, shape.width])
        for start in stride(from: 0, to: total, by: denoiser.batch) {
            let block = start..<min(start + denoiser.batch, total)
            let latents =
                given?.entries(block)
                ?? Latents.draw(seed: seed, first: first + start, count: block.count, shape: shape)
            let drawn = sampling.draw(
                denoiser, latents: latents, noise: .drawn(seed: seed, first: first + start))
            for (image, trouble) in drawn.troubles.sorted(by: { $0.key < $1.key }) {
                Diagnostics.write("image \(start + image) \(trouble)")
            }
            samples.shape[0] += block.count
            samples.values += drawn.images.values
        }
        try Checkpoints.requireFinite(samples, "the sample number")
        var file = SafetensorsFile(name: output)
        file.set("samples", samples)
        try Checkpoints.write(file, to: output)
        if let grid { try Checkpoints.writePicture(of: samples, shape: shape, to: grid) }
    }
}
