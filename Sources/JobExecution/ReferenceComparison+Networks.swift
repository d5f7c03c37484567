import Diffusion
import ScoreNetworks
import Tensors

/// Outputs and gradients.
extension ReferenceComparison {
    static func network(_ file: SafetensorsFile) throws -> [Self] {
        let stored = try CheckpointConfiguration(file)
        let network = try Network<Float>(stored.network, training: true)
        try network.load(file, prefix: "param/")
        func doubles(_ tensor: String) throws -> [Double] { try file.tensor(tensor, as: Double.self).values }
        let result = DenoisingObjective(network: network, preconditioning: stored.preconditioning).evaluate(
            clean: try doubles("clean"), noise: try doubles("noise"), sigma: try doubles("sigma"),
            labels: file.contains("augment_labels") ? try doubles("augment_labels") : nil, details: true)
        var comparisons = [
            try Self("network_output", result.networkOutput, file, 1e-5),
            try Self("denoised", result.denoised, file, 1e-5), try Self("loss", [result.loss], file, 1e-5),
            try Self("input_gradient", result.inputGradient, file, 1e-5),
        ]
        for (parameter, gradient) in network.gradients() {
            comparisons.append(try Self("grad/\(parameter)", gradient.values.map { Double($0) }, file, 1e-4))
        }
        return comparisons
    }

    /// A blind network, on images in [0, 1]; its training mode is told by `config`.
    static func blind(_ file: SafetensorsFile) throws -> [Self] {
        let stored = try CheckpointConfiguration(file)
        let network = try Network<Float>(stored.network, training: true)
        try network.load(file, prefix: "param/")
        func doubles(_ tensor: String) throws -> [Double] { try file.tensor(tensor, as: Double.self).values }
        let (clean, noise, sigma) = (try doubles("clean"), try doubles("noise"), try doubles("sigma"))
        // [0, 1] to [−1, 1]: pixels and noise scale by 2.
        let result = DenoisingObjective(network: network, preconditioning: stored.preconditioning).evaluate(
            clean: clean.map { 2 * $0 - 1 }, noise: noise, sigma: sigma.map { 2 * $0 },
            training: stored.trainingMode, details: true)
        // The stored gradient holds the noise fixed, ours the clean image: then D − y = x − y − F changes by x too.
        let size = stored.network.imageShape.count
        let inputGradient = result.inputGradient.indices.map { i in
            let residual = result.networkOutput[i] - sigma[i / size] * noise[i]
            return 2 * result.inputGradient[i] + 2 * residual / Double(sigma.count)
        }
        var comparisons = [
            try Self("residual", result.networkOutput, file, 1e-5), try Self("loss", [result.loss], file, 1e-5),
            try Self("input_gradient", inputGradient, file, 1e-5),
        ]
        for (parameter, gradient) in network.gradients() {
            comparisons.append(try Self("grad/\(parameter)", gradient.values.map { Double($0) }, file, 1e-4))
        }
        var after = SafetensorsFile()
        network.store(in: &after, prefix: "after/")
        return comparisons
            + (try after.names.filter(file.contains).map {
                try Self($0, try after.tensor($0, as: Double.self).values, file, 1e-5)
            })
    }
}
