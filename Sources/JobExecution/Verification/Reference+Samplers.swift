import Diffusion
import ScoreNetworks
import Tensors

/// Compares samples from stored latents and noise.
extension Reference {
    func samples() throws -> [ReferenceComparison] {
        let denoiser = try NetworkDenoiser(file, prefix: "param/", on: single())
        let settings = try ReferenceSettings(file)
        let latents: Tensor<Float> = try file.tensor("latents")
        var found: [ReferenceComparison] = []
        for name in file.names {
            guard let (method, steps) = method(name) else { continue }
            let schedule = EDMSchedule(
                steps: steps, sigmaMin: settings.sigma_min ?? 0.002, sigmaMax: settings.sigma_max ?? 80,
                rho: settings.rho ?? 7)
            var sampler = ProbabilityFlowSampler(method: method, schedule: schedule)
            var noise = SamplerNoise.drawn(seed: 0)
            if name.hasSuffix("_churn") {
                sampler.churn = .init(
                    amount: settings.S_churn ?? 0, levels: (settings.S_min ?? 0)...(settings.S_max ?? .infinity),
                    noise: settings.S_noise ?? 1)
                noise = .given(try noises(steps: steps))
            }
            let images = sampler.sample(denoiser, latents: latents, noise: noise)
            found.append(try compare(name, images.values.map { Double($0) }))
            if file.contains("sigmas\(steps)") {
                found.append(try compare("sigmas\(steps)", schedule.sigmas))
            }
        }
        guard !found.isEmpty else {
            throw file.error(nil, "has latents but no samples of a known name, such as heun18, euler10 or heun18_churn")
        }
        return found
    }

    /// The method and steps of a tensor's name: "heun18" is Heun's method with 18 steps.
    private func method(_ name: String) -> (ProbabilityFlowSampler.Method, Int)? {
        let stem = name.hasSuffix("_churn") ? String(name.dropLast("_churn".count)) : name
        for method in ProbabilityFlowSampler.Method.allCases where stem.hasPrefix(method.rawValue) {
            guard let steps = Int(stem.dropFirst(method.rawValue.count)), (1...10_000).contains(steps) else { continue }
            return (method, steps)
        }
        return nil
    }

    private func noises(steps: Int) throws -> [[Double]] {
        let noises = try file.tensor("noises", as: Double.self)
        guard noises.shape.first == steps else {
            throw file.error("noises", "has noise for \(noises.shape.first ?? 0) steps, expected \(steps)")
        }
        return (0..<steps).map { Array(noises[row: $0]) }
    }

    /// The sampler of blind networks, with both rules for its steps. The file's images are in [0, 1].
    func blindSamples() throws -> [ReferenceComparison] {
        let denoiser = try NetworkDenoiser(file, prefix: "param/", on: single())
        let settings = try ReferenceSettings(file)
        let start = try file.tensor("start", as: Double.self)
        let steps = settings.steps ?? 50
        let noise = SamplerNoise.given(try noises(steps: steps))
        let scaled = Tensor<Float>(shape: start.shape, values: start.values.map { Float(2 * $0 - 1) })
        var found: [ReferenceComparison] = []
        for (name, rule) in [("fixed", BlindSampler.Step.fixed), ("growing", .growing)] {
            let sampler = BlindSampler(
                firstStep: settings.h0 ?? 0.01, beta: settings.beta ?? 0.1, step: rule, finalSigma: 0,
                largestSigma: .infinity, steps: steps)
            let result = sampler.sample(denoiser, start: scaled, noise: noise)
            let values: [(String, [Double])] = [
                ("after_\(steps)", result.state.map { ($0 + 1) / 2 }),
                ("denoised", result.denoised.values.map { (Double($0) + 1) / 2 }),
                ("sigma", result.sigmas.flatMap { $0 }.map { $0 / 2 }),
            ]
            for (tensor, value) in values where file.contains("\(name)/\(tensor)") {
                found.append(try compare("\(name)/\(tensor)", value))
            }
        }
        return found
    }
}
