import JobContract
import SweepFiles
import SweepModel

/// A worker as it might describe itself. Name and numerics are part of every golden ID.
func describedWorker(architectures: [String] = SpecKey.architectures, numerics: Int = 1) -> WorkerDescription {
    WorkerDescription(
        contract: 1, name: "golden", numerics: numerics, deterministic: true, jobKinds: ["train", "measure"],
        architectures: architectures,
        measures: [
            MeasureRequest(
                measure: "memorization", version: 1,
                parameters: ["samples": 256, "sampler": "heun", "steps": 18, "seed": 0]),
            MeasureRequest(
                measure: "gaussian-distance", version: 1,
                parameters: ["samples": 256, "sigmas": [80, 9.7232, 0.002], "seed": 0]),
        ],
        build: "b", cpu: "c", kernels: "k", check: "d")
}

/// Stands for prepared datasets: files have a fixed digest, both kinds 16384 images.
func identity(of request: DatasetRequest) -> DatasetIdentity {
    request.isGenerator
        ? DatasetIdentity(keys: ["dataset.generator": "geometric", "dataset.generator_version": 1], images: 16384)
        : DatasetIdentity(keys: ["dataset.digest": .string(Digest(of: "abc".utf8).hex)], images: 16384)
}

func expand(_ text: String, _ overrides: [String] = []) throws -> Expansion {
    try SweepFile(text: text, file: "x.yaml", folder: "/sweeps", overrides: overrides)
        .expand(worker: describedWorker(), identify: identity)
}

/// The message of the error that reading and expanding a text gives; nil: it gives none.
func complaint(_ text: String, _ overrides: [String] = []) -> String? {
    do {
        _ = try expand(text, overrides)
        return nil
    } catch {
        return "\(error)"
    }
}

/// A sweep of these lines and those that every sweep needs.
func sweep(_ lines: String) -> String {
    "name: test\ndataset.source: geometric\n" + lines
}
