import ArgumentParser
import Diffusion
import Foundation
import Measures
import ScoreNetworks
import Tensors

/// Measurements of the measures' dense parts, for `scripts/bench measures`.
struct MeasuresCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measures", abstract: "Measure how fast the dense parts of measures are on one thread.",
        discussion: "Prints what was measured, what was found, and seconds.")

    enum Part: String, ExpressibleByArgument, CaseIterable { case distillation, neighbours, gaussian, jacobian }

    @Argument(help: "distillation, neighbours, gaussian or jacobian.")
    var part: Part

    @Option(help: "A safetensors file with `images` and `others` [N, C, H, W]; none for the derivative.")
    var images: String?

    @Option(help: "The noise level.")
    var sigma: Double = 1.5

    func run() throws {
        NumericThread.prepare()
        let (found, seconds) = try measured()
        print("\(part.rawValue)\t\(found)\t\(seconds)")
    }

    private func measured() throws -> (Double, Double) {
        if part == .jacobian {
            let configuration = UNetConfiguration(
                architecture: .ddpmpp, modelChannels: 16, resolution: 32, imageChannels: 1, multipliers: [2, 2, 2],
                blocks: 4, attentionResolutions: [16], dropout: 0)
            let run = try TrainingRun(
                configuration: .unet(configuration),
                settings: TrainingSettings(batch: 16, preconditioning: .edm(sigmaData: 0.5)),
                images: [UInt8](repeating: 99, count: 1024))
            // The last layers begin with weights near 0, and zeros are no faster than other numbers.
            let denoiser = try NetworkDenoiser(weights: run.weights(), name: "weights")
            let noise = CounterRandom(seed: 0, purpose: .generator).normals(from: 0, count: 1024)
            let image = Tensor<Float>(shape: [1, 1, 32, 32], values: noise.map { Float($0 * sigma) })
            return try MeasureBenchmark.jacobian(of: denoiser, at: image, sigma: sigma)
        }
        guard let images else { throw ValidationError("expected --images FILE") }
        let file = try SafetensorsFile(bytes: [UInt8](Data(contentsOf: URL(fileURLWithPath: images))), name: images)
        let (all, others): (Tensor<Float>, Tensor<Float>) = (try file.tensor("images"), try file.tensor("others"))
        switch part {
        case .neighbours: return MeasureBenchmark.neighbours(of: others, among: all)
        case .gaussian: return try MeasureBenchmark.gaussian(of: all)
        default: return try MeasureBenchmark.distillation(on: all, heldOut: others, sigma: sigma)
        }
    }
}
