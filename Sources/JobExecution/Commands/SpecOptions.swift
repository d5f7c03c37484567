import ArgumentParser
import Datasets
import ImageGenerators
import JobContract
import SweepFiles
import SweepModel

/// The options by which people tell a command which training they mean.
struct SpecOptions: ParsableArguments {
    @Argument(
        help: """
            A YAML file with the training's keys in the sections of a sweep file: dataset, model, training, seed. What it \
            leaves out has the default of docs/keys.md.
            """, completion: .file(extensions: ["yaml", "yml"]))
    var file: String?

    @Option(
        help: "In its place a JSON file with every key, as in the catalogue's column trials.spec.",
        completion: .file(extensions: ["json"]))
    var spec: String?

    @Option(name: .customLong("set"), help: "Another value for a key: model.scale=8.", completion: .settings)
    var settings: [String] = []

    @Option(
        help: "The prepared dataset file; without it dataset.source must be a built-in generator.",
        completion: .file())
    var dataset: String?

    func validate() throws {
        guard (file == nil) != (spec == nil) else {
            throw ValidationError("expected one file that says what the training is: FILE.yaml or --spec FILE.json")
        }
    }

    /// Every key of the training, and its length where it is known. Throws ValidationError, JobFailure or SweepFileError.
    func training(steps: Int?) throws -> (spec: [String: JSONValue], steps: Int?) {
        if let spec { return (try values(of: spec), steps) }
        guard let file else { return ([:], steps) }
        let training = try TrainingFile(
            file, overrides: settings, steps: steps, dataset: try dataset.map(prepared),
            worker: WorkerFacts.current.description(check: "")
        ) { request in
            guard let generated = try GeneratedDataset(request) else { throw UnpreparedImages() }
            return generated.identity(try JobImages.numbers(of: generated).account)
        }
        return (training.spec, training.steps)
    }

    private func prepared(_ path: String) throws -> TrainingFile.Dataset {
        let images = try JobFailure.explainingDataset { try DatasetFile(path: path) }
        return TrainingFile.Dataset(
            path: path, digest: try InputFile.digest(path, what: "the dataset"), images: images.count,
            channels: images.channels, resolution: images.height, pool: images.notes.pool)
    }

    private func values(of path: String) throws -> [String: JSONValue] {
        let text = try InputFile.read(path, what: "the spec")
        var values: [String: JSONValue]
        do {
            values = try decodeJSON([String: JSONValue].self, from: text)
        } catch {
            throw ValidationError("\(path): not an object of keys and values: \(explanation(of: error))")
        }
        for setting in settings {
            guard let equals = setting.firstIndex(of: "=") else {
                throw ValidationError("--set \(setting): expected key=value")
            }
            let value = String(setting[setting.index(after: equals)...])
            values[String(setting[..<equals])] = try JSONValue(argument: value, of: "--set \(setting)")
        }
        return values
    }
}

/// The images are pictures, which the worker does not decode.
private struct UnpreparedImages: DatasetProblem {
    let key = "dataset.source"
    let problem =
        "expected a built-in generator (\(ImageGenerator.names.joined(separator: ", "))), or a prepared file with --dataset "
        + "FILE, as eigensweep makes of pictures"
    var description: String { "\(key): \(problem)" }
}
