import ArgumentParser
import Tensors

struct DenoiseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "denoise", abstract: "Denoise images with a checkpoint.",
        discussion: """
            eigensweep-worker denoise --checkpoint weights-2000.safetensors --input x.safetensors --output y.safetensors

            Writes a safetensors file with the tensor "denoised": D(x; sigma). Noise levels must be among those that the \
            network's preconditioning knows: 0.02 to 100 for ve, up to 152 for vp, up to 2 for blind networks, which \
            do not look at them and need none, any for edm and none.
            """)

    @Option(help: "The checkpoint: safetensors with the published parameter names.", completion: .tensors)
    var checkpoint: String

    @Option(
        help: "A safetensors file with \"x\" [B, C, H, W], pixels in [-1, 1], and \"sigma\" [B].", completion: .tensors)
    var input: String

    @OptionGroup var compute: ComputeOptions

    @Option(help: "The file to write.", completion: .tensors)
    var output: String

    func run() throws {
        try compute.prepare()
        let denoiser = try Checkpoints.denoiser(checkpoint, threads: compute.threads)
        let noisy = try Checkpoints.images("x", of: input, shape: denoiser.imageShape)
        let given = try Checkpoints.file(input)
        let sigma: Tensor<Double> =
            denoiser.isBlind && !given.contains("sigma")
            ? Tensor(shape: [noisy.shape[0]], values: [Double](repeating: 1, count: noisy.shape[0]))
            : try given.tensor("sigma", shape: [noisy.shape[0]])
        let known = denoiser.levels
        for (image, level) in sigma.values.enumerated() {
            guard level > 0, level.isFinite, known.contains(level) else {
                throw ValidationError(
                    "\(input): the sigma of image \(image) is \(level); those of a network with preconditioning "
                        + "\(denoiser.preconditioning.name) are above 0, from \(known.lowerBound) to \(known.upperBound)"
                )
            }
        }
        let denoised = denoiser.denoise(noisy, sigma: sigma.values)
        try Checkpoints.requireFinite(denoised, "the denoised image")
        var file = SafetensorsFile(name: output)
        file.set("denoised", denoised)
        try Checkpoints.write(file, to: output)
    }
}
