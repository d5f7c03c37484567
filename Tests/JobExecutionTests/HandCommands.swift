import Foundation
import Tensors

/// Runs the worker's commands for people, and makes files for them.
extension Sandbox {
    /// Runs the worker to its end.
    func run(
        _ arguments: [String], environment: [String: String] = [:]
    ) throws -> (status: Int32, output: String, errors: String) {
        let worker = try WorkerProgram.ours.start(arguments: arguments, in: newAttempt(), environment: environment)
        let status = try worker.wait()
        func text(_ url: URL) throws -> String { try String(contentsOf: url, encoding: .utf8) }
        return (status, try text(worker.output), try text(worker.errors))
    }

    func path(_ name: String) -> String { root.appendingPathComponent(name).path }

    /// A file of published values.
    static func reference(_ name: String) throws -> SafetensorsFile {
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Reference/\(name).safetensors")
        return try SafetensorsFile(bytes: [UInt8](Data(contentsOf: url)), name: url.path)
    }

    /// A reference file's network alone, as a checkpoint.
    static func weights(_ name: String) throws -> SafetensorsFile {
        let file = try reference(name)
        var weights = SafetensorsFile(name: "weights")
        weights.metadata = file.metadata
        for tensor in file.names where tensor.hasPrefix("param/") {
            let entry = try file.entry(tensor)
            weights.set(String(tensor.dropFirst(6)), type: entry.type, shape: entry.shape, bytes: entry.bytes)
        }
        return weights
    }

    @discardableResult func write(_ file: SafetensorsFile, _ name: String) throws -> String {
        try write(file.serialized(), "\(name).safetensors")
    }

    @discardableResult func write(_ bytes: [UInt8], _ name: String) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
        return path(name)
    }

    func read(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

    func tensor(_ name: String, of path: String) throws -> Tensor<Float> {
        try SafetensorsFile(bytes: read(path), name: path).tensor(name)
    }
}

func relativeError(_ a: [Float], _ b: [Float]) -> Float {
    let largest = b.reduce(0) { max($0, abs($1)) }
    return zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) } / largest
}
