import Diffusion
import JobContract
import Measures
import ScoreNetworks
import Tensors

/// A mini-training and an eigendecomposition whose bits tell whether this host's results may be mixed with others'.
enum NumericsCheck {
    private static let random = CounterRandom(seed: 1, purpose: .generator)

    /// The state after the training. Takes well below a second.
    static func state(on machine: any LaneMachine<Float>, steps: Int = 2) throws -> [UInt8] {
        NumericThread.prepare()
        let network = NetworkConfiguration.unet(
            UNetConfiguration(
                modelChannels: 8, resolution: 8, imageChannels: 1, multipliers: [2, 2], blocks: 1,
                attentionResolutions: [4], dropout: 0.1))
        let settings = TrainingSettings(batch: 4, learningRate: 1e-3, flip: true, seed: 1)
        let pixels = (0..<8 * 64).map { UInt8(truncatingIfNeeded: random.block($0)[0]) }
        let run = try TrainingRun(
            configuration: network, settings: settings, images: pixels, on: machine)
        for _ in 0..<steps { _ = try run.step() }
        let state = run.state()
        try run.check()
        return state
    }

    /// The digest of the results of both.
    static func digest() throws -> Digest {
        let state = try state(on: NetworkMachines.machine())
        let images = Tensor<Float>(
            shape: [80, 1, 8, 8], values: random.normals(from: 0, count: 80 * 64).map { Float($0) })
        let gaussian = try GaussianDenoiser(images: images, flips: false)
        let denoised = gaussian.denoise(images.entries(0..<2), sigma: [0.5, 5])
        var file = SafetensorsFile(name: "check")
        file.set("eigenvalues", Tensor<Double>(shape: [gaussian.eigenvalues.count], values: gaussian.eigenvalues))
        file.set("denoised", denoised)
        return Digest(of: state + file.serialized())
    }
}
