import ArgumentParser
import Diffusion

/// The options for a sampler and its settings. A setting left out has the sampler's default; a setting that the sampler
/// does not have is refused.
struct SamplerOptions: ParsableArguments {
    enum Name: String, CaseIterable, ExpressibleByArgument {
        case heun
        case euler
        case ddim
        case ddpm
        case gradientEstimation = "gradient-estimation"
        case blind
    }

    @Option(
        help: """
            heun or euler (Karras et al. 2022, algorithms 1 and 2), ddim, ddpm or gradient-estimation (Permenter & Yuan \
            2024), or blind (Kadkhodaie & Simoncelli 2021), which blind networks need and others cannot use \
            (default: heun, or blind).
            """)
    var sampler: Name?

    @Option(
        help: """
            Noise levels above 0 (default: heun 18, euler and gradient-estimation 10, ddim and ddpm 50); of blind, the \
            most steps (default: 2000).
            """)
    var steps: Int?

    @Option(
        help: """
            The first noise level, in pixels of [-1, 1] (default: heun and euler 80, ddim and ddpm 157, \
            gradient-estimation 40, blind 2). Levels keep within what the network is trained for.
            """)
    var sigmaMax: Double?

    @Option(help: "The last noise level above 0 (default: 0.002); blind ends below it (default: 0.02).")
    var sigmaMin: Double?

    @Option(help: "heun, euler: S_churn, the noise that is added again (default: 0).")
    var churn: Double?

    @Option(help: "heun, euler: S_min, the least noise level that is churned (default: 0).")
    var churnMin: Double?

    @Option(help: "heun, euler: S_max, the largest noise level that is churned (default: all).")
    var churnMax: Double?

    @Option(help: "heun, euler: S_noise, the standard deviation of the churned noise (default: 1).")
    var churnNoise: Double?

    @Option(help: "gradient-estimation: how much the last estimate counts (default: 2).")
    var gamma: Double?

    @Option(help: "blind: h0, the first step (default: 0.01).")
    var firstStep: Double?

    @Option(help: "blind: beta, the share of noise that is not added again (default: 0.1).")
    var beta: Double?

    @Flag(help: "blind: steps of h0 instead of growing ones.")
    var fixedSteps = false

    func validate() throws {
        func require(_ fine: Bool, _ problem: String) throws { if !fine { throw ValidationError(problem) } }
        func inside(_ value: Double?, _ range: ClosedRange<Double>) -> Bool { value.map(range.contains) ?? true }
        try require((1...100_000).contains(steps ?? 1), "--steps must be 1 to 100000")
        try require(inside(sigmaMax, 1e-6...1e6), "--sigma-max must be a noise level from 1e-6 to 1e6")
        try require(inside(sigmaMin, 1e-6...1e6), "--sigma-min must be a noise level from 1e-6 to 1e6")
        try require(inside(churn, 0...1e6), "--churn must be at least 0")
        try require(
            inside(churnMin, 0...1e6) && inside(churnMax, 0...1e6), "--churn-min and --churn-max are noise levels")
        try require((churnMin ?? 0) <= churnMax ?? .infinity, "--churn-min is above --churn-max")
        try require(inside(churnNoise, 0...100), "--churn-noise must be 0 to 100")
        try require(inside(gamma, -100...100), "--gamma must be -100 to 100")
        try require(inside(firstStep, 1e-6...1), "--first-step must be above 0 and at most 1")
        try require(inside(beta, 0...1), "--beta must be 0 to 1")
    }

    /// The sampler for a denoiser. Throws ValidationError where the sampler is not for that kind of network, does not have
    /// one of the settings given, or has no noise levels in common with the network.
    func sampling(for denoiser: any Denoiser) throws -> Sampling {
        let name = sampler ?? (denoiser.isBlind ? .blind : .heun)
        guard denoiser.isBlind == (name == .blind) else {
            throw ValidationError(
                denoiser.isBlind
                    ? "--sampler \(name.rawValue): the network is blind, it sees no noise level; use --sampler blind"
                    : "--sampler blind: the network is told the noise level; blind is for networks that see it themselves"
            )
        }
        try refuseForeignSettings(of: name)
        switch name {
        case .heun, .euler:
            let range = try levels(from: 80, of: denoiser)
            let schedule = EDMSchedule(
                steps: steps ?? (name == .heun ? 18 : 10), sigmaMin: range.lowerBound, sigmaMax: range.upperBound)
            let churn = ProbabilityFlowSampler.Churn(
                amount: churn ?? 0, levels: (churnMin ?? 0)...(churnMax ?? .infinity), noise: churnNoise ?? 1)
            return .flow(
                ProbabilityFlowSampler(method: name == .heun ? .heun : .euler, schedule: schedule, churn: churn))
        case .ddim, .ddpm:
            let sigmas = try logLinear(from: 157, steps: 50, denoiser)
            return .estimation(GradientEstimationSampler(gamma: 1, mu: name == .ddpm ? 0.5 : 0, sigmas: sigmas))
        case .gradientEstimation:
            let sigmas = try logLinear(from: 40, steps: 10, denoiser)
            return .estimation(GradientEstimationSampler(gamma: gamma ?? 2, sigmas: sigmas))
        case .blind:
            let sampler = BlindSampler(
                startSigma: sigmaMax ?? 2, firstStep: firstStep ?? 0.01, beta: beta ?? 0.1,
                step: fixedSteps ? .fixed : .growing,
                finalSigma: sigmaMin ?? 0.02, steps: steps ?? 2000)
            return .blind(sampler)
        }
    }

    private func refuseForeignSettings(of name: Name) throws {
        let isFlow = name == .heun || name == .euler
        let settings: [(String, isGiven: Bool, isKnown: Bool)] = [
            ("--churn", churn != nil, isFlow), ("--churn-min", churnMin != nil, isFlow),
            ("--churn-max", churnMax != nil, isFlow), ("--churn-noise", churnNoise != nil, isFlow),
            ("--gamma", gamma != nil, name == .gradientEstimation), ("--first-step", firstStep != nil, name == .blind),
            ("--beta", beta != nil, name == .blind), ("--fixed-steps", fixedSteps, name == .blind),
        ]
        for (setting, isGiven, isKnown) in settings where isGiven && !isKnown {
            throw ValidationError("\(setting): the sampler \(name.rawValue) has no such setting")
        }
    }

    private func logLinear(from start: Double, steps: Int, _ denoiser: any Denoiser) throws -> [Double] {
        let range = try levels(from: start, of: denoiser)
        return GradientEstimationSampler.logLinear(
            steps: self.steps ?? steps, start: range.upperBound, end: range.lowerBound)
    }

    private func levels(from start: Double, of denoiser: any Denoiser) throws -> ClosedRange<Double> {
        let known = denoiser.levels
        let lower = max(sigmaMin ?? 0.002, known.lowerBound)
        let upper = min(sigmaMax ?? start, known.upperBound)
        guard lower < upper else {
            throw ValidationError(
                "there are no noise levels from --sigma-min \(sigmaMin ?? 0.002) to --sigma-max \(sigmaMax ?? start) "
                    + "within those of the network, \(known.lowerBound) to \(known.upperBound)")
        }
        return lower...upper
    }
}
