import JobContract
import SweepModel

/// The keys of the first release. They are always written to the spec; a later key is left out of it while it has
/// its birth value. Names and defaults never change.
extension SpecKey {
    private init(
        _ name: String, _ kind: Kind, _ fallback: JSONValue?, role: Role = .spec, reader: KeyReader = .all,
        _ meaning: String
    ) {
        self.init(name: name, kind: kind, role: role, fallback: fallback, reader: reader, meaning: meaning)
    }

    private static func count(from lower: Int64, to upper: Int64 = counted.upperBound, multipleOf: Int64 = 1) -> Kind {
        .integer(lower...upper, multipleOf: multipleOf)
    }

    static let datasetKeys: [SpecKey] = [
        SpecKey(
            "dataset.source", .text, nil, role: .dataset,
            "a built-in generator (\(ImageGenerator.names.joined(separator: ", "))), or the path of images: a zip or "
                + "folder of PNG or JPEG, IDX or CIFAR files, from the sweep file's folder (with --set: from the current "
                + "one). In the spec its digest or generator stands for it"),
        SpecKey(
            "dataset.resolution", count(from: 8, to: 64, multipleOf: 2), nil,
            "edge of the square images in pixels; default 16 for the generator, 32 for files"),
        SpecKey(
            "dataset.channels", .oneOf([1, 3]), 1, "1: grey, 3: colour; generators make grey images only"),
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

    static let modelKeys: [SpecKey] = [
        SpecKey("model.architecture", .text, "ddpmpp", "the network's family; the worker says which it has"),
        SpecKey(
            "model.scale", count(from: 4, to: 1024, multipleOf: 2), 16, reader: .architectures(["ddpmpp"]),
            "M, the channels that the multipliers multiply"),
        SpecKey(
            "model.multipliers", .integers(1...64, count: 1...6), [2, 2, 2], reader: .architectures(["ddpmpp"]),
            "channels of each level in units of M; each level halves the resolution"),
        SpecKey(
            "model.blocks", count(from: 1, to: 64), 4, reader: .architectures(["ddpmpp"]), "residual blocks a level"),
        SpecKey(
            "model.attention", .integers(1...64, count: 0...6), [16], reader: .architectures(["ddpmpp"]),
            "resolutions whose blocks attend"),
        SpecKey(
            "model.dropout", .number(0...1, openAbove: true), 0, reader: .architectures(["ddpmpp"]),
            "share of activations dropped"),
    ]

    static let trainingKeys: [SpecKey] = [
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
        SpecKey("training.learning_rate", .number(0...1e3, openBelow: true), 1e-3, "Adam's rate"),
        SpecKey("training.warmup_images", count(from: 0), 0, "images over which the rate rises from 0"),
        SpecKey(
            "training.ema_half_life_images", .number(0...1e15), 500_000,
            "half-life of the weights' moving average in images"),
        SpecKey(
            "training.ema_ramp", .number(0...1e15), 0.05,
            "the half-life is at most this share of the images seen; 0: no such limit"),
        SpecKey("training.preconditioning", .choice(["edm"]), "edm", "how the network becomes a denoiser"),
        SpecKey(
            "training.sigma_data", .number(0...1e3, openBelow: true), 0.5, "σ_data of the preconditioning and the loss"),
        SpecKey("training.noise", .choice(["lognormal"]), "lognormal", "distribution of the training noise σ"),
        SpecKey("training.noise_mean", .number(-100...100), -1.2, "mean of ln σ"),
        SpecKey(
            "training.noise_std", .number(0...100, openBelow: true), 1.2, "standard deviation of ln σ"),
        SpecKey("training.objective", .choice(["denoising"]), "denoising", "what is minimised"),
        SpecKey("training.augment", .number(0...0), 0, "probability of EDM's augmentations; only 0 so far"),
        SpecKey(
            "seed", count(from: 0), 0, "keys initialisation, data order and noise; sampling has the measure's own seed"),
    ]
}
