import JobContract
import SweepModel

/// All keys. Those of the first release are always written to the spec; a later one is left out of it while it has its
/// default. Names and defaults never change.
extension SpecKey {
    private init(
        _ name: String, _ kind: Kind, _ fallback: JSONValue?, role: Role = .spec, isLater: Bool = false,
        but exceptions: Exceptions? = nil, reader: KeyReader = .all, _ meaning: String
    ) {
        self.init(
            name: name, kind: kind, role: role, isLater: isLater, fallback: fallback, exceptions: exceptions,
            reader: reader, meaning: meaning)
    }

    /// Defaults of architectures that have others than the rest.
    private static func byArchitecture(_ name: String) -> Exceptions {
        Exceptions(chooser: "model.architecture", values: Architecture.defaults(of: name))
    }

    private static func noises(_ names: String...) -> KeyReader { .choices(of: "training.noise", names) }

    private static func count(from lower: Int64, to upper: Int64 = counted.upperBound, multipleOf: Int64 = 1) -> Kind {
        .integer(lower...upper, multipleOf: multipleOf)
    }

    static let datasetKeys: [SpecKey] = [
        SpecKey(
            "dataset.source", .text, nil, role: .dataset,
            "a built-in generator (\(ImageGenerator.names.joined(separator: ", "))), or the path of images: a zip or "
                + "folder of PNG or JPEG, IDX or CIFAR files, or an array in .npy, .npz or .safetensors, from the sweep "
                + "file's folder (with --set: from the current one). In the spec its digest or generator stands for it. Or "
                + "`{samples: TRIAL, count: n, seed: 0, sampler: heun, steps: 18}`: n images that the network of another trial "
                + "draws (docs/data.md)"),
        SpecKey(
            "dataset.resolution", count(from: 8, to: 256, multipleOf: 2), 32,
            but: Exceptions(
                chooser: "dataset.source",
                values: Dictionary(uniqueKeysWithValues: ImageGenerator.names.map { ($0, 16) })),
            "edge of the square images in pixels"),
        SpecKey(
            "dataset.channels", .oneOf([1, 3]), 1, but: Exceptions(chooser: "dataset.source", values: [:]),
            "1: grey, 3: colour; generators make grey images only, and samples have the channels and resolution of their network"
        ),
        SpecKey("dataset.size", count(from: 1), nil, "N, the number of training images"),
        SpecKey(
            "dataset.part", .part, ["index": 0, "of": 1],
            "which of `of` disjoint parts the training images come from; halves are 0/2 and 1/2"),
        SpecKey(
            "dataset.subset_seed", count(from: 0), 0,
            "with the dataset's digest, keys the one permutation all subsets are nested in"),
        SpecKey("dataset.held_out", count(from: 0), 256, "images kept from every part, to measure on"),
        SpecKey("dataset.flip", .flag, false, "mirror training images at random, left to right"),
        SpecKey(
            "dataset.shuffle", .flag, false, role: .dataset, reader: .files,
            "exchange the pixels of all images by one fixed permutation"),
        SpecKey(
            "dataset.deduplicate", .flag, false, role: .dataset, reader: .files,
            "leave out images whose correlation with an earlier one is above 0.95 or below -0.95, both averaged to 20×20 "
                + "grey pixels without their mean; equal images go in any case"),
        SpecKey(
            "dataset.skip_unreadable", .flag, false, role: .dataset, reader: .files,
            "leave out files that are damaged or of a kind that is not read, and say which; otherwise they are refused, all "
                + "at once"),
        SpecKey(
            "dataset.order", .choice(["prepared", "source"]), "prepared", isLater: true,
            "what keys the permutation: the prepared images, so that every resolution has its own, or the source's order, so "
                + "that trainings at other resolutions, with other channels or shuffled are of the same images"),
        SpecKey(
            "dataset.split", .choice(["drawn", "given", "unknown"]), "drawn", isLater: true,
            "who says which images are for training: the permutation; held_out_source or training_index, which make it "
                + "`given`; or nobody here, of a network that was trained elsewhere"),
        SpecKey(
            "dataset.held_out_source", .text, "none", role: .dataset, reader: .files,
            "the path of the images to hold out, read as the source is; then all images of the source are for training"),
        SpecKey(
            "dataset.training_index", .text, "none", role: .dataset, reader: .files,
            "a file that names the source's images for training, a line a name or a number from 0; the others are for "
                + "holding out"),
        SpecKey(.alpha),
        SpecKey(.count),
    ]

    /// A key as the generators' table has it.
    private init(_ parameter: ImageGenerator.Parameter) {
        let range = parameter.range
        let kind: Kind =
            parameter.isInteger
            ? Self.count(from: Int64(range.lowerBound), to: Int64(range.upperBound))
            : .number(range, openBelow: parameter.isOpenBelow)
        let readers = ImageGenerator.all.filter { $0.parameters.contains(parameter) }.map(\.name)
        self.init(
            parameter.key, kind, parameter.fallback, role: .dataset, reader: .generators(readers), parameter.meaning)
    }

    /// A key that some architectures read.
    private init(shared key: Architecture.SharedKey) {
        let values = key.declaration
        let range = (values.least ?? values.above ?? 0)...(values.most ?? values.below ?? 1e15)
        let kind: Kind =
            switch values.kind {
            case .integer:
                values.list.map {
                    .integers(Int64(range.lowerBound)...Int64(range.upperBound), count: $0.least...($0.most ?? .max))
                }
                    ?? Self.count(
                        from: Int64(range.lowerBound), to: Int64(range.upperBound), multipleOf: Int64(values.step ?? 1))
            case .number: .number(range, openBelow: values.above != nil, openAbove: values.below != nil)
            case .flag: .flag
            case .text: values.choices.map(Kind.choice) ?? .text
            }
        self.init(
            values.key, kind, values.fallback, isLater: key.isLater,
            but: key.otherDefaults.isEmpty
                ? nil : Exceptions(chooser: "model.architecture", values: key.otherDefaults),
            reader: .choices(of: "model.architecture", key.readers), values.meaning)
    }

    static let modelKeys: [SpecKey] =
        [
            SpecKey(
                "model.architecture", .text, "ddpmpp",
                "the network's family: \(architectures.joined(separator: ", ")), or one that another worker has")
        ] + Architecture.keys(of: "model").map(SpecKey.init(shared:)) + [
            SpecKey(
                "model.weights", .digest, "none", isLater: true,
                "the weights of a network that was trained elsewhere, as `eigensweep adopt` records it: it is measured, never "
                    + "trained")
        ]

    static let trainingKeys: [SpecKey] =
        [
            SpecKey(
                "training.images", count(from: 1, to: Int64(TrainingLength.mostImages)), nil, role: .length,
                "length in images seen, rounded up to whole steps; give one of images, epochs and steps"),
            SpecKey(
                "training.epochs", .number(0...1e15, openBelow: true), nil, role: .length,
                "length in passes over the N images, rounded to the nearest step, at least 1"),
            SpecKey(
                "training.steps", count(from: 1, to: Int64(TrainingLength.mostImages)), nil, role: .length,
                "length in optimiser steps"),
            SpecKey("training.batch", count(from: 1, to: 65536), 32, "images a step"),
            SpecKey(
                "training.optimizer", .choice(["adam", "sgd"]), "adam", isLater: true,
                "Adam with EDM's numbers (0.9, 0.999, 1e-8), or stochastic gradient descent, whose rates are others"),
            SpecKey(
                "training.momentum", .number(0...1, openAbove: true), 0, isLater: true,
                reader: .choices(of: "training.optimizer", ["sgd"]),
                "v ← momentum·v + gradient, of which the rate is the step"),
            SpecKey("training.learning_rate", .number(0...1e3, openBelow: true), 1e-3, "the optimiser's rate"),
            SpecKey("training.warmup_images", count(from: 0), 0, "images over which the rate rises from 0"),
            SpecKey(
                "training.halving_images", count(from: 0), 0, isLater: true,
                "images after which the rate is halved, each time anew; 0: never"),
            SpecKey(
                "training.weight_decay", .number(0...1e3), 0, isLater: true,
                "decoupled, as AdamW's: before each step every parameter is multiplied by 1 − rate·weight_decay, with the rate "
                    + "of that step"),
            SpecKey(
                "training.ema_half_life_images", .number(0...1e15), 500_000,
                but: byArchitecture("training.ema_half_life_images"),
                "half-life of the weights' moving average in images; 0: no average"),
            SpecKey(
                "training.ema_ramp", .number(0...1e15), 0.05,
                "the half-life is at most this share of the images seen; 0: no such limit"),
            SpecKey(
                "training.preconditioning", .choice(["edm", "vp", "ve", "none", "blind"]), "edm",
                but: byArchitecture("training.preconditioning"),
                "how the network becomes a denoiser, and with it the weight of each σ in the loss; none: its output is the "
                    + "denoised image; blind: it is the noise of an image in [0, 1], for bias-free-unet and bf-cnn alone"
            ),
            SpecKey(
                "training.sigma_data", .number(0...1e3, openBelow: true), 0.5,
                reader: .choices(of: "training.preconditioning", ["edm"]), "σ_data of the preconditioning and the loss"),
            SpecKey(
                "training.noise", .choice(["lognormal", "u-squared", "log-uniform", "vp", "fixed"]), "lognormal",
                but: Exceptions(
                    chooser: "training.preconditioning",
                    values: ["vp": "vp", "ve": "log-uniform", "none": "fixed", "blind": "u-squared"]),
                "distribution of the training noise σ, in units of pixels in [-1, 1]: ln σ normal; 2u², u uniform on (0, 1); "
                    + "ln σ uniform; σ(t) of the variance-preserving process, t uniform; one σ, for a network of its own"
            ),
            SpecKey(
                "training.noise_mean", .number(-100...100), -1.2, reader: noises("lognormal"), "mean of ln σ"),
            SpecKey(
                "training.noise_std", .number(0...100, openBelow: true), 1.2, reader: noises("lognormal"),
                "standard deviation of ln σ"),
            SpecKey(
                "training.noise_min", .number(0...1e6, openBelow: true), 0.02, isLater: true,
                reader: noises("log-uniform"), "lowest σ"),
            SpecKey(
                "training.noise_max", .number(0...1e6, openBelow: true), 100, isLater: true,
                reader: noises("log-uniform"), "highest σ"),
            SpecKey(
                "training.noise_sigma", .number(0...1e6, openBelow: true), 0.5, isLater: true, reader: noises("fixed"),
                "the one σ"),
            SpecKey(
                "training.objective", .choice(["denoising", "yi-fresh", "yi-bank"]), "denoising",
                "what is minimised; yi-fresh and yi-bank are our readings of the loss of Yi, Sun & Li, whose text leaves it "
                    + "open: the noise between two levels with a random gap is estimated, from images that are noised afresh, or "
                    + "from a bank of fixed noised copies"),
            SpecKey(
                "training.bank_copies", count(from: 1, to: 65536), 4, isLater: true,
                reader: .choices(of: "training.objective", ["yi-bank"]),
                "copies of every image in the bank, at each of its 16 levels from 0.002 to 80"),
            SpecKey(
                "training.noises_per_image", count(from: 0, to: 65536), 0, isLater: true,
                reader: .choices(of: "training.objective", ["denoising"]),
                "fixed noises that every image has in each range between the bank's 16 levels, in place of fresh ones; 0: all are "
                    + "fresh"),
        ] + Architecture.keys(of: "training").map(SpecKey.init(shared:)) + [
            SpecKey(
                "seed", count(from: 0), 0,
                "keys initialisation, data order and noise; sampling has the measure's own seed")
        ]
}
