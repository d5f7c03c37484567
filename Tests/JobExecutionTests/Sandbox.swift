import Foundation
import JobContract
import Tensors

import class Datasets.DatasetFile

/// A store and attempts' directories that are removed with the test.
final class Sandbox {
    let root: URL
    private var attempts = 0

    init() throws {
        root = FileManager.default.temporaryDirectory.appendingPathComponent("worker-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: root) }

    var store: String { root.appendingPathComponent("store").path }

    func path(of digest: Digest) -> String { "\(store)/\(digest.hex.prefix(2))/\(digest.hex)" }

    /// Stores `bytes`, under the name of other bytes where one is given.
    @discardableResult func keep(_ bytes: [UInt8], as name: Digest? = nil) throws -> Digest {
        let digest = name ?? Digest(of: bytes)
        let url = URL(fileURLWithPath: path(of: digest))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
        return digest
    }

    /// Moves a file that an attempt left into the store, as the agent does.
    func adopt(_ file: OutputFile, from directory: URL) throws -> Digest {
        let bytes = [UInt8](try Data(contentsOf: directory.appendingPathComponent(file.path)))
        return try keep(bytes)
    }

    func newAttempt() throws -> URL {
        attempts += 1
        let directory = root.appendingPathComponent("attempt-\(attempts)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        return directory
    }

    /// A dataset of smooth random pictures, grey, `side` pixels wide and high.
    static func dataset(count: Int = 24, side: Int = 8) -> [UInt8] {
        let random = CounterRandom(seed: 7, purpose: .generator)
        var pixels: [UInt8] = []
        for image in 0..<count {
            let level = random.uniform(UInt64(3 * image))
            let slopes = (random.uniform(UInt64(3 * image + 1)) - 0.5, random.uniform(UInt64(3 * image + 2)) - 0.5)
            for y in 0..<side {
                for x in 0..<side {
                    let value = level + (slopes.0 * Double(x) + slopes.1 * Double(y)) / Double(side)
                    pixels.append(UInt8(max(0, min(1, value)) * 255))
                }
            }
        }
        return DatasetFile.encode(pixels: pixels, channels: 1, height: side, width: side)
    }
}

/// Every key of a spec for a network that trains in milliseconds.
func smallSpec(
    architecture: String = "ddpmpp", dataset: Digest, changing changes: [String: JSONValue?] = [:]
) -> [String: JSONValue] {
    var spec: [String: JSONValue] = [
        "dataset.digest": .string(dataset.hex), "dataset.resolution": 8, "dataset.channels": 1, "dataset.size": 6,
        "dataset.part": ["index": 0, "of": 1], "dataset.subset_seed": 0, "dataset.held_out": 8, "dataset.flip": false,
        "model.architecture": .string(architecture), "model.scale": 4, "model.multipliers": [2, 2], "model.blocks": 1,
        "model.attention": [4], "model.dropout": 0.1, "training.batch": 4, "training.learning_rate": 0.001,
        "training.warmup_images": 0, "training.ema_half_life_images": 500_000, "training.ema_ramp": 0.05,
        "training.preconditioning": "edm", "training.sigma_data": 0.5, "training.noise": "lognormal",
        "training.noise_mean": -1.2, "training.noise_std": 1.2, "training.objective": "denoising",
        "training.augment": 0, "seed": 3, "worker.name": "eigensweep-worker", "worker.numerics": 1,
    ]
    for (key, value) in changes { spec[key] = value }
    return spec
}
