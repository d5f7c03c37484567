import Diffusion
import ScoreNetworks
import Tensors

/// Compares outputs and gradients of networks.
extension Reference {
    func network() throws -> [ReferenceComparison] {
        let stored = try CheckpointConfiguration(file)
        let network = try load(stored.network)
        let result = DenoisingObjective(network: network, preconditioning: stored.preconditioning).evaluate(
            clean: try doubles("clean"), noise: try doubles("noise"), sigma: try doubles("sigma"),
            labels: file.contains("augment_labels") ? try doubles("augment_labels") : nil, details: true)
        return try [
            compare("network_output", result.networkOutput), compare("denoised", result.denoised),
            compare("loss", [result.loss]), compare("input_gradient", result.inputGradient),
        ] + compareGradients(network)
    }

    /// A blind network, on images in [0, 1]. `config` says whether it is in training mode.
    func blind() throws -> [ReferenceComparison] {
        let stored = try CheckpointConfiguration(file)
        let network = try load(stored.network)
        let (clean, noise, sigma) = (try doubles("clean"), try doubles("noise"), try doubles("sigma"))
        // From [0, 1] to [−1, 1], pixels and noise scale by 2.
        let result = DenoisingObjective(network: network, preconditioning: stored.preconditioning).evaluate(
            clean: clean.map { 2 * $0 - 1 }, noise: noise, sigma: sigma.map { 2 * $0 },
            training: stored.trainingMode, details: true)
        // The stored gradient is taken with the noise held fixed, ours with the clean image held fixed.
        let size = stored.network.imageShape.count
        let inputGradient = result.inputGradient.indices.map { i in
            let residual = result.networkOutput[i] - sigma[i / size] * noise[i]
            return 2 * result.inputGradient[i] + 2 * residual / Double(sigma.count)
        }
        var after = SafetensorsFile()
        network.store(in: &after, prefix: "after/")
        return try [
            compare("residual", result.networkOutput), compare("loss", [result.loss]),
            compare("input_gradient", inputGradient),
        ] + compareGradients(network) + compare(after)
    }
}
