import Diffusion
import ScoreNetworks
import Tensors

/// Agreement with one tensor of a reference file.
struct ReferenceComparison {
    var tensor: String
    /// The largest difference over the tensor's largest magnitude.
    var error: Double
    var tolerance: Double
    var agrees: Bool { error <= tolerance }

    /// Compares everything in `file` that this program can compute: a network's outputs and gradients, training steps, or
    /// samples. Throws SafetensorsError for a file of another kind.
    static func all(in file: SafetensorsFile) throws -> [ReferenceComparison] {
        if file.contains("residual") { return try blind(file) }
        let denoiser = try NetworkDenoiser(file, prefix: "param/")
        if file.contains("latents") { return try samples(file, denoiser) }
        if file.contains("ema_beta") { return try training(file, denoiser) }
        if file.contains("denoised") { return try network(file) }
        throw file.error(nil, "has neither denoised images, training steps nor samples to compare with")
    }

    private init(_ tensor: String, _ values: [Double], _ file: SafetensorsFile, _ tolerance: Double) throws {
        var expected = try file.tensor(tensor, as: Double.self).values
        var values = values
        guard values.count == expected.count else {
            throw file.error(tensor, "has \(expected.count) values, computed here were \(values.count)")
        }
        if tensor.hasSuffix("qkv.bias") {
            // The key entries' gradient is zero in exact arithmetic: what they hold is rounding noise.
            for key in stride(from: 1, to: expected.count, by: 3) { (values[key], expected[key]) = (0, 0) }
        }
        var largest = 0.0
        var difference = 0.0
        for (value, reference) in zip(values, expected) {
            largest = max(largest, abs(reference))
            // Not a number counts as infinitely far, whichever side it is on.
            difference = value.isFinite && reference.isFinite ? max(difference, abs(value - reference)) : .infinity
            if difference == .infinity { break }
        }
        self.tensor = tensor
        self.tolerance = tolerance
        error = largest > 0 ? difference / largest : difference
    }

    private static func samples(_ file: SafetensorsFile, _ denoiser: NetworkDenoiser) throws -> [Self] {
        let latents: Tensor<Float> = try file.tensor("latents")
        let samplers: [(String, ProbabilityFlowSampler.Method, Int)] = [("heun18", .heun, 18), ("euler10", .euler, 10)]
        return try samplers.filter { file.contains($0.0) }.map { tensor, method, steps in
            let sampler = ProbabilityFlowSampler(method: method, schedule: EDMSchedule(steps: steps))
            return try Self(tensor, sampler.sample(denoiser, latents: latents).values.map { Double($0) }, file, 1e-5)
        }
    }

    private static func network(_ file: SafetensorsFile) throws -> [Self] {
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
    private static func blind(_ file: SafetensorsFile) throws -> [Self] {
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

    private static func training(_ file: SafetensorsFile, _ denoiser: NetworkDenoiser) throws -> [Self] {
        guard !file.contains("learning_rate") else {
            throw file.error("learning_rate", "stands for a warm-up whose length the file does not say")
        }
        let network = try Network<Float>(denoiser.configuration, training: true)
        try network.load(file, prefix: "param/")
        let trainer = Trainer(
            network: network, preconditioning: denoiser.preconditioning,
            learningRate: LearningRateSchedule(rate: 1e-3), ema: EMASchedule())
        let sigma = try file.tensor("sigma", as: Double.self)
        let clean = try file.tensor("clean", as: Double.self)
        let noise = try file.tensor("noise", as: Double.self)
        var losses: [Double] = []
        for step in 0..<sigma.shape[0] {
            losses.append(
                try trainer.step(
                    clean: Array(clean[row: step]), noise: Array(noise[row: step]), sigma: Array(sigma[row: step])))
        }
        var after = SafetensorsFile()
        network.store(in: &after, prefix: "final/")
        trainer.storeAverage(in: &after, prefix: "ema/")
        return [try Self("loss", losses, file, 1e-5)]
            + (try after.names.filter { file.contains($0) }.map {
                try Self($0, try after.tensor($0, as: Double.self).values, file, 1e-5)
            })
    }
}
