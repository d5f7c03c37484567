import Foundation
import Testing

/// A few hundred steps of every kind of network, by the real worker: once undisturbed, and once in pieces, each with
/// other kernels, another number of threads and another environment. Checkpoints and measurements are the same bytes.
@Suite(.serialized, .enabled(if: slowTestsWanted, whySlow))
struct SameBitsTests {
    private static let steps = 240

    /// How a piece of the training is computed.
    private struct Piece {
        var until: Int
        var options: [String]
        var environment: [String: String]
    }

    private static let pieces = [
        Piece(
            until: 20, options: ["--kernels", "plain", "--threads", "2"],
            environment: ["OPENBLAS_CORETYPE": "SkylakeX", "OPENBLAS_NUM_THREADS": "2", "LANG": "de_DE.UTF-8"]),
        Piece(
            until: 131, options: ["--kernels", "avx2"],
            environment: ["GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA", "LC_ALL": "tr_TR.UTF-8"]),
        Piece(
            until: steps, options: ["--threads", "3"],
            environment: ["OPENBLAS_CORETYPE": "Prescott", "OMP_NUM_THREADS": "2", "MALLOC_PERTURB_": "85"]),
    ]

    static let networks = [
        "model: {architecture: ddpmpp, scale: 4, multipliers: [1, 2], blocks: 1, attention: [4], dropout: 0.1}",
        "model: {architecture: ncsnpp, scale: 4, multipliers: [1, 2], blocks: 1}\ntraining.preconditioning: ve",
        "model: {architecture: adm, scale: 4, multipliers: [1, 2], blocks: 1}\ntraining.augment: 0.2",
        "model: {architecture: ddpmpp, scale: 4, multipliers: [2], blocks: 1}\ntraining.preconditioning: vp",
        "model: {architecture: bias-free-unet, scale: 4, blocks: 2}",
        "model: {architecture: bf-cnn, scale: 4, layers: 5}",
        "model: {architecture: linear}",
    ]

    @Test(arguments: networks) func piecesMakeTheSameTraining(network: String) throws {
        try withLab { lab in
            let file = try lab.write(
                "network.yaml",
                """
                dataset: {source: geometric, resolution: 8, count: 64, size: 20, held_out: 16, flip: true}
                training: {batch: 20, steps: \(Self.steps)}
                \(network)
                """)
            let (whole, parts) = (lab.directory.path + "/whole", lab.directory.path + "/parts")
            for folder in [whole, parts] {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
            }
            try lab.work(["train", file, "--output", whole])
            var from = 0
            for piece in Self.pieces {
                let resume = from > 0 ? ["--resume", "\(parts)/state-\(from).safetensors"] : []
                let start = ["train", file, "--steps", "\(piece.until)", "--output", parts]
                try lab.work(start + resume + piece.options, piece.environment)
                from = piece.until
            }
            for kind in ["state", "weights"] {
                let name = "\(kind)-\(Self.steps).safetensors"
                let files = try [whole, parts].map { try Data(contentsOf: URL(fileURLWithPath: "\($0)/\(name)")) }
                #expect(files[0] == files[1], "\(kind)")
            }
            let measure = [
                "measure", file, "--checkpoint", "\(whole)/weights-\(Self.steps).safetensors", "--measure",
                #"memorization {"samples": 20, "steps": 4}"#, "--measure",
                #"gaussian-distance {"samples": 20, "sigmas": [0.1, 1]}"#,
            ]
            let numbers = try lab.work(measure)
            // The linear denoiser knows one noise level: it is measured at that alone, and draws no samples.
            let rows = network.contains("linear") ? 3 : 14
            #expect(numbers.split(separator: "\n").count == rows)
            for piece in Self.pieces { #expect(try lab.work(measure + piece.options, piece.environment) == numbers) }
        }
    }
}

extension Lab {
    /// Runs the worker by hand to its end, which has to be good, and returns what it printed.
    @discardableResult
    fileprivate func work(_ arguments: [String], _ environment: [String: String] = [:]) throws -> String {
        let process = Process()
        process.executableURL = programs.appendingPathComponent("eigensweep-worker")
        process.arguments = arguments
        process.environment = environment
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(arguments)")
        return String(decoding: output, as: UTF8.self)
    }
}
