import JobContract
import SweepModel

/// One training, written down as sweeps are: their sections and keys, with the same defaults and complaints.
package struct TrainingFile: Sendable {
    /// Every key but the length, as a job has them.
    package let spec: [String: JSONValue]
    /// The length in optimiser steps.
    package let steps: Int

    /// The prepared file that the training's images come from.
    package struct Dataset: Sendable {
        package var path: String
        package var digest: Digest
        package var images: Int
        package var channels: Int
        /// Height and width.
        package var resolution: Int
        /// How many of the images are for training, where the file says so.
        package var pool: Int?

        package init(path: String, digest: Digest, images: Int, channels: Int, resolution: Int, pool: Int? = nil) {
            self.path = path
            self.digest = digest
            self.images = images
            self.channels = channels
            self.resolution = resolution
            self.pool = pool
        }

        fileprivate var identity: DatasetIdentity {
            var identity = DatasetIdentity(keys: ["dataset.digest": .string(digest.hex)], images: images)
            identity.account.training = pool
            if pool != nil { identity.keys["dataset.split"] = "given" }
            return identity
        }
    }

    /// Reads `path` with overrides as a sweep has them. With `dataset`, the source is that file, and resolution and channels
    /// are its own where nothing else is said; without, `identify` is asked, as for a sweep. With `steps` they are the
    /// length, whatever the file says.
    ///
    /// Throws a `SweepFileError` for what is wrong, and where the file asks for more than one training.
    package init(
        _ path: String, overrides: [String], steps: Int?, dataset: Dataset?, worker: WorkerDescription,
        identify: @escaping (DatasetRequest) throws -> DatasetIdentity
    ) throws {
        var overrides = ["name=training"] + overrides
        var standIns: [String: JSONValue] = [:]
        if let steps { overrides.append("training.steps=\(steps)") }
        if let dataset {
            overrides.append("dataset.source=\(dataset.path)")
            standIns["dataset.resolution"] = .integer(Int64(dataset.resolution))
            standIns["dataset.channels"] = .integer(Int64(dataset.channels))
        }
        let file = try SweepFile(
            text: try TextFile.read(path), file: path, folder: TextFile.folder(of: path), overrides: overrides,
            standIns: standIns)
        let sweep = try file.expand(worker: worker) { try dataset?.identity ?? identify($0) }.sweep
        guard sweep.trials.count == 1, let trial = sweep.trials.first, let training = sweep.trainings[trial.training]
        else {
            throw SweepFileError(
                "asks for \(sweep.trials.count) trials: expected one; choose it with --set KEY=VALUE",
                at: TextOrigin(file: path))
        }
        spec = training.spec
        self.steps = trial.steps
    }
}

extension JSONValue {
    /// A value as arguments give it, `{index: 1, of: 2}` or `8`, by YAML 1.2's core schema; `argument` is for errors.
    package init(argument text: String, of argument: String) throws(SweepFileError) {
        self = try YAMLTree(parsing: text, file: argument, withLines: false).value
    }
}
