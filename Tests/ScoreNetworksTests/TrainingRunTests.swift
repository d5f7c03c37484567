import Diffusion
import ScoreNetworks
import Tensors
import Testing

@Suite(.serialized)
struct TrainingRunTests {
    static let configuration = NetworkConfiguration.unet(network(dropout: 0))

    private static func network(dropout: Double) -> UNetConfiguration {
        UNetConfiguration(
            modelChannels: 4, resolution: 8, imageChannels: 1, multipliers: [1, 2], blocks: 1,
            attentionResolutions: [4], dropout: dropout)
    }

    private func pixels(_ images: Int, seed: UInt64 = 1) -> [UInt8] {
        let random = CounterRandom(seed: seed, purpose: .generator)
        return (0..<images * 64).map { UInt8(random.integer(UInt64($0), below: 256)) }
    }

    private func run(
        _ settings: TrainingSettings = TrainingSettings(batch: 5, flip: true), images: Int = 7, dropout: Double = 0
    ) throws -> TrainingRun {
        return try TrainingRun(
            configuration: .unet(Self.network(dropout: dropout)), settings: settings, images: pixels(images))
    }

    @Test(arguments: [0.0, 0.3]) func goesOnFromItsStateWithTheSameBits(dropout: Double) throws {
        let whole = try run(dropout: dropout)
        for _ in 0..<6 { _ = try whole.step() }
        let first = try run(dropout: dropout)
        for _ in 0..<3 { _ = try first.step() }
        let second = try TrainingRun(
            restoring: first.state(), name: "state", configuration: first.configuration, settings: first.settings,
            images: pixels(7))
        #expect(second.steps == 3 && second.imagesSeen == 15)
        for _ in 0..<3 { _ = try second.step() }
        #expect(second.state() == whole.state())
        #expect(second.weights() == whole.weights())
    }

    @Test func everyVariantTrainsToTheSameBits() throws {
        let selected = NumericThread.variant
        defer { NumericThread.select(selected) }
        var states: Set<[UInt8]> = []
        for variant in NumericThread.Variant.allCases where NumericThread.supports(variant) {
            NumericThread.select(variant)
            let training = try run(dropout: 0.1)
            for _ in 0..<2 { _ = try training.step() }
            states.insert(training.state())
        }
        #expect(states.count == 1)
    }

    @Test func seedAndPartChangeEverything() throws {
        let settings = [
            TrainingSettings(batch: 4), TrainingSettings(batch: 4, seed: 1),
            TrainingSettings(batch: 4, part: 1, parts: 2),
        ]
        let states = try settings.map { setting in
            let training = try run(setting)
            _ = try training.step()
            return training.state()
        }
        #expect(Set(states).count == 3)
    }

    @Test func batchesMayBeLargerThanTheData() throws {
        let training = try run(TrainingSettings(batch: 40), images: 1)
        for _ in 0..<2 { #expect(try training.step().isFinite) }
        #expect(training.imagesSeen == 80)
    }

    /// A network that sees one image learns it: the loss falls well below that of the start.
    @Test func learnsOneImage() throws {
        let training = try run(TrainingSettings(batch: 16, learningRate: 3e-3), images: 1)
        var losses: [Double] = []
        for _ in 0..<150 { losses.append(try training.step()) }
        let early = losses.prefix(20).reduce(0, +)
        let late = losses.suffix(20).reduce(0, +)
        #expect(late < 0.5 * early)
    }

    @Test func refusesUnfitSettingsAndImages() {
        #expect(throws: TrainingError.self) { try run(images: 0) }
        #expect(throws: TrainingError.self) { try run(TrainingSettings(batch: 0)) }
        #expect(throws: TrainingError.self) { try run(TrainingSettings(learningRate: .nan)) }
        #expect(throws: TrainingError.self) { try run(TrainingSettings(part: 2, parts: 2)) }
        #expect(throws: TrainingError.self) {
            try TrainingRun(configuration: Self.configuration, settings: TrainingSettings(), images: [1, 2, 3])
        }
    }

    @Test func divergenceStopsWithAnError() throws {
        let training = try run(TrainingSettings(batch: 4, learningRate: 1e36))
        #expect(throws: TrainingError.self) { for _ in 0..<10 { _ = try training.step() } }
    }

    @Test func refusesForeignStates() throws {
        let training = try run()
        _ = try training.step()
        var other = Self.network(dropout: 0)
        other.blocks = 2
        #expect(throws: SafetensorsError.self) {
            try TrainingRun(
                restoring: training.state(), name: "state", configuration: .unet(other), settings: training.settings,
                images: pixels(7))
        }
        #expect(throws: SafetensorsError.self) {
            try TrainingRun(
                restoring: training.weights(), name: "state", configuration: training.configuration,
                settings: training.settings, images: pixels(7))
        }
        #expect(throws: SafetensorsError.self) {
            try TrainingRun(
                restoring: training.state(), name: "state", configuration: training.configuration,
                settings: TrainingSettings(batch: 6, flip: true), images: pixels(7))
        }
    }

    @Test func anImageIsDenoisedAloneAsAmongOthers() throws {
        let training = try run()
        for _ in 0..<3 { _ = try training.step() }
        let denoiser = try NetworkDenoiser(weights: training.weights(), name: "weights")
        #expect(denoiser.configuration == training.configuration)
        let x = Latents.draw(seed: 4, count: 37, shape: denoiser.imageShape)
        let sigma = (0..<37).map { 0.002 * Elementary.pow(1.33, Double($0)) }
        let together = denoiser.denoise(x, sigma: sigma)
        for image in [0, 15, 16, 36] {
            let alone = Tensor(shape: [1, 1, 8, 8], values: Array(x[row: image]))
            #expect(denoiser.denoise(alone, sigma: [sigma[image]]).values == Array(together[row: image]))
        }
        #expect(
            Latents.draw(seed: 4, first: 20, count: 3, shape: denoiser.imageShape).values
                == Array(
                    x.values[20 * 64..<23 * 64]))
    }

    @Test func checkpointsThatDoNotFitAreRefusedByName() throws {
        let training = try run()
        let file = try SafetensorsFile(bytes: training.weights(), name: "w")
        let name = "model.enc.8x8_block0.conv0.weight"
        var broken = file
        broken.set(name, Tensor<Float>(shape: [4, 4, 3, 3], values: [Float](repeating: .nan, count: 144)))
        for (bad, tensor) in [(broken, name), (adding("stranger", to: file), "stranger")] {
            let error = #expect(throws: SafetensorsError.self) {
                try NetworkDenoiser(weights: bad.serialized(), name: "w")
            }
            #expect(error?.tensor == tensor)
        }
        var silent = file
        silent.metadata = [:]
        #expect(throws: SafetensorsError.self) { try NetworkDenoiser(weights: silent.serialized(), name: "w") }
        silent.metadata["config"] = file.metadata["config"]?.replacing("ddpmpp", with: "adm")
        #expect(throws: SafetensorsError.self) { try NetworkDenoiser(weights: silent.serialized(), name: "w") }
    }

    private func adding(_ name: String, to file: SafetensorsFile) -> SafetensorsFile {
        var file = file
        file.set(name, Tensor<Float>(shape: [1], values: [1]))
        return file
    }
}
