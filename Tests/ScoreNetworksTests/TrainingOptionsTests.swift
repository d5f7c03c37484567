import Diffusion
import Tensors
import Testing

@testable import ScoreNetworks

/// Every architecture with every way to train it.
@Suite(.serialized)
struct TrainingOptionsTests {
    struct Option: Sendable, CustomTestStringConvertible {
        var name: String
        var network: NetworkConfiguration
        var settings: TrainingSettings
        var testDescription: String { "\(network.architecture), \(name)" }
    }

    private static func unet(_ architecture: UNetArchitecture, augmented: Bool = false) -> NetworkConfiguration {
        .unet(
            UNetConfiguration(
                architecture: architecture, modelChannels: 4, resolution: 8, imageChannels: 1, multipliers: [1, 2],
                blocks: 1, attentionResolutions: [4], dropout: 0.1, augmentLabels: augmented ? 9 : 0))
    }

    private static let blind: [NetworkConfiguration] = [
        .unet(blocks: 1), .cnn(layers: 4, linearFirstLayer: true, receptiveField: nil),
    ].map { .blind(BlindConfiguration(kind: $0, kernels: 3, resolution: 8)) }

    private static let linear = NetworkConfiguration.linear(ImageShape(channels: 1, height: 8, width: 8))

    /// Settings by which rates and levels change along the few steps of these tests.
    private static func settings(_ change: (inout TrainingSettings) -> Void = { _ in }) -> TrainingSettings {
        var settings = TrainingSettings(batch: 5, warmupImages: 12, halvingImages: 9, flip: true, seed: 2)
        change(&settings)
        return settings
    }

    static let options: [Option] = {
        var options: [Option] = []
        func add(_ name: String, _ network: NetworkConfiguration, _ change: (inout TrainingSettings) -> Void) {
            options.append(Option(name: name, network: network, settings: settings(change)))
        }
        for architecture in UNetArchitecture.allCases {
            add("edm", unet(architecture)) { _ in }
            add("augmented", unet(architecture, augmented: true)) { $0.augment = 0.5 }
            add("fresh gaps", unet(architecture)) { $0.objective = .freshGap }
            add("bank", unet(architecture)) { $0.objective = .bank(copies: 2) }
            add("fixed noises", unet(architecture)) { $0.objective = .fixedNoises(perImage: 2) }
            add("sgd", unet(architecture)) { ($0.optimiser, $0.learningRate) = (.sgd(momentum: 0.9), 1e-4) }
        }
        add("vp", unet(.ddpmpp)) { ($0.preconditioning, $0.noise) = (.vp, .variancePreserving) }
        add("ve", unet(.ncsnpp)) { ($0.preconditioning, $0.noise) = (.ve, .logUniform()) }
        add("none", unet(.adm)) { ($0.preconditioning, $0.noise) = (.none, .fixed(0.5)) }
        add("u squared", unet(.ddpmpp)) { $0.noise = .uSquared }
        for network in blind + blind {
            add("u squared", network) { ($0.preconditioning, $0.noise) = (.blind, .uSquared) }
        }
        add("bank", blind[0]) { ($0.preconditioning, $0.objective) = (.blind, .bank(copies: 1)) }
        add("sgd", blind[0]) {
            ($0.preconditioning, $0.noise, $0.weightDecay) = (.blind, .uSquared, 0.1)
            ($0.optimiser, $0.learningRate) = (.sgd(momentum: 0), 1e-3)
        }
        add("edm", linear) { _ in }
        add("weight decay", linear) { $0.weightDecay = 20 }
        add("none", linear) { ($0.preconditioning, $0.noise) = (.none, .fixed(2)) }
        add("fresh gaps", linear) { ($0.preconditioning, $0.objective) = (.vp, .freshGap) }
        return options
    }()

    private func pixels(_ images: Int) -> [UInt8] {
        let random = CounterRandom(seed: 1, purpose: .generator)
        return (0..<images * 64).map { UInt8(random.integer(UInt64($0), below: 256)) }
    }

    private func start(_ option: Option, images: Int = 3) throws -> TrainingRun {
        try TrainingRun(configuration: option.network, settings: option.settings, images: pixels(images))
    }

    /// Cut at every step, the training ends with the same bytes.
    @Test(arguments: options) func goesOnFromEveryStep(option: Option) throws {
        let steps = 4
        let whole = try start(option)
        var states = [whole.state()]
        for _ in 0..<steps {
            _ = try whole.step()
            states.append(whole.state())
        }
        #expect(Set(states).count == steps + 1)
        for cut in 0..<steps {
            let resumed = try TrainingRun(
                restoring: states[cut], name: "state", configuration: option.network, settings: option.settings,
                images: pixels(3))
            for _ in cut..<steps { _ = try resumed.step() }
            #expect(resumed.state() == states[steps], "cut after \(cut)")
            #expect(resumed.weights() == whole.weights())
        }
    }

    @Test(arguments: options) func isMeasuredAsItWasTrained(option: Option) throws {
        let run = try start(option)
        for _ in 0..<2 { _ = try run.step() }
        let denoiser = try NetworkDenoiser(weights: run.weights(), name: "weights")
        #expect(denoiser.configuration == option.network)
        #expect(denoiser.preconditioning == option.settings.preconditioning)
        let x = Latents.draw(seed: 4, count: 3, shape: denoiser.imageShape)
        let sigma = [0.1, 0.5, 1]
        let denoised = denoiser.denoise(x, sigma: sigma)
        #expect(denoised.values.allSatisfy { $0.isFinite })
        let alone = Tensor(shape: [1, 1, 8, 8], values: Array(x[row: 1]))
        #expect(denoiser.denoise(alone, sigma: [0.5]).values == Array(denoised[row: 1]))
    }

    @Test(arguments: options) func oneImageAndALargerBatchDo(option: Option) throws {
        var option = option
        option.settings.batch = 19
        let run = try start(option, images: 1)
        for _ in 0..<2 { #expect(try run.step().isFinite) }
        #expect(run.imagesSeen == 38)
    }

    @Test(arguments: options) func everyVariantTrainsToTheSameBits(option: Option) throws {
        let selected = NumericThread.variant
        defer { NumericThread.select(selected) }
        var states: Set<[UInt8]> = []
        for variant in NumericThread.Variant.allCases where NumericThread.supports(variant) {
            NumericThread.select(variant)
            let run = try start(option)
            for _ in 0..<2 { _ = try run.step() }
            states.insert(run.state())
        }
        #expect(states.count == 1)
    }

    /// Network B's loss follows its formula: images and noise levels are in [0, 1], and the network's output is compared
    /// with σn.
    @Test func blindNetworksEstimateTheNoiseOfImagesInUnits() throws {
        let network = try Network<Double>(Self.blind[0], for: .training)
        network.initialise(seed: 1, sub: 0)
        let objective = DenoisingObjective(network: network, preconditioning: .blind)
        let random = CounterRandom(seed: 3, purpose: .generator)
        let clean = random.normals(from: 0, count: 128).map { 0.3 * $0 }
        let noise = random.normals(from: 1 << 40, count: 128)
        let sigma = [0.4, 1.6]
        let found = objective.evaluate(clean: clean, noise: noise, sigma: sigma, details: true)
        var loss = 0.0
        for index in clean.indices {
            let residual = found.networkOutput[index] - sigma[index / 64] / 2 * noise[index]
            loss += residual * residual / 2
            // The denoised image in [−1, 1] is the noisy one in [0, 1], less the estimate, brought back.
            let noisy = (clean[index] + sigma[index / 64] * noise[index] + 1) / 2
            #expect(abs((noisy - found.networkOutput[index]) * 2 - 1 - found.denoised[index]) < 1e-12)
        }
        #expect(abs(found.loss - loss) < 1e-12 * loss)
    }

    @Test func refusesWhatDoesNotGoTogether() throws {
        func complaint(_ network: NetworkConfiguration, _ change: (inout TrainingSettings) -> Void) -> String? {
            let error = #expect(throws: TrainingError.self) {
                try TrainingRun(configuration: network, settings: Self.settings(change), images: pixels(1))
            }
            return error.map { "\($0)" }
        }
        #expect(complaint(Self.unet(.adm)) { $0.preconditioning = .blind }?.contains("blind") == true)
        #expect(complaint(Self.blind[0]) { _ in }?.contains("blind") == true)
        #expect(complaint(Self.unet(.ddpmpp)) { $0.augment = 0.1 }?.contains("labels") == true)
        #expect(complaint(Self.unet(.ddpmpp, augmented: true)) { _ in }?.contains("labels") == true)
        #expect(complaint(Self.linear) { $0.augment = 0.1 }?.contains("labels") == true)
        let banked = complaint(Self.unet(.ddpmpp, augmented: true)) {
            ($0.augment, $0.objective) = (1, .bank(copies: 1))
        }
        #expect(banked?.contains("bank") == true)
        #expect(complaint(Self.linear) { $0.objective = .bank(copies: 0) }?.contains("copies") == true)
        #expect(complaint(Self.linear) { ($0.objective, $0.noise) = (.bank(copies: 1), .fixed(0.003)) } != nil)
        #expect(complaint(Self.linear) { $0.noise = .fixed(0) }?.contains("above 0") == true)
        #expect(complaint(Self.linear) { $0.optimiser = .sgd(momentum: 1) }?.contains("momentum") == true)
        #expect(complaint(Self.linear) { $0.weightDecay = 1001 }?.contains("decay") == true)
        #expect(complaint(Self.linear) { $0.objective = .fixedNoises(perImage: 0) }?.contains("noises") == true)
        let fixed = complaint(Self.unet(.ddpmpp, augmented: true)) {
            ($0.augment, $0.objective) = (1, .fixedNoises(perImage: 1))
        }
        #expect(fixed?.contains("no end") == true)
    }
}
