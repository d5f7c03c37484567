import Datasets
import Foundation
import JobContract
import Tensors
import Testing

/// What the worker measures of a network that it has trained, computed anew from the files alone: the checkpoint asked by
/// `denoise` and `sample`, images and split by the dataset, moments and exact denoisers written out.
@Suite(.serialized) struct OracleTests {
    private let sandbox: Sandbox
    private let digest: Digest
    private let weights: String
    private let spec: [String: JSONValue]
    private static let (pixels, levels) = (64, [1.5, 0.3])

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
        let trained = try sandbox.run(
            ["train", "--spec", sandbox.path("spec.json"), "--steps", "150", "--output", sandbox.root.path]
                + ["--dataset", sandbox.path(of: digest)])
        try #require(trained.status == 0, "\(trained.errors)")
        weights = sandbox.path("weights-150.safetensors")
    }

    private func rows(_ measure: String, _ parameters: [String: JSONValue]) throws -> [MeasureRow] {
        struct Line: Decodable { var row: MeasureRow }
        var parameters = parameters
        parameters["draws"] = "shared"
        let json = String(decoding: try JSONEncoder().encode(parameters), as: UTF8.self)
        let found = try sandbox.run([
            "measure", "--checkpoint", weights, "--measure", "\(measure) \(json)", "--spec",
            sandbox.path("spec.json"), "--dataset", sandbox.path(of: digest),
        ])
        try #require(found.status == 0, "\(found.errors)")
        return try found.output.split(separator: "\n").map {
            try JSONDecoder().decode(Line.self, from: Data($0.utf8)).row
        }
    }

    private func images(_ numbers: [Int]) throws -> [[Double]] {
        let file = try DatasetFile(path: sandbox.path(of: digest))
        let bytes = try file.pixels(of: numbers)
        return numbers.indices.map { image in
            bytes[image * Self.pixels..<(image + 1) * Self.pixels].map { Double(Float($0) / 127.5 - 1) }
        }
    }

    private func denoise(_ x: [[Double]], _ sigma: Double) throws -> [[Double]] {
        var file = SafetensorsFile(name: "x")
        file.set("x", Tensor<Float>(shape: [x.count, 1, 8, 8], values: x.flatMap { $0.map { Float($0) } }))
        file.set("sigma", Tensor<Double>(shape: [x.count], values: x.map { _ in sigma }))
        let output = sandbox.path("denoised.safetensors")
        let found = try sandbox.run([
            "denoise", "--checkpoint", weights, "--input", sandbox.write(file, "x"), "--output", output,
        ])
        try #require(found.status == 0, "\(found.errors)")
        let values = try sandbox.tensor("denoised", of: output).values.map(Double.init)
        return rowsOf(values)
    }

    private func rowsOf(_ values: [Double]) -> [[Double]] {
        stride(from: 0, to: values.count, by: Self.pixels).map { Array(values[$0..<$0 + Self.pixels]) }
    }

    /// Image i modulo their number with noise i, as float32.
    private func noised(_ images: [[Double]], _ count: Int, _ sigma: Double) -> [[Double]] {
        let noise = rowsOf(
            CounterRandom(seed: 0, purpose: .measureNoise).normals(from: 0, count: count * Self.pixels))
        return (0..<count).map { number in
            zip(images[number % images.count], noise[number]).map { Double(Float($0 + sigma * $1)) }
        }
    }

    private func square(_ a: [Double], _ b: [Double]) -> Double {
        zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }
    private func norm(_ a: [Double]) -> Double { a.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

    /// μ + Σ(Σ + σ²)⁻¹(x − μ) of some images, by elimination.
    private func gaussian(of images: [[Double]], _ x: [[Double]], _ sigma: Double) -> [[Double]] {
        let size = Self.pixels
        let centre = (0..<size).map { pixel in mean(images.map { $0[pixel] }) }
        var covariance = [[Double]](repeating: [Double](repeating: 0, count: size), count: size)
        for image in images {
            for i in 0..<size {
                let factor = (image[i] - centre[i]) / Double(images.count)
                for j in 0..<size { covariance[i][j] += factor * (image[j] - centre[j]) }
            }
        }
        // One elimination for all right sides.
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

    /// Σ wᵢyᵢ, w = softmax(−‖x−yᵢ‖²/2σ²).
    private func optimum(of images: [[Double]], _ x: [[Double]], _ sigma: Double) -> [[Double]] {
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

    private func expect(
        _ rows: [MeasureRow], _ quantity: String, at sigma: Double? = nil, _ wanted: Double, _ tolerance: Double = 1e-5,
        at location: SourceLocation = #_sourceLocation
    ) {
        let found = rows.first { $0.quantity == quantity && $0.sigma == sigma }?.value ?? .nan
        #expect(
            abs(found - wanted) <= tolerance * max(abs(wanted), 1), "\(quantity): \(found), expected \(wanted)",
            sourceLocation: location)
    }

    @Test func noisedImages() throws {
        let split = try DatasetSplit(spec: spec, count: 120)
        let (training, heldOut) = (try images(split.training), try images(split.heldOut))
        let source = try images((0..<120).filter { !split.heldOut.contains($0) })
        #expect(training.count == 20 && heldOut.count == 70 && source.count == 50)
        let sigmas = JSONValue.array(Self.levels.map { .number($0) })
        let n = 80
        let denoising = try rows("denoising", ["samples": 80, "sigmas": sigmas])
        let distances = try rows(
            "distances", ["samples": 80, "sigmas": sigmas, "pairs": ["network gaussian", "network multi_delta"]])
        let mutual = try rows("mutual-information", ["samples": 80, "sigmas": sigmas, "steps": 4])
        let projection = try rows("projection", ["samples": 80, "sigmas": sigmas])
        for sigma in Self.levels {
            for (images, name, gain) in [
                (training, "training", "training_gain_db"), (heldOut, "held_out", "wiener_gain_db"),
            ] {
                let x = noised(images, n, sigma)
                let clean = (0..<n).map { images[$0 % images.count] }
                func errors(_ found: [[Double]]) -> [Double] { zip(found, clean).map { square($0, $1) / 64 } }
                let network = errors(try denoise(x, sigma))
                let reference = errors(gaussian(of: source, x, sigma))
                expect(denoising, "psnr_\(name)", at: sigma, mean(network.map { 10 * log10(4 / $0) }))
                expect(denoising, "psnr_\(name)_pooled", at: sigma, 10 * log10(4 / mean(network)))
                expect(denoising, gain, at: sigma, 10 * log10(mean(reference) / mean(network)))
            }
            let x = noised(heldOut, n, sigma)
            let network = try denoise(x, sigma)
            for (name, other) in [
                ("gaussian", gaussian(of: training, x, sigma)), ("multi_delta", optimum(of: training, x, sigma)),
            ] {
                let squares = zip(network, other).map(square)
                expect(distances, "rmse_network_\(name)", at: sigma, mean(squares.map { ($0 / 64).squareRoot() }))
                expect(distances, "rmse_pooled_network_\(name)", at: sigma, (mean(squares) / 64).squareRoot())
                expect(
                    distances, "nrmse_network_\(name)", at: sigma,
                    mean(zip(squares, network).map { $0.squareRoot() / norm($1) }))
            }
            let seen = noised(training, n, sigma)
            let (own, best) = (try denoise(seen, sigma), optimum(of: training, seen, sigma))
            expect(
                mutual, "epsilon_error", at: sigma, mean(zip(own, best).map { square($0, $1) / 64 / (sigma * sigma) }))
            let nearest = seen.map { x in training.min { square(x, $0) < square(x, $1) } ?? [] }
            let distance = zip(seen, nearest).map { square($0, $1).squareRoot() }
            func relative(_ a: [[Double]], _ b: [[Double]]) -> Double {
                mean(zip(zip(a, b), distance).map { square($0.0, $0.1).squareRoot() / $1 })
            }
            expect(projection, "projection_error", at: sigma, relative(own, nearest))
            expect(projection, "projection_error_multi_delta", at: sigma, relative(best, nearest))
            expect(projection, "gradient_error", at: sigma, relative(own, best))
            expect(projection, "noise_ratio", at: sigma, mean(distance.map { 8 * sigma / $0 }))
        }
    }

    @Test func mixtures() throws {
        let split = try DatasetSplit(spec: spec, count: 120)
        let (training, heldOut) = (try images(split.training), try images(split.heldOut))
        let found = try rows("linearity", ["pairs": 30, "mixtures": [0.8], "sigmas": [1.5]])
        let (sigma, alpha, beta) = (1.5, 0.8.squareRoot(), 0.2.squareRoot())
        // Noise i of the pair's first image, i + 30 of its second.
        let x = noised(Array(heldOut[..<60]), 60, sigma)
        let (first, second) = (Array(x[..<30]), Array(x[30...]))
        func mixed(_ a: [[Double]], _ b: [[Double]]) -> [[Double]] {
            zip(a, b).map { zip($0, $1).map { alpha * $0 + beta * $1 } }
        }
        let mixture = mixed(first, second).map { $0.map { Double(Float($0)) } }
        func cosine(_ a: [Double], _ b: [Double]) -> Double {
            zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } / (norm(a) * norm(b))
        }
        for (prefix, denoiser) in [
            ("", { try denoise($0, sigma) }), ("gaussian_", { gaussian(of: training, $0, sigma) }),
        ] as [(String, ([[Double]]) throws -> [[Double]])] {
            let (whole, parts) = (try denoiser(mixture), (try denoiser(first), try denoiser(second)))
            for (view, less) in [("", 0), ("score_", 1), ("residual_", 0.25 / (sigma * sigma + 0.25))] {
                func seen(_ d: [[Double]], _ x: [[Double]]) -> [[Double]] {
                    zip(d, x).map { zip($0, $1).map { $0 - less * $1 } }
                }
                let (one, sum) = (seen(whole, mixture), mixed(seen(parts.0, first), seen(parts.1, second)))
                expect(found, "\(prefix)\(view)ls_0.8", at: sigma, mean(zip(one, sum).map { abs(cosine($0, $1)) }))
                expect(
                    found, "\(prefix)\(view)nmse_0.8", at: sigma,
                    mean(zip(one, sum).map { square($0, $1).squareRoot() / norm($0) }))
            }
        }
        let centre = (0..<64).map { pixel in Double(Float(mean(training.map { $0[pixel] }))) }
        let exact = (0..<64).map { pixel in mean(training.map { $0[pixel] }) }
        #expect(square(centre, exact) < 1e-12)
        let about = zip(first, second).map { a, b in
            (0..<64).map { Double(Float(centre[$0] + alpha * (a[$0] - centre[$0]) + beta * (b[$0] - centre[$0]))) }
        }
        let ofCentre = try denoise([centre], sigma)[0]
        func less(_ d: [[Double]]) -> [[Double]] { d.map { zip($0, ofCentre).map { $0 - $1 } } }
        let (one, sum) = (
            less(try denoise(about, sigma)), mixed(less(try denoise(first, sigma)), less(try denoise(second, sigma)))
        )
        expect(found, "ls_centred_0.8", at: sigma, mean(zip(one, sum).map(cosine)), 2e-5)
    }

    @Test func samples() throws {
        let split = try DatasetSplit(spec: spec, count: 120)
        let (training, heldOut) = (try images(split.training), try images(split.heldOut))
        let found = try rows("memorization", ["samples": 40])
        let output = sandbox.path("samples.safetensors")
        let drawn = try sandbox.run([
            "sample", "--checkpoint", weights, "--count", "40", "--sampler", "heun", "--steps", "18", "--output",
            output,
        ])
        try #require(drawn.status == 0, "\(drawn.errors)")
        let samples = rowsOf(try sandbox.tensor("samples", of: output).values.map(Double.init))
        func near(_ images: [[Double]]) -> [(gl: Double, isCopy: Bool)] {
            images.map { image in
                let distances = training.map { square(image, $0).squareRoot() }.sorted()
                return (distances[0] / norm(image), distances[0] < distances[1] / 3)
            }
        }
        for (images, score, copied) in [(samples, "gl_score", "copied"), (heldOut, "gl_held_out", "copied_held_out")] {
            let near = near(images)
            expect(found, score, mean(near.map(\.gl)))
            expect(found, copied, mean(near.map { $0.isCopy ? 1 : 0 }))
        }
        expect(found, "gl_relative", mean(near(samples).map(\.gl)) / mean(near(heldOut).map(\.gl)))
        #expect(found.first { $0.quantity == "copy_auc" }?.value == nil)
    }
}
