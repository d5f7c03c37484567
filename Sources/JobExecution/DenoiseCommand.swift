import ArgumentParser
import Tensors

struct DenoiseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "denoise", abstract: "Denoise images with a checkpoint.",
        discussion: "Writes a safetensors file with the tensor \"denoised\": D(x; sigma).")

    @Option(help: "The checkpoint: safetensors with the published parameter names.")
    var checkpoint: String

    @Option(help: "A safetensors file with \"x\" [B, C, H, W], pixels in [-1, 1], and \"sigma\" [B].")
    var input: String

    @Option(help: "The file to write.")
    var output: String

    func run() throws {
        let denoiser = try Checkpoints.denoiser(checkpoint)
        let noisy = try Checkpoints.images("x", of: input, shape: denoiser.imageShape)
        let sigma: Tensor<Double> = try Checkpoints.file(input).tensor("sigma", shape: [noisy.shape[0]])
        guard sigma.values.allSatisfy({ $0 > 0 && $0.isFinite }) else {
            throw ValidationError("\(input): every sigma must be above 0")
        }
        var file = SafetensorsFile(name: output)
        file.set("denoised", denoiser.denoise(noisy, sigma: sigma.values))
        try Checkpoints.write(file, to: output)
    }
}
