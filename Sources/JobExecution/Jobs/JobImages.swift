import Datasets
import Diffusion
import ImageGenerators
import JobContract
import SweepModel
import Tensors

/// The images of a job: its dataset, opened and split as the spec says.
struct JobImages {
    private let source: Source
    private let split: DatasetSplit
    private let count: Int

    private enum Source {
        case file(DatasetFile)
        /// A generator's images, and the numbers of those that belong to the dataset.
        case generator(any GeneratedImages, [Int])
    }

    /// Verifies the file's digest first. Throws JobFailure: `missing-input` when the file is missing or damaged,
    /// `unsupported` when the spec asks for what the dataset does not have, or names another dataset.
    init(of job: JobDescription, shape: ImageShape) throws {
        if let named = job.spec["dataset.digest"], named != .string(job.dataset.hex) {
            throw JobFailure(
                .unsupported,
                "the spec's dataset.digest is \(named.stringValue?.prefix(64) ?? "no text"), but the job brings the "
                    + "dataset \(job.dataset.hex)")
        }
        let path = try InputFile.verify(job.dataset, of: job, what: "the dataset")
        try self.init(path: path, spec: job.spec, wanted: shape)
    }

    /// For commands that people use. Without a file, the generator that the spec names makes the images. Throws JobFailure
    /// as `init(of:shape:)` does.
    init(byHand path: String?, spec: [String: JSONValue], shape: ImageShape) throws {
        if let path, let named = spec["dataset.digest"] {
            let digest = try InputFile.digest(path, what: "the dataset")
            guard named == .string(digest.hex) else {
                throw JobFailure(
                    .unsupported,
                    "the spec's dataset.digest is \(named.stringValue?.prefix(64) ?? "no text"), but that of \(path) is "
                        + digest.hex)
            }
        }
        try self.init(path: path, spec: spec, wanted: shape)
    }

    private init(path: String?, spec: [String: JSONValue], wanted: ImageShape) throws {
        let shape: ImageShape
        let count: Int
        let notes: DatasetNotes
        if let path {
            let file = try JobFailure.explainingDataset { try DatasetFile(path: path) }
            shape = ImageShape(channels: file.channels, height: file.height, width: file.width)
            (source, count, notes) = (.file(file), file.count, file.notes)
        } else {
            let dataset = try Self.generated(spec)
            shape = ImageShape(channels: 1, height: dataset.images.size, width: dataset.images.size)
            let numbers = try Self.numbers(of: dataset, version: spec["dataset.generator_version"]?.integerValue)
                .numbers
            (source, count) = (.generator(dataset.images, numbers), numbers.count)
            notes = DatasetNotes(source: DatasetNotes.Source(found: dataset.count, numbers: numbers))
        }
        self.count = count
        split = try JobFailure.explainingDataset { try DatasetSplit(spec: spec, count: count, notes: notes) }
        guard shape == wanted else {
            throw JobFailure(
                .unsupported,
                "the dataset's images are \(shape.channels) × \(shape.height) × \(shape.width), but dataset.channels is "
                    + "\(wanted.channels) and dataset.resolution \(wanted.height)")
        }
    }

    private static func generated(_ spec: [String: JSONValue]) throws -> GeneratedDataset {
        let name = spec["dataset.generator"]?.stringValue ?? ""
        guard let generator = ImageGenerator.all.first(where: { $0.name == name }) else {
            throw JobFailure(.unsupported, "the images are not those of a generator here: expected --dataset FILE")
        }
        let parameters = generator.parameters.compactMap { parameter in
            spec[parameter.key].map { (parameter.name, $0) }
        }
        let request = DatasetRequest(
            source: name, resolution: spec["dataset.resolution"]?.integerValue ?? 0,
            channels: spec["dataset.channels"]?.integerValue ?? 0,
            parameters: Dictionary(uniqueKeysWithValues: parameters))
        do throws(DatasetPreparationError) {
            if let dataset = try GeneratedDataset(request) { return dataset }
        } catch {
            throw JobFailure(.unsupported, error.description)
        }
        throw JobFailure(.unsupported, "there is no generator \(name): expected --dataset FILE")
    }

    /// The numbers of the images that belong to a generator's dataset. `version` is that of a spec; nil is today's.
    static func numbers(
        of dataset: GeneratedDataset, version: Int? = nil
    ) throws -> (numbers: [Int], account: DatasetAccount) {
        var numbers: [Int] = []
        guard let account = dataset.forEach(version: version, { if $1 != nil { numbers.append($0) } }) else {
            throw JobFailure(
                .unsupported,
                "the images are not those of a generator here, of which version \(version ?? 0) is unknown: expected "
                    + "--dataset FILE")
        }
        return (numbers, account)
    }

    /// The bytes of the training subset.
    func trainingBytes() throws -> [UInt8] { try pixels(of: split.training) }

    /// The training subset in [−1, 1].
    func training() throws -> Tensor<Float> { try tensor(of: split.training) }

    /// The held-out images in [−1, 1].
    func heldOut() throws -> Tensor<Float> { try tensor(of: split.heldOut) }

    /// Every image that is not held out, in [−1, 1].
    func allButHeldOut() throws -> Tensor<Float> {
        let heldOut = Set(split.heldOut)
        return try tensor(of: (0..<count).filter { !heldOut.contains($0) })
    }

    private func pixels(of indices: [Int]) throws -> [UInt8] {
        switch source {
        case .file(let file):
            if file.isFloat {
                throw JobFailure(
                    .unsupported, "the dataset's images are float32: expected bytes, which this worker trains on")
            }
            return try JobFailure.explainingDataset { try file.pixels(of: indices) }
        case .generator(let images, let numbers): return indices.flatMap { images.image(numbers[$0]) }
        }
    }

    private func tensor(of indices: [Int]) throws -> Tensor<Float> {
        switch source {
        case .file(let file): try JobFailure.explainingDataset { try file.tensor(of: indices) }
        case .generator(let images, _):
            Tensor(
                shape: [indices.count, 1, images.size, images.size],
                values: try pixels(of: indices).map { Float($0) / 127.5 - 1 })
        }
    }
}

extension JobFailure {
    /// Turns the errors of datasets into failures.
    static func explainingDataset<T>(_ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let error as DatasetError {
            switch error {
            case .system, .malformed: throw JobFailure(.missingInput, error.description)
            case .noSuchImage, .tooFewImages, .tooFewGiven, .badKey: throw JobFailure(.unsupported, error.description)
            }
        }
    }
}
