import Datasets
import Foundation
import JobContract
import Tensors
import Testing

/// A network that the worker has trained, and all that is needed to compute its measures anew: `denoise` and `sample` ask
/// the checkpoint, the dataset gives images and split, and moments and exact denoisers are written out.
final class Oracle {
    let sandbox: Sandbox
    let digest: Digest
    let weights: String
    let spec: [String: JSONValue]
    static let (pixels, levels) = (64, [1.5, 0.3])

    init() throws {
        sandbox = try Sandbox()
        digest = try sandbox.keep(Sandbox.dataset(count: 120))
        spec = smallSpec(
            dataset: digest,
            changing: [
                "dataset.size": 20, "dataset.held_out": 70, "training.batch": 16, "training.learning_rate": 0.01,
                "model.dropout": 0,
            ])
        try JSONEncoder().encode(spec).write(to: URL(fileURLWithPath: sandbox.path("spec.json")))
        weights = sandbox.path("weights-150.safetensors")
        try train(in: sandbox.root.path)
    }

    private func train(in folder: String, _ settings: [String] = []) throws {
        let trained = try sandbox.run(
            ["train", "--spec", sandbox.path("spec.json"), "--steps", "150", "--output", folder]
                + ["--dataset", sandbox.path(of: digest)] + settings)
        try #require(trained.status == 0, "\(trained.errors)")
    }

    /// The checkpoint of another training, which differs by `settings`.
    func other(_ settings: [String]) throws -> String {
        let folder = sandbox.path("other")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try train(in: folder, settings.flatMap { ["--set", $0] })
        return folder + "/weights-150.safetensors"
    }

    func rows(
        _ measure: String, _ parameters: [String: JSONValue], _ other: [String] = []
    ) throws -> [MeasureRow] {
        struct Line: Decodable { var row: MeasureRow }
        var parameters = parameters
        if measure != "posterior" { parameters["draws"] = "shared" }
        let json = String(decoding: try JSONEncoder().encode(parameters), as: UTF8.self)
        let found = try sandbox.run(
            [
                "measure", "--checkpoint", weights, "--measure", "\(measure) \(json)", "--spec",
                sandbox.path("spec.json"), "--dataset", sandbox.path(of: digest),
            ] + other)
        try #require(found.status == 0, "\(found.errors)")
        return try found.output.split(separator: "\n").map {
            try JSONDecoder().decode(Line.self, from: Data($0.utf8)).row
        }
    }

    func images(_ numbers: [Int]) throws -> [[Double]] {
        let file = try DatasetFile(path: sandbox.path(of: digest))
        let bytes = try file.pixels(of: numbers)
        return numbers.indices.map { image in
            bytes[image * Self.pixels..<(image + 1) * Self.pixels].map { Double(Float($0) / 127.5 - 1) }
        }
    }

    func denoise(_ x: [[Double]], _ sigma: Double, by checkpoint: String? = nil) throws -> [[Double]] {
        try denoise(x, at: x.map { _ in sigma }, by: checkpoint)
    }

    /// One level for each image.
    func denoise(_ x: [[Double]], at sigmas: [Double], by checkpoint: String? = nil) throws -> [[Double]] {
        var file = SafetensorsFile(name: "x")
        file.set("x", Tensor<Float>(shape: [x.count, 1, 8, 8], values: x.flatMap { $0.map { Float($0) } }))
        file.set("sigma", Tensor<Double>(shape: [x.count], values: sigmas))
        let output = sandbox.path("denoised.safetensors")
        let found = try sandbox.run([
            "denoise", "--checkpoint", checkpoint ?? weights, "--input", sandbox.write(file, "x"), "--output", output,
        ])
        try #require(found.status == 0, "\(found.errors)")
        let values = try sandbox.tensor("denoised", of: output).values.map(Double.init)
        return rowsOf(values)
    }

    func rowsOf(_ values: [Double]) -> [[Double]] {
        stride(from: 0, to: values.count, by: Self.pixels).map { Array(values[$0..<$0 + Self.pixels]) }
    }

    /// Image i (modulo their number) with noise i, as float32.
    func noised(_ images: [[Double]], _ count: Int, _ sigma: Double, from first: Int = 0) -> [[Double]] {
        let noise = rowsOf(
            CounterRandom(seed: 0, purpose: .measureNoise)
                .normals(from: UInt64(first * Self.pixels), count: count * Self.pixels))
        return (0..<count).map { number in
            zip(images[number % images.count], noise[number]).map { Double(Float($0 + sigma * $1)) }
        }
    }

    func samples(_ count: Int, by checkpoint: String? = nil) throws -> [[Double]] {
        let output = sandbox.path("samples.safetensors")
        let drawn = try sandbox.run([
            "sample", "--checkpoint", checkpoint ?? weights, "--count", String(count), "--sampler", "heun", "--steps",
            "18", "--output", output,
        ])
        try #require(drawn.status == 0, "\(drawn.errors)")
        return rowsOf(try sandbox.tensor("samples", of: output).values.map(Double.init))
    }

    func square(_ a: [Double], _ b: [Double]) -> Double {
        zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }
    func norm(_ a: [Double]) -> Double { a.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

    /// Denoises by μ + Σ(Σ + σ²)⁻¹(x − μ) of some images, by elimination.
    func gaussian(of images: [[Double]], _ x: [[Double]], _ sigma: Double) -> [[Double]] {
        let size = Self.pixels
        let centre = (0..<size).map { pixel in mean(images.map { $0[pixel] }) }
        var covariance = [[Double]](repeating: [Double](repeating: 0, count: size), count: size)
        for image in images {
            for i in 0..<size {
                let factor = (image[i] - centre[i]) / Double(images.count)
                for j in 0..<size { covariance[i][j] += factor * (image[j] - centre[j]) }
            }
        }
        // One elimination serves all right sides.
        var matrix = covariance
        for i in 0..<size { matrix[i][i] += sigma * sigma }
        var right = x.map { row in zip(row, centre).map { $0 - $1 } }
        for column in 0..<size {
            for row in column + 1..<size {
                let factor = matrix[row][column] / matrix[column][column]
                for k in column..<size { matrix[row][k] -= factor * matrix[column][k] }
                for k in right.indices { right[k][row] -= factor * right[k][column] }
            }
        }
        return right.map { given in
            var solved = given
            for row in (0..<size).reversed() {
                for k in row + 1..<size { solved[row] -= matrix[row][k] * solved[k] }
                solved[row] /= matrix[row][row]
            }
            return (0..<size).map { i in
                centre[i] + zip(covariance[i], solved).reduce(0) { $0 + $1.0 * $1.1 }
            }
        }
    }

    /// Denoises by Σ wᵢyᵢ, w = softmax(−‖x−yᵢ‖²/2σ²).
    func optimum(of images: [[Double]], _ x: [[Double]], _ sigma: Double) -> [[Double]] {
        x.map { x in
            let logits = images.map { -square(x, $0) / (2 * sigma * sigma) }
            let largest = logits.max() ?? 0
            let weights = logits.map { exp($0 - largest) }
            let sum = weights.reduce(0, +)
            return (0..<Self.pixels).map { pixel in
                zip(weights, images).reduce(0) { $0 + $1.0 / sum * $1.1[pixel] }
            }
        }
    }

    func expect(
        _ rows: [MeasureRow], _ quantity: String, at sigma: Double? = nil, _ wanted: Double, _ tolerance: Double = 1e-5,
        at location: SourceLocation = #_sourceLocation
    ) {
        let found = rows.first { $0.quantity == quantity && $0.sigma == sigma }?.value ?? .nan
        #expect(
            abs(found - wanted) <= tolerance * max(abs(wanted), 1), "\(quantity): \(found), expected \(wanted)",
            sourceLocation: location)
    }
}
