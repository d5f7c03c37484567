import Datasets
import Foundation
import JobContract
import SweepModel

@testable import ResultCatalogue

/// A catalogue with every measure, pictures in a store and failed attempts, whose texts are all hostile.
struct PageFixture {
    static let sweepName = "</title><script>alert(1)</script>"
    static let about = "\"><img src=x onerror=alert(2)> & it's asked"
    static let host = "<b onclick=alert(3)>far</b>"
    static let reason = "</script><script>alert(4)</script>\u{1B}[31m red"
    static let text = "name: x # </pre><script>alert(5)</script>\n"

    let scratch: Scratch
    let sweep: ExpandedSweep

    static let requests = [
        "memorization", "linearity", "gaussian-distance", "distances", "denoising", "agreement", "jacobian", "loss",
        "copies", "modes", "own-trajectory",
    ]
    .map { MeasureRequest(measure: $0, version: 1, parameters: ["samples": 256]) }

    /// Makes `sizes` × 2 scales × 2 lengths × `seeds` trials.
    init(sizes: [Int] = [16, 128, 1024], scales: [Int] = [4, 8], seeds: [Int] = [0, 1]) throws {
        scratch = try Scratch()
        let catalogue = try Catalogue(path: scratch.catalogue)
        sweep = Fixture.sweep(
            name: Self.sweepName, sizes: sizes, scales: scales, steps: [1024, 16384], seeds: seeds,
            measures: Self.requests, text: Self.text, about: Self.about, overrides: ["profile=quick", "seed=[0, 1]"])
        try catalogue.store(sweep)
        let picture = try Self.storePicture(in: scratch.path + "/store")
        var changes = [CatalogueChange]()
        for (index, trial) in sweep.trials.enumerated() {
            let number = AttemptNumber(index + 1)
            changes.append(.attemptIntended(Fixture.attempt(index + 1, [trial], host: Self.host)))
            if index == 1 {
                changes.append(.attemptEnded(number, .jobFault(Self.reason)))
                changes.append(.trialState(trial.id, .failed, reason: Self.reason))
                continue
            }
            changes.append(
                .attemptStarted(
                    number,
                    .init(
                        contract: 1, worker: "eigensweep-worker", numerics: 1,
                        build: "0.1.0+0123456789ab.g63b5f73abcde",
                        cpu: "A CPU <i>", kernels: "avx2")))
            changes.append(.milestone(trial.training, trial.id, number, Fixture.checkpoint(trial)))
            changes += Self.measured(trial, sweep, index, picture).map { .measured(number, $0) }
            changes.append(.trialState(trial.id, .succeeded, reason: nil))
            changes.append(.attemptEnded(number, .succeeded))
        }
        try catalogue.commit(changes)
    }

    var reader: CatalogueReader { get throws { try CatalogueReader(path: scratch.catalogue) } }
    var store: String { scratch.path + "/store" }

    /// Pairs of images as a worker pictures them.
    private static func storePicture(in store: String) throws -> OutputFile {
        let bytes = Data(
            try ContactSheet.png(
                pixels: (0..<64 * 256).map { UInt8(truncatingIfNeeded: ($0 % 16) * ($0 / 256) + $0 / 16 * 3) },
                channels: 1, height: 16, width: 16, columns: 8))
        let digest = Digest(of: bytes)
        let folder = "\(store)/\(digest.hex.prefix(2))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try bytes.write(to: URL(fileURLWithPath: "\(folder)/\(digest.hex)"))
        return OutputFile(path: "neighbours.png", digest: digest, bytes: bytes.count)
    }

    private static func measured(
        _ trial: Trial, _ sweep: ExpandedSweep, _ index: Int, _ picture: OutputFile
    ) -> [WorkerEvent.Measured] {
        let spec = sweep.trainings[trial.training]?.spec ?? [:]
        let size = Double(spec["dataset.size"]?.integerValue ?? 1)
        let scale = Double(spec["model.scale"]?.integerValue ?? 1)
        let noise = Double((index * 37) % 11) / 400
        let copied = 1 / (1 + pow(size / (20 * scale), 1.5) * (trial.steps == 1024 ? 2 : 1))
        let few = 1 / (1 + size / 100)
        var rows = [[MeasureRow]](repeating: [], count: requests.count)
        rows[0] = [
            MeasureRow(quantity: "gl_score", value: 0.6 - 0.55 * copied + noise, n: 256),
            MeasureRow(quantity: "gl_held_out", value: 0.62, n: 256),
            MeasureRow(quantity: "copied", value: copied, n: 256),
            MeasureRow(quantity: "copy_auc", value: 0.5 + copied / 2, n: 256),
        ]
        rows[7] = [
            MeasureRow(quantity: "loss_training", value: 30 + few, n: 4096),
            MeasureRow(quantity: "loss_held_out", value: 30 + 20 * few, n: 4096),
        ]
        rows[8] = (0..<16).flatMap { image in
            [
                MeasureRow(quantity: "copies", position: image, value: Double(image % 5) * copied, n: 256),
                MeasureRow(quantity: "nearest_other", position: image, value: 0.1 * Double(1 + image)),
            ]
        }
        for sigma in [0.02, 0.1, 0.2, 0.5, 1.5, 3, 6, 20] {
            func row(_ quantity: String, _ value: Double) -> MeasureRow {
                MeasureRow(quantity: quantity, sigma: sigma, value: value, n: 100)
            }
            let middle = exp(-pow(log(sigma / 3), 2) / 3)
            let input = -20 * log10(sigma / 2)
            rows[1] += [row("ls", 1 - middle * (0.03 + 0.25 * few) - noise), row("gaussian_ls", 1 - 0.01 * middle)]
            rows[2].append(row("rmse", middle * (0.05 + few) + noise))
            rows[3] += ["gaussian", "multi_delta", "distilled"].map { row("rmse_network_" + $0, middle * few + noise) }
            rows[10] += ["own", "training", "held_out"].map { row("rmse_" + $0, middle * few + noise) }
            rows[4] += [
                row("psnr_training", 14 + 0.6 * input + 8 * few), row("psnr_held_out", 14 + 0.6 * input - 4 * few),
                row("wiener_gain_db", trial.steps == 1024 ? -1 : 1),
            ]
        }
        for bin in 0..<50 {
            for quantity in ["cosine", "cosine_training"] {
                rows[5].append(
                    MeasureRow(
                        quantity: quantity + "_histogram", position: bin,
                        value: exp(-pow((Double(bin) - 40 * few) / 3, 2)), n: 256))
            }
            if bin < 25 {
                let variance = exp(-Double(bin) * few)
                rows[9] += [
                    ("mode_variance", variance * (trial.steps == 1024 ? 0.4 : 1)),
                    ("mode_variance_held_out", variance), ("mode_eigenvalue", 1 / Double(1 + bin)),
                ].map { MeasureRow(quantity: $0.0, position: bin, value: $0.1, n: 256) }
                rows[6].append(
                    MeasureRow(quantity: "eigenvalue", sigma: 0.5, position: bin, value: 1 / (1 + Double(bin) * few)))
            }
        }
        return zip(requests, rows).map { request, rows in
            WorkerEvent.Measured(
                trial: trial.id, request: request, checkpoint: Fixture.digest("c"), rows: rows,
                artifacts: request.measure == "memorization"
                    ? [Artifact(name: "neighbours.png", mediaType: "image/png", file: picture)] : [], seconds: 1)
        }
    }
}
