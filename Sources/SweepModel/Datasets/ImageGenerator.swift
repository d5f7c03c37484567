import JobContract

/// A built-in generator of images and what it reads: the one table that sweep files and generators go by.
package struct ImageGenerator: Hashable, Sendable {
    /// A number the generator reads, `dataset.NAME` in sweep files.
    package struct Parameter: Hashable, Sendable {
        package let name: String
        package let range: ClosedRange<Double>
        /// Whether the lower bound itself is out of range.
        package let isOpenBelow: Bool
        package let isInteger: Bool
        /// The parameter's value where none is given.
        package let fallback: JSONValue
        package let meaning: String

        package var key: String { "dataset.\(name)" }

        /// The value in a request, or the default; nil where it is of the wrong type or out of range.
        package func value(in request: DatasetRequest) -> Double? {
            guard let number = (request.parameters[name] ?? fallback).doubleValue, range.contains(number),
                !(isOpenBelow && number == range.lowerBound), !isInteger || number == number.rounded()
            else { return nil }
            return number
        }
    }

    /// The name by which `dataset.source` asks for the generator.
    package let name: String
    package let about: String
    /// Rises by 2 when an image's bytes change; the number after it is `thinnedVersion`.
    package let version: Int
    /// The version of a dataset from which images were left out that equal an earlier one. Where all differ, as they nearly
    /// always do, the dataset is what the first release made, and keeps `version`.
    package var thinnedVersion: Int { version + 1 }
    package let parameters: [Parameter]

    package static let all = [geometric, disks, continuousDisks, sines, ray, gaussian]
    package static let names = all.map(\.name)

    package static let geometric = ImageGenerator(
        name: "geometric", about: "C^α images: two smooth backgrounds on either side of a smooth contour", version: 1,
        parameters: [.alpha, .count])
    package static let disks = ImageGenerator(
        name: "disks", about: "a disk on a background, centre and radius in whole pixels", version: 1,
        parameters: [.count])
    package static let continuousDisks = ImageGenerator(
        name: "continuous-disks", about: "a disk on a background, centre and radius anywhere", version: 1,
        parameters: [.count])
    package static let sines = ImageGenerator(
        name: "sines", about: "one sine of random amplitude and phase", version: 1, parameters: [.count])
    package static let ray = ImageGenerator(
        name: "ray", about: "one C^α image at random brightness", version: 1, parameters: [.alpha, .count])
    package static let gaussian = ImageGenerator(
        name: "gaussian", about: "Gaussian images with the spectrum |k|^(−α)", version: 1, parameters: [.alpha, .count])
}

extension ImageGenerator.Parameter {
    package static let alpha = Self(
        name: "alpha", range: 0...16, isOpenBelow: true, isInteger: false, fallback: 3,
        meaning: "smoothness α of C^α images; amplitudes of Gaussian ones fall as |k|^(−α)")
    package static let count = Self(
        name: "count", range: 1...1_048_576, isOpenBelow: false, isInteger: true, fallback: 16384,
        meaning: "images the generator makes")
}

extension DatasetRequest {
    /// The parameters of a request for images from files, with the `pathParameters`. `shuffle`: one permutation changes
    /// the places of their pixels; `deduplicate`: images nearly equal to an earlier one are left out;
    /// `skip_unreadable`: files that cannot be used are left out.
    package static let fileParameters = ["shuffle", "deduplicate", "skip_unreadable"] + pathParameters

    /// Paths that say which images are for training: `held_out_source` holds the others, `training_index` names these. They
    /// are no part of a dataset's identity.
    package static let pathParameters = ["held_out_source", "training_index"]

    /// Whether the dataset may be of float32, for a worker that takes it: a source of float32 is rounded to bytes for others.
    package static let floatParameter = "float"

    /// Parameters that specs do not name: the dataset's digest tells them.
    package static let unnamedParameters = pathParameters + [floatParameter]

    /// Whether a path is by its name a file of one tensor: .npy, .npz or .safetensors.
    package static func isTensor(_ path: String) -> Bool {
        let name = path.lowercased()
        return [".npy", ".npz", ".safetensors"].contains { name.hasSuffix($0) }
    }

    package func path(_ parameter: String) -> String? { parameters[parameter]?.stringValue }

    /// Whether images keep the number that they have in the source.
    package var keepsNumbers: Bool { parameters["order"] == "source" }

    package var isGenerator: Bool { ImageGenerator.names.contains(source) }
}
