import Datasets
import JobContract
import ScoreNetworks
import Tensors

/// The images of a job: its dataset, opened and split as the spec says.
struct JobImages {
    private let file: DatasetFile
    private let split: DatasetSplit

    /// Verifies the file's digest first. Throws JobFailure: `missing-input` when the file is missing or damaged,
    /// `unsupported` when the spec asks for what the dataset does not have, or names another dataset.
    init(of job: JobDescription, network: NetworkConfiguration) throws {
        if let named = job.spec["dataset.digest"], named != .string(job.dataset.hex) {
            throw JobFailure(
                .unsupported,
                "the spec's dataset.digest is \(named.stringValue?.prefix(64) ?? "no text"), but the job brings the "
                    + "dataset \(job.dataset.hex)")
        }
        let path = try InputFile.verify(job.dataset, of: job, what: "the dataset")
        try self.init(path: path, spec: job.spec, network: network)
    }

    /// Throws JobFailure as above.
    init(path: String, spec: [String: JSONValue], network: NetworkConfiguration) throws {
        (file, split) = try Self.explained {
            let file = try DatasetFile(path: path)
            return (file, try DatasetSplit(spec: spec, count: file.count))
        }
        let shape = network.imageShape
        guard (file.channels, file.height, file.width) == (shape.channels, shape.height, shape.width) else {
            throw JobFailure(
                .unsupported,
                "the dataset's images are \(file.channels) × \(file.height) × \(file.width), but dataset.channels is "
                    + "\(shape.channels) and dataset.resolution \(shape.height)")
        }
    }

    /// The bytes of the training subset.
    func trainingBytes() throws -> [UInt8] { try Self.explained { try file.pixels(of: split.training) } }

    /// The training subset in [−1, 1].
    func training() throws -> Tensor<Float> { try Self.explained { try file.tensor(of: split.training) } }

    /// The held-out images in [−1, 1].
    func heldOut() throws -> Tensor<Float> { try Self.explained { try file.tensor(of: split.heldOut) } }

    /// Every image in [−1, 1].
    func all() throws -> Tensor<Float> { try Self.explained { try file.tensor(of: Array(0..<file.count)) } }

    private static func explained<T>(_ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let error as DatasetError {
            switch error {
            case .system, .malformed: throw JobFailure(.missingInput, error.description)
            case .noSuchImage, .tooFewImages, .badKey: throw JobFailure(.unsupported, error.description)
            }
        }
    }
}
