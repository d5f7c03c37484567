import JobContract
import SweepFiles
import SweepModel
import Testing

/// Keys that came after the first release do not rename trainings that never had them.
@Suite struct LaterKeyTests {
    private static let base = "dataset.size: 8\ntraining.steps: 1\n"

    private func only(_ lines: String) throws -> Training {
        try #require(try expand(sweep(Self.base + lines)).sweep.trainings.values.first)
    }

    /// For each later key a sweep that reads it, and another value.
    private static let readers: [(String, String, String)] = [
        ("dataset.flip: false", "dataset.order", "source"),
        ("model.weights: \(String(repeating: "0a", count: 32))", "dataset.split", "unknown"),
        ("model.architecture: bf-cnn", "model.layers", "5"),
        ("model.architecture: bf-cnn", "model.linear_first_layer", "true"),
        ("model.architecture: bf-cnn", "model.receptive_field", "7"),
        ("dataset.flip: false", "model.weights", String(repeating: "0a", count: 32)),
        ("dataset.flip: false", "training.optimizer", "sgd"),
        ("training.optimizer: sgd", "training.momentum", "0.9"),
        ("dataset.flip: false", "training.halving_images", "100"),
        ("dataset.flip: false", "training.weight_decay", "0.1"),
        ("training.noise: log-uniform", "training.noise_min", "0.1"),
        ("training.noise: log-uniform", "training.noise_max", "10"),
        ("training.noise: fixed", "training.noise_sigma", "2"),
        ("training.objective: yi-bank", "training.bank_copies", "1"),
        ("dataset.flip: false", "training.noises_per_image", "2"),
    ]

    @Test func everyLaterKeyIsTried() {
        #expect(Self.readers.map(\.1) == SpecKey.all.filter(\.isLater).map(\.name))
    }

    @Test(arguments: readers) func aBirthValueIsUnwritten(reader: String, key: String, other: String) throws {
        let birth = try #require(SpecKey.named(key)?.fallback).flowYAML
        let without = try only(reader)
        #expect(without.spec[key] == nil)
        #expect(try only("\(reader)\n\(key): \(birth)") == without)
        let changed = try only("\(reader)\n\(key): \(other)")
        #expect(changed.id != without.id && changed.spec[key] != nil)
        #expect(try TrainingID(spec: changed.spec) == changed.id)

        let grid = try expand(sweep(Self.base + "\(reader)\ngrid: {\(key): [\(other), \(birth)], seed: [0, 1]}")).sweep
        #expect(grid.trials.count == 4)
        #expect(grid.trials[0].training == changed.id && grid.trials[2].training == without.id)
        for (id, training) in grid.trainings { #expect(try TrainingID(spec: training.spec) == id) }
    }
}

/// Another key's value decides some defaults.
@Suite struct DependentDefaultTests {
    private func specs(_ lines: String) throws -> [[String: JSONValue]] {
        let sweep = try expand(sweep("dataset.size: 8\ntraining.steps: 1\n" + lines)).sweep
        for (id, training) in sweep.trainings { #expect(try TrainingID(spec: training.spec) == id) }
        return sweep.trials.compactMap { sweep.trainings[$0.training]?.spec }
    }

    private static let keys = [
        "model.scale", "model.multipliers", "model.blocks", "model.attention", "training.preconditioning",
        "training.noise", "training.ema_half_life_images",
    ]

    /// The defaults of the papers; keys that an architecture does not read keep their birth values.
    private static let defaults: [(String, [JSONValue])] = [
        ("ddpmpp", [16, [2, 2, 2], 4, [16], "edm", "lognormal", 500_000]),
        ("ncsnpp", [16, [2, 2, 2], 4, [16], "edm", "lognormal", 500_000]),
        ("adm", [16, [1, 2, 3, 4], 3, [32, 16, 8], "edm", "lognormal", 500_000]),
        ("bias-free-unet", [64, [2, 2, 2], 3, [16], "blind", "u-squared", 0]),
        ("bf-cnn", [64, [2, 2, 2], 4, [16], "blind", "u-squared", 0]),
        ("linear", [16, [2, 2, 2], 4, [16], "none", "fixed", 500_000]),
    ]

    @Test(arguments: defaults) func ofArchitectures(architecture: String, expected: [JSONValue]) throws {
        let spec = try #require(try specs("model.architecture: \(architecture)").first)
        #expect(Self.keys.map { spec[$0] } == expected)
    }

    /// On an axis of architectures each has its own defaults; a value that is given counts for all.
    @Test func alongAxes() throws {
        let names = Self.defaults.map(\.0)
        let all = try specs("grid: {seed: [0, 1], model.architecture: [\(names.joined(separator: ", "))]}")
        #expect(all.count == 12)
        for (spec, (name, expected)) in zip(all, Self.defaults + Self.defaults) {
            #expect(spec["model.architecture"] == .string(name))
            #expect(Self.keys.map { spec[$0] } == expected)
            let alone = try specs("model.architecture: \(name)\nseed: \(spec["seed"]?.integerValue ?? 9)")
            #expect(alone == [spec])
        }
        let given = try specs("training.ema_half_life_images: 7\ngrid: {model.architecture: [ddpmpp, bf-cnn]}")
        #expect(given.map { $0["training.ema_half_life_images"] } == [7, 7])
        #expect(given.map { $0["model.scale"] } == [16, 64])
    }

    @Test func ofNoiseByPreconditioning() throws {
        let all = try specs("grid: {training.preconditioning: [edm, vp, ve, none]}")
        #expect(all.map { $0["training.noise"] } == ["lognormal", "vp", "log-uniform", "fixed"])
        // An architecture's own preconditioning brings its noise too, and exclusions see both.
        let excluded = try specs(
            "grid: {model.architecture: [ddpmpp, linear, bf-cnn], exclude: training.noise = fixed}")
        #expect(excluded.map { $0["model.architecture"] } == ["ddpmpp", "bf-cnn"])
        let sources = try expand(
            "name: a\ndataset.size: 8\ntraining.steps: 1\n"
                + "grid: {dataset.source: [geometric, z.zip], exclude: dataset.resolution = 16}"
        ).sweep
        #expect(sources.trainings.values.map { $0.spec["dataset.resolution"] } == [32])
    }
}

/// Choices that no network reads, or that do not go together.
@Suite struct TrainingRuleTests {
    @Test(
        arguments: [
            (
                "model: {architecture: linear, scale: 8}",
                "x.yaml:3: model.scale: is read by the architecture ddpmpp, ncsnpp, adm, bias-free-unet, bf-cnn only, not by the architecture linear"
            ),
            ("model: {architecture: bf-cnn, blocks: 2}", "x.yaml:3: model.blocks: is read by"),
            (
                "model.layers: 3",
                "x.yaml:3: model.layers: is read by the architecture bf-cnn only, not by the architecture ddpmpp"
            ),
            ("model.architecture: linear\ntraining.augment: 0.1", "x.yaml:4: training.augment: is read by"),
            (
                "training.noise: u-squared\ntraining.noise_mean: -1",
                "x.yaml:4: training.noise_mean: is read by the noise lognormal only, not by the noise u-squared"
            ),
            (
                "training.noise_sigma: 1",
                "x.yaml:3: training.noise_sigma: is read by the noise fixed only, not by the noise lognormal"
            ),
            (
                "training.preconditioning: vp\ntraining.sigma_data: 1",
                "x.yaml:4: training.sigma_data: is read by the preconditioning edm only, not by the preconditioning vp"
            ),
            ("training.bank_copies: 2", "x.yaml:3: training.bank_copies: is read by the objective yi-bank only"),
            (
                "training.momentum: 0.9",
                "x.yaml:3: training.momentum: is read by the optimizer sgd only, not by the optimizer adam"
            ),
            (
                "training: {optimizer: sgd, momentum: 1}",
                "x.yaml:3: training.momentum: expected a number at least 0 and below 1"
            ),
            (
                "training: {learning_rate: 0.01, weight_decay: 101}",
                "x.yaml:3: training.weight_decay: a step at the rate 0.01 would take more than all of a weight"
            ),
            (
                "training: {objective: yi-fresh, noises_per_image: 1}",
                "x.yaml:3: training.noises_per_image: is read by the objective denoising only"
            ),
            (
                "training: {noises_per_image: 1, augment: 0.1}",
                "x.yaml:3: training.noises_per_image: augmented images have no end"
            ),
            (
                "training.preconditioning: blind",
                "x.yaml:3: training.preconditioning: blind is for bias-free-unet and bf-cnn alone, not for ddpmpp"
            ),
            ("grid: {training.preconditioning: [edm, blind]}", "x.yaml:3: training.preconditioning: blind is for"),
            (
                "model.architecture: bf-cnn\ntraining.preconditioning: edm",
                "x.yaml:4: training.preconditioning: bf-cnn sees no noise level: expected blind, got edm"
            ),
            (
                "training: {noise: log-uniform, noise_min: 200}",
                "x.yaml:3: training.noise_min: noise from 200.0 to 100.0: expected noise_min below noise_max"
            ),
            ("training: {noise: log-uniform, noise_max: 0.001}", "x.yaml:3: training.noise_max: noise from"),
            (
                "training: {objective: yi-bank, augment: 0.1}",
                "x.yaml:3: training.augment: augmented images have no end"
            ),
            (
                "training: {objective: yi-bank, noise: fixed, noise_sigma: 0.003}",
                "x.yaml:3: training.noise_sigma: yi-bank keeps"
            ),
            (
                "training.noise: gaussian",
                "x.yaml:3: training.noise: expected lognormal or u-squared or log-uniform or vp or fixed, got gaussian"
            ),
            (
                "model: {architecture: bf-cnn, layers: 5, receptive_field: 13}",
                "x.yaml:3: model.receptive_field: 5 layers cannot see 13 pixels: expected 0 or 5 to 11"
            ),
            ("model: {architecture: bias-free-unet, blocks: 9}", "x.yaml:3: model.blocks: the bias-free-unet halves"),
            (
                "dataset.resolution: 12\nmodel.architecture: bias-free-unet",
                "x.yaml:3: dataset.resolution: bias-free-unet with 3 blocks: resolution 12 cannot be halved 3 times"
            ),
        ])
    func complains(lines: String, message: String) {
        let got = complaint(sweep(lines + "\ndataset.size: 8\ntraining.steps: 1"))
        #expect(got?.contains(message) == true, "\(got ?? "no complaint")")
    }

    /// A worker of another kind has networks of its own, and decides what they read.
    @Test func othersArchitecturesAreTheirWorkersAffair() throws {
        let file = try SweepFile(
            text: sweep(
                "dataset.size: 8\ntraining.steps: 1\nmodel: {architecture: mean, layers: 3, scale: 8}\n"
                    + "training.augment: 0.5"), file: "x.yaml")
        let spec = try file.expand(worker: describedWorker(architectures: ["mean"]), identify: identity).sweep
            .trainings.values.first?.spec
        #expect(spec?["model.layers"] == 3)
    }
}
