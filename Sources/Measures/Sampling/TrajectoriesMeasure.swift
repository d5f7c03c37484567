import Diffusion
import JobContract
import Quantities
import Tensors

/// Where denoisers take the same latents along the probability flow (Li et al. 2024, section 3 and figures of samples).
///
/// The `sides` are denoisers of `distances`, without patches. Gaussian ones follow the closed form of their flow (eq. 7),
/// the others the sampler. `distilled` is fitted at every level of the schedule. `gaussian_sampled`, the control, is the
/// training images' Gaussian with the sampler, and shows the error of the sampler's steps. The schedule keeps to the levels
/// that the network is for; blind networks are told no level and follow the same flow.
///
/// For each two sides A, B in their order, and d pixels:
/// - `rmse_A_B` by sigma: E √(‖x_A − x_B‖²/d) of the states at the level;
/// - `final_rmse_A_B`: of the images; `final_cosine_A_B`: E of the cosine of the images less the mean of each.
///
/// Pictures: `final.png`, the first images of every side, a row each, and `path.png`, what each side makes of its first
/// state at every level. `trajectories.safetensors` holds the levels and all images by side.
package struct TrajectoriesMeasure: Measure {
    package static let entry = MeasureEntry.trajectories
    package static let parameters =
        [.samples(16, most: 100_000)] + LatentSampling.flow(.euler, least: 2, steps: 10) + [
            .of(
                ParameterDeclaration(
                    name: "sides", kind: .text,
                    choices: Side.allCases.filter { !Side.patches.contains($0) }.map(\.rawValue),
                    list: .init(least: 2), meaning: "the denoisers that are compared, in their order"),
                ["network", "gaussian", "gaussian_sampled", "multi_delta", "distilled"]),
            .inputs(when: ["sides": [Side.distilled.rawValue]]),
        ] + Draws.parameters

    typealias Side = ComparedDenoisers.Side

    let samples: Int
    let sampler: ProbabilityFlowSampler
    let draws: Draws
    let sides: [Side]
    let fitting: ComparedDenoisers.Fitting

    package init(parameters: [String: JSONValue]) throws {
        let reader = try ParameterReader(Self.self, parameters)
        samples = try reader.integer("samples")
        let method = try reader.choice("sampler", ProbabilityFlowSampler.Method.self)
        let steps = try reader.integer("steps")
        sampler = ProbabilityFlowSampler(method: method, schedule: EDMSchedule(steps: steps))
        draws = try Draws(reader)
        fitting = ComparedDenoisers.Fitting(inputs: try reader.integer("inputs"), draws: draws)
        sides = try reader.words("sides", Side.self).map { $0[0] }
    }

    package func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        try subject.requireSampler(for: Self.name)
        let schedule = sampler.schedule.clipped(to: subject.denoiser.levels)
        let sigmas = schedule.sigmas
        let total = sides.count * samples
        let compared = try ComparedDenoisers(subject, Set(sides), fitting) { try progress(0, total) }
        var byLevel: [Double: [Side: any Denoiser]] = [:]
        for sigma in sigmas.dropLast() {
            byLevel[sigma] = try compared.at(sigma, beat: { try progress(0, total) }).denoisers
        }
        let shape = subject.denoiser.imageShape
        let key = draws.key(of: subject)
        var paths: [SidePath] = []
        for side in sides {
            let denoiser = LevelwiseDenoiser(
                imageShape: shape, batch: subject.denoiser.batch, byLevel: byLevel.compactMapValues { $0[side] })
            var path = SidePath(side: side, shape: shape, denoiser: denoiser, levels: sigmas.count)
            for block in blocks(of: samples, by: denoiser.batch) {
                let beat = { try progress(paths.count * samples + block.lowerBound, total) }
                let latents = Latents.draw(
                    seed: key, first: block.lowerBound, count: block.count, shape: shape)
                path.add(try states(of: denoiser, side, latents, schedule, beat: beat))
            }
            paths.append(path)
        }
        let report = TrajectoriesReport(paths: paths, sigmas: sigmas)
        return MeasureResult(rows: report.rows, artifacts: try report.artifacts())
    }

    private func states(
        of denoiser: LevelwiseDenoiser, _ side: Side, _ latents: Tensor<Float>, _ schedule: EDMSchedule,
        beat: () throws -> Void
    ) throws -> [[Double]] {
        guard side != .network, side != .gaussian_sampled, let gaussian = denoiser.gaussian else {
            return try ProbabilityFlowSampler(method: sampler.method, schedule: schedule)
                .trajectory(denoiser, latents: latents, beat: beat)
        }
        let sigmas = schedule.sigmas
        var start = latents.rows(0..<latents.shape[0])
        for index in start.values.indices { start.values[index] *= sigmas[0] }
        return try sigmas.map { sigma in
            try beat()
            return try gaussian.flow(start, from: sigmas[0], to: sigma, beat: beat).values
        }
    }
}

/// One denoiser for each level of a schedule.
struct LevelwiseDenoiser: Denoiser {
    let imageShape: ImageShape
    let batch: Int
    let byLevel: [Double: any Denoiser]

    /// The denoiser, where it is a Gaussian one, which is the same at all levels.
    var gaussian: GaussianDenoiser? { byLevel.values.first as? GaussianDenoiser }

    /// Denoises images that are all at one level, which must be one of the schedule's.
    func denoise(_ x: Tensor<Float>, sigma: [Double]) -> Tensor<Float> {
        guard let level = sigma.first, let denoiser = byLevel[level] else { preconditionFailure("a level of no fit") }
        return denoiser.denoise(x, sigma: sigma)
    }
}

/// The states of one side, level by level.
struct SidePath {
    let side: ComparedDenoisers.Side
    let shape: ImageShape
    let denoiser: LevelwiseDenoiser
    /// [level][sample·pixel]; the states of the last level are the images.
    private(set) var states: [[Double]]

    init(side: ComparedDenoisers.Side, shape: ImageShape, denoiser: LevelwiseDenoiser, levels: Int) {
        (self.side, self.shape, self.denoiser) = (side, shape, denoiser)
        states = [[Double]](repeating: [], count: levels)
    }

    /// Adds the states of more samples.
    mutating func add(_ more: [[Double]]) {
        for level in states.indices { states[level] += more[level] }
    }

    /// The first `count` states at a level, as images.
    func images(_ level: Int, _ count: Int) -> Tensor<Float> {
        let size = shape.count
        let some = min(count, states[level].count / size)
        return Tensor(
            shape: [some, shape.channels, shape.height, shape.width],
            values: states[level].prefix(some * size).map { Float($0) })
    }
}
