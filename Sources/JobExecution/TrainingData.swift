import Datasets
import JobContract
import Tensors

/// The images of a job: the training subset and the held-out images.
struct TrainingData {
    let training: Tensor<Float>
    let heldOut: Tensor<Float>

    /// Opens the job's dataset, verifies its digest and splits it as the spec says.
    ///
    /// Throws JobFailure: `missing-input` when the file is missing or damaged, `unsupported` when the spec asks for
    /// what the dataset does not have.
    init(of job: JobDescription, settings: TrainingSettings) throws {
        _ = try InputFile.read(job.dataset, of: job, what: "the dataset")
        do {
            let file = try DatasetFile(path: job.path(of: job.dataset))
            guard file.channels == settings.channels, file.height == settings.resolution,
                file.width == settings.resolution
            else {
                throw JobFailure(
                    .unsupported,
                    "the dataset's images are \(file.channels) × \(file.height) × \(file.width), but dataset.channels "
                        + "is \(settings.channels) and dataset.resolution \(settings.resolution)")
            }
            let split = try DatasetSplit(spec: job.spec, count: file.count)
            training = try file.tensor(of: split.training)
            heldOut = try file.tensor(of: split.heldOut)
        } catch let error as DatasetError {
            switch error {
            case .system, .malformed: throw JobFailure(.missingInput, error.description)
            case .noSuchImage, .tooFewImages, .badKey: throw JobFailure(.unsupported, error.description)
            }
        }
    }
}
