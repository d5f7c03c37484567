import Diffusion
import Tensors
import Testing

@testable import ScoreNetworks

/// Compares backward passes with central differences of the loss in float64: every layer kind of the network, through every
/// parameter tensor and the input.
struct GradientTests {
    /// A network with three levels, attention, both resamplings, concatenations, 1×1 skips and augmentation labels.
    private static func unet(_ architecture: UNetArchitecture, dropout: Double = 0) -> NetworkConfiguration {
        .unet(
            UNetConfiguration(
                architecture: architecture, modelChannels: 4, resolution: 8, imageChannels: 2, multipliers: [1, 2, 2],
                blocks: 1, attentionResolutions: [4], dropout: dropout, augmentLabels: 9))
    }

    private static func blind(_ kind: BlindConfiguration.Kind, kernels: Int = 3) -> NetworkConfiguration {
        .blind(BlindConfiguration(kind: kind, kernels: kernels, resolution: 8, imageChannels: 2))
    }

    static let networks =
        [
            unet(.ddpmpp), unet(.ddpmpp, dropout: 0.3), unet(.ncsnpp), unet(.adm),
            .linear(ImageShape(channels: 2, height: 8, width: 8)),
        ]
        + [
            blind(.unet(blocks: 2)), blind(.cnn(layers: 5, linearFirstLayer: false, receptiveField: nil)),
            blind(.cnn(layers: 8, linearFirstLayer: true, receptiveField: 5)),
        ]

    @Test func everyArchitectureIsAmongThem() {
        #expect(Set(Self.networks.map(\.architecture)) == Set(NetworkConfiguration.architectures))
    }

    /// A network with too many packed weights to be kept.
    private static let wide = blind(.cnn(layers: 3, linearFirstLayer: false, receptiveField: nil), kernels: 256)

    private struct Problem {
        let network: Network<Double>
        let objective: DenoisingObjective<Double>
        var clean: [Double]
        var noise: [Double]
        let sigma: [Double]
        let labels: [Double]
        /// Gaps, for the objectives that have them.
        var gaps: [Double]?
        /// Dropout that drops the same elements in every evaluation.
        var dropout: Dropout?

        init(
            _ configuration: NetworkConfiguration, images: Int, _ preconditioning: Preconditioning = .edm(),
            gapShare: Double? = nil
        ) throws {
            network = try Network<Double>(configuration, for: .training)
            let random = CounterRandom(seed: 3, purpose: .generator)
            var file = SafetensorsFile()
            // In the published start the second convolutions are nearly zero, and gradients behind them vanish.
            for (number, (name, shape)) in try configuration.parameterShapes().enumerated() {
                let count = shape.reduce(1, *)
                let width = 0.7 / Double(max(count / max(shape[0], 1), 1)).squareRoot()
                let offset = name.contains("norm") && name.hasSuffix("weight") ? 1.0 : 0
                let values = random.normals(from: UInt64(number) << 32, count: count).map { offset + width * $0 }
                file.set(name, Tensor(shape: shape, values: values))
            }
            // Parameters that are not trained start as usual.
            network.initialise(seed: 1, sub: 0)
            network.storeUntrained(in: &file, prefix: "")
            try network.load(file, prefix: "")
            let isBlind = configuration.isBlind
            objective = DenoisingObjective(network: network, preconditioning: isBlind ? .blind : preconditioning)
            let size = configuration.imageShape.count
            clean = random.normals(from: 1 << 60, count: images * size).map { 0.5 * $0 }
            noise = random.normals(from: 2 << 60, count: images * size)
            sigma = (0..<images).map { 0.1 * Elementary.pow(1.3, Double($0)) }
            labels = random.normals(from: 3 << 60, count: images * configuration.augmentLabels)
            if let gapShare { gaps = sigma.map { gapShare * $0 } }
        }

        func evaluate(details: Bool = false) -> DenoisingObjective<Double>.Evaluation {
            objective.evaluate(
                TrainingBatch(
                    clean: clean, noise: noise, sigma: sigma, gaps: gaps, labels: labels.isEmpty ? nil : labels),
                dropout: dropout, details: details)
        }
    }

    @Test(arguments: networks + [wide]) func parametersOfEveryLayer(configuration: NetworkConfiguration) throws {
        var problem = try Problem(configuration, images: 2)
        let share = configuration.dropout
        let whole = problem.evaluate().loss
        if share > 0 { problem.dropout = Dropout(share: share, seed: 5, sub: 0, firstImage: 3) }
        #expect((problem.evaluate().loss == whole) == (share == 0))
        checkParameters(of: problem)
    }

    private static let preconditionings: [Preconditioning] = [.edm(sigmaData: 0.7), .vp, .ve, .none]

    @Test(arguments: preconditionings) func parametersInEveryPreconditioning(preconditioning: Preconditioning) throws {
        checkParameters(of: try Problem(Self.unet(.ddpmpp), images: 2, preconditioning))
    }

    /// The loss with gaps, with every preconditioning.
    @Test(arguments: [unet(.ddpmpp), blind(.unet(blocks: 2))], preconditionings)
    func parametersWithGaps(configuration: NetworkConfiguration, preconditioning: Preconditioning) throws {
        checkParameters(of: try Problem(configuration, images: 2, preconditioning, gapShare: 0.6))
    }

    private func checkParameters(of problem: Problem) {
        _ = problem.evaluate()
        let gradients = problem.network.gradients()
        for (spec, (name, gradient)) in zip(problem.network.plan.parameters, gradients) {
            #expect(spec.name == name)
            let largest = gradient.values.map { abs($0) }.max() ?? 0
            for index in Set([0, gradient.values.count / 2]) {
                let place = problem.network.workspace.parameters + spec.offset + index
                let original = place.pointee
                func loss(_ step: Double) -> Double {
                    place.pointee = original + step
                    problem.network.parametersChanged()
                    return problem.evaluate().loss
                }
                let step = 1e-5
                let slope = (loss(step) - loss(-step)) / (2 * step)
                place.pointee = original
                let error = abs(slope - gradient.values[index])
                #expect(error <= 1e-6 * max(largest, 1), "\(name)[\(index)]: \(gradient.values[index]) for \(slope)")
            }
        }
        problem.network.parametersChanged()
    }

    @Test(arguments: networks + [wide]) func inputs(configuration: NetworkConfiguration) throws {
        var problem = try Problem(configuration, images: 2)
        let gradient = problem.evaluate(details: true).inputGradient
        let largest = gradient.map { abs($0) }.max() ?? 0
        for index in stride(from: 0, to: gradient.count, by: 37) {
            // x = y + σn moves with n, while the target y stays.
            let sigma = problem.sigma[index / configuration.imageShape.count]
            let original = problem.noise[index]
            let step = 1e-5
            problem.noise[index] = original + step / sigma
            let above = problem.evaluate().loss
            problem.noise[index] = original - step / sigma
            let below = problem.evaluate().loss
            problem.noise[index] = original
            let slope = (above - below) / (2 * step)
            #expect(
                abs(slope - gradient[index]) <= 1e-6 * max(largest, 1), "[\(index)]: \(gradient[index]) for \(slope)")
        }
    }

    /// x moves with x_s, which the loss with gaps sees nowhere but in x. The loss is computed by its definition.
    @Test(arguments: preconditionings) func inputsWithGaps(preconditioning: Preconditioning) throws {
        var problem = try Problem(Self.unet(.ddpmpp), images: 2, preconditioning, gapShare: 0.6)
        let gaps = try #require(problem.gaps)
        let found = problem.evaluate(details: true)
        var loss = 0.0
        for index in problem.clean.indices {
            let image = index / 128
            let x = problem.clean[index] + gaps[image] * problem.noise[index]
            let score = (x - found.denoised[index]) * gaps[image] / (problem.sigma[image] * problem.sigma[image])
            loss += (score - problem.noise[index]) * (score - problem.noise[index]) / 2
        }
        #expect(abs(loss - found.loss) < 1e-11 * loss)
        let largest = found.inputGradient.map { abs($0) }.max() ?? 0
        for index in stride(from: 0, to: found.inputGradient.count, by: 37) {
            let original = problem.clean[index]
            func loss(_ step: Double) -> Double {
                problem.clean[index] = original + step
                return problem.evaluate().loss
            }
            let slope = (loss(1e-5) - loss(-1e-5)) / 2e-5
            problem.clean[index] = original
            #expect(abs(slope - found.inputGradient[index]) <= 1e-6 * max(largest, 1))
        }
    }

    /// A batch of 19 fills one group of lanes and a part of another. Its gradients are the mean of those of its images.
    @Test func groupsAddUp() throws {
        let configuration = Self.unet(.ddpmpp)
        var problem = try Problem(configuration, images: 19)
        _ = problem.evaluate()
        let whole = problem.network.gradients()
        var sums = whole.map { [Double](repeating: 0, count: $0.gradient.values.count) }
        let size = configuration.imageShape.count
        let (clean, noise) = (problem.clean, problem.noise)
        for image in 0..<19 {
            problem.clean = Array(clean[image * size..<(image + 1) * size])
            problem.noise = Array(noise[image * size..<(image + 1) * size])
            _ = problem.objective.evaluate(
                clean: problem.clean, noise: problem.noise, sigma: [problem.sigma[image]],
                labels: Array(problem.labels[image * 9..<(image + 1) * 9]))
            for (i, (_, gradient)) in problem.network.gradients().enumerated() {
                for k in sums[i].indices { sums[i][k] += gradient.values[k] / 19 }
            }
        }
        for (sum, (name, gradient)) in zip(sums, whole) where !name.hasSuffix("qkv.bias") {
            #expect(relativeError(sum, gradient.values) < 1e-11, "\(name)")
        }
    }
}
