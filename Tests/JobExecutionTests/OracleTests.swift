import Datasets
import Foundation
import JobContract
import Tensors
import Testing

/// Computes the worker's measures of a network that it has trained anew, from the files alone.
@Suite(.serialized) struct OracleTests {
    private let oracle: Oracle

    init() throws { oracle = try Oracle() }

    @Test func noisedImages() throws {
        let split = try DatasetSplit(spec: oracle.spec, count: 120)
        let (training, heldOut) = (try oracle.images(split.training), try oracle.images(split.heldOut))
        let source = try oracle.images((0..<120).filter { !split.heldOut.contains($0) })
        #expect(training.count == 20 && heldOut.count == 70 && source.count == 50)
        let sigmas = JSONValue.array(Oracle.levels.map { .number($0) })
        let n = 80
        let denoising = try oracle.rows("denoising", ["samples": 80, "sigmas": sigmas])
        let distances = try oracle.rows(
            "distances", ["samples": 80, "sigmas": sigmas, "pairs": ["network gaussian", "network multi_delta"]])
        let mutual = try oracle.rows("mutual-information", ["samples": 80, "sigmas": sigmas, "steps": 4])
        let projection = try oracle.rows("projection", ["samples": 80, "sigmas": sigmas])
        for sigma in Oracle.levels {
            for (images, name, gain) in [
                (training, "training", "training_gain_db"), (heldOut, "held_out", "wiener_gain_db"),
            ] {
                let x = oracle.noised(images, n, sigma)
                let clean = (0..<n).map { images[$0 % images.count] }
                func errors(_ found: [[Double]]) -> [Double] { zip(found, clean).map { oracle.square($0, $1) / 64 } }
                let network = errors(try oracle.denoise(x, sigma))
                let reference = errors(oracle.gaussian(of: source, x, sigma))
                oracle.expect(denoising, "psnr_\(name)", at: sigma, oracle.mean(network.map { 10 * log10(4 / $0) }))
                oracle.expect(denoising, "psnr_\(name)_pooled", at: sigma, 10 * log10(4 / oracle.mean(network)))
                oracle.expect(denoising, gain, at: sigma, 10 * log10(oracle.mean(reference) / oracle.mean(network)))
            }
            let x = oracle.noised(heldOut, n, sigma)
            let network = try oracle.denoise(x, sigma)
            for (name, other) in [
                ("gaussian", oracle.gaussian(of: training, x, sigma)),
                ("multi_delta", oracle.optimum(of: training, x, sigma)),
            ] {
                let squares = zip(network, other).map(oracle.square)
                oracle.expect(
                    distances, "rmse_network_\(name)", at: sigma, oracle.mean(squares.map { ($0 / 64).squareRoot() }))
                oracle.expect(
                    distances, "rmse_pooled_network_\(name)", at: sigma, (oracle.mean(squares) / 64).squareRoot())
                oracle.expect(
                    distances, "nrmse_network_\(name)", at: sigma,
                    oracle.mean(zip(squares, network).map { $0.squareRoot() / oracle.norm($1) }))
            }
            let seen = oracle.noised(training, n, sigma)
            let (own, best) = (try oracle.denoise(seen, sigma), oracle.optimum(of: training, seen, sigma))
            oracle.expect(
                mutual, "epsilon_error", at: sigma,
                oracle.mean(zip(own, best).map { oracle.square($0, $1) / 64 / (sigma * sigma) }))
            for (suffix, images) in [("", training), ("_held_out", heldOut)] {
                let seen = oracle.noised(images, n, sigma)
                let (own, best) = (try oracle.denoise(seen, sigma), oracle.optimum(of: training, seen, sigma))
                let nearest = seen.map { x in training.min { oracle.square(x, $0) < oracle.square(x, $1) } ?? [] }
                let distance = zip(seen, nearest).map { oracle.square($0, $1).squareRoot() }
                func relative(_ a: [[Double]], _ b: [[Double]]) -> Double {
                    oracle.mean(zip(zip(a, b), distance).map { oracle.square($0.0, $0.1).squareRoot() / $1 })
                }
                oracle.expect(projection, "projection_error" + suffix, at: sigma, relative(own, nearest))
                oracle.expect(projection, "projection_error_multi_delta" + suffix, at: sigma, relative(best, nearest))
                oracle.expect(projection, "gradient_error" + suffix, at: sigma, relative(own, best))
                oracle.expect(
                    projection, "noise_ratio" + suffix, at: sigma, oracle.mean(distance.map { 8 * sigma / $0 }))
            }
        }
    }

    /// EDM's loss: ln σ ~ N(−1.2, 1.2²), weighed by (σ² + ¼)/(σ/2)².
    @Test func losses() throws {
        let split = try DatasetSplit(spec: oracle.spec, count: 120)
        let found = try oracle.rows("loss", ["samples": 200])
        let sigmas = CounterRandom(seed: 0, purpose: .lossLevels).normals(from: 0, count: 200).map {
            exp(-1.2 + 1.2 * $0)
        }
        let noise = oracle.rowsOf(
            CounterRandom(seed: 0, purpose: .measureNoise).normals(from: 0, count: 200 * Oracle.pixels))
        func losses(_ images: [[Double]]) throws -> [Double] {
            let clean = (0..<200).map { images[$0 % images.count] }
            let x = clean.indices.map { draw in
                zip(clean[draw], noise[draw]).map { Double(Float($0 + sigmas[draw] * $1)) }
            }
            return zip(sigmas, zip(try oracle.denoise(x, at: sigmas), clean)).map { sigma, pair in
                (sigma * sigma + 0.25) / (0.25 * sigma * sigma) * oracle.square(pair.0, pair.1)
            }
        }
        let (seen, unseen) = (try losses(oracle.images(split.training)), try losses(oracle.images(split.heldOut)))
        oracle.expect(found, "loss_training", oracle.mean(seen), 1e-6)
        oracle.expect(found, "loss_held_out", oracle.mean(unseen), 1e-6)
        oracle.expect(found, "loss_gap", oracle.mean(zip(unseen, seen).map { $0 - $1 }), 1e-6)
    }

    @Test func mixtures() throws {
        let split = try DatasetSplit(spec: oracle.spec, count: 120)
        let (training, heldOut) = (try oracle.images(split.training), try oracle.images(split.heldOut))
        let found = try oracle.rows("linearity", ["pairs": 30, "mixtures": [0.8], "sigmas": [1.5]])
        let (sigma, alpha, beta) = (1.5, 0.8.squareRoot(), 0.2.squareRoot())
        // The pair's first image has noise i, its second noise i + 30.
        let x = oracle.noised(Array(heldOut[..<60]), 60, sigma)
        let (first, second) = (Array(x[..<30]), Array(x[30...]))
        func mixed(_ a: [[Double]], _ b: [[Double]]) -> [[Double]] {
            zip(a, b).map { zip($0, $1).map { alpha * $0 + beta * $1 } }
        }
        let mixture = mixed(first, second).map { $0.map { Double(Float($0)) } }
        func cosine(_ a: [Double], _ b: [Double]) -> Double {
            zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } / (oracle.norm(a) * oracle.norm(b))
        }
        for (prefix, denoiser) in [
            ("", { try oracle.denoise($0, sigma) }), ("gaussian_", { oracle.gaussian(of: training, $0, sigma) }),
        ] as [(String, ([[Double]]) throws -> [[Double]])] {
            let (whole, parts) = (try denoiser(mixture), (try denoiser(first), try denoiser(second)))
            for (view, less) in [("", 0), ("score_", 1), ("residual_", 0.25 / (sigma * sigma + 0.25))] {
                func seen(_ d: [[Double]], _ x: [[Double]]) -> [[Double]] {
                    zip(d, x).map { zip($0, $1).map { $0 - less * $1 } }
                }
                let (one, sum) = (seen(whole, mixture), mixed(seen(parts.0, first), seen(parts.1, second)))
                oracle.expect(
                    found, "\(prefix)\(view)ls_0.8", at: sigma, oracle.mean(zip(one, sum).map { abs(cosine($0, $1)) }))
                oracle.expect(
                    found, "\(prefix)\(view)nmse_0.8", at: sigma,
                    oracle.mean(zip(one, sum).map { oracle.square($0, $1).squareRoot() / oracle.norm($0) }))
            }
        }
        let centre = (0..<64).map { pixel in Double(Float(oracle.mean(training.map { $0[pixel] }))) }
        let exact = (0..<64).map { pixel in oracle.mean(training.map { $0[pixel] }) }
        #expect(oracle.square(centre, exact) < 1e-12)
        let about = zip(first, second).map { a, b in
            (0..<64).map { Double(Float(centre[$0] + alpha * (a[$0] - centre[$0]) + beta * (b[$0] - centre[$0]))) }
        }
        let ofCentre = try oracle.denoise([centre], sigma)[0]
        func less(_ d: [[Double]]) -> [[Double]] { d.map { zip($0, ofCentre).map { $0 - $1 } } }
        let (one, sum) = (
            less(try oracle.denoise(about, sigma)),
            mixed(less(try oracle.denoise(first, sigma)), less(try oracle.denoise(second, sigma)))
        )
        oracle.expect(found, "ls_centred_0.8", at: sigma, oracle.mean(zip(one, sum).map(cosine)), 2e-5)
    }

    @Test func samples() throws {
        let split = try DatasetSplit(spec: oracle.spec, count: 120)
        let (training, heldOut) = (try oracle.images(split.training), try oracle.images(split.heldOut))
        let found = try oracle.rows("memorization", ["samples": 40])
        let samples = try oracle.samples(40)
        func near(_ images: [[Double]]) -> [(gl: Double, isCopy: Bool)] {
            images.map { image in
                let distances = training.map { oracle.square(image, $0).squareRoot() }.sorted()
                return (distances[0] / oracle.norm(image), distances[0] < distances[1] / 3)
            }
        }
        for (images, score, copied) in [(samples, "gl_score", "copied"), (heldOut, "gl_held_out", "copied_held_out")] {
            let near = near(images)
            oracle.expect(found, score, oracle.mean(near.map(\.gl)))
            oracle.expect(found, copied, oracle.mean(near.map { $0.isCopy ? 1 : 0 }))
        }
        oracle.expect(found, "gl_relative", oracle.mean(near(samples).map(\.gl)) / oracle.mean(near(heldOut).map(\.gl)))
        #expect(found.first { $0.quantity == "copy_auc" }?.value == nil)
    }

    @Test func copies() throws {
        let training = try oracle.images(DatasetSplit(spec: oracle.spec, count: 120).training)
        let found = try oracle.rows("copies", [:])
        let samples = try oracle.samples(256)
        var counts = training.map { _ in 0.0 }
        var spurious = 0.0
        for (number, sample) in samples.enumerated() {
            let distances = training.map { oracle.square(sample, $0).squareRoot() }
            let order = distances.indices.sorted { distances[$0] < distances[$1] }
            let others = samples.indices.filter { $0 != number }.map { oracle.square(sample, samples[$0]).squareRoot() }
            if distances[order[0]] < distances[order[1]] / 3 {
                counts[order[0]] += 1
            } else if others.contains(where: { $0 < distances[order[0]] / 3 }) {
                spurious += 1
            }
        }
        #expect(found.filter { $0.quantity == "copies" }.map(\.value) == counts)
        oracle.expect(found, "copied_images", oracle.mean(counts.map { $0 > 0 ? 1 : 0 }))
        oracle.expect(found, "spurious", spurious / 256)
        for (image, row) in found.filter({ $0.quantity == "nearest_other" }).enumerated() {
            let others = training.indices.filter { $0 != image }
            let distance = others.map { oracle.square(training[image], training[$0]).squareRoot() }.min() ?? 0
            #expect(row.position == image && abs((row.value ?? 0) - distance / 8) < 1e-6)
        }
    }

    /// Along every component the share of variance is that of the samples projected on it, and the components are orthonormal
    /// and have the training images' covariance.
    @Test func modes() throws {
        let training = try oracle.images(DatasetSplit(spec: oracle.spec, count: 120).training)
        let found = try oracle.rows("modes", [:])
        func byMode(_ quantity: String) -> [Double] {
            found.filter { $0.quantity == quantity }.sorted { ($0.position ?? 0) < ($1.position ?? 0) }
                .map { $0.value ?? .nan }
        }
        let (eigenvalues, ratios) = (byMode("mode_eigenvalue"), byMode("mode_variance"))
        // Twenty images vary along nineteen components.
        #expect(eigenvalues.count == 19 && ratios.count == 19 && eigenvalues == eigenvalues.sorted(by: >))
        func covariance(_ images: [[Double]], _ divisor: Double) -> [[Double]] {
            let centre = (0..<64).map { pixel in oracle.mean(images.map { $0[pixel] }) }
            return (0..<64).map { i in
                (0..<64).map { j in
                    images.reduce(0) { $0 + ($1[i] - centre[i]) * ($1[j] - centre[j]) } / divisor
                }
            }
        }
        let ofTraining = covariance(training, 20)
        let ofSamples = covariance(try oracle.samples(256), 255)
        func times(_ matrix: [[Double]], _ vector: [Double]) -> [Double] {
            matrix.map { row in zip(row, vector).reduce(0) { $0 + $1.0 * $1.1 } }
        }
        // The first two by power iteration, each apart from those before.
        var before: [[Double]] = []
        for mode in 0..<2 {
            var vector = (0..<64).map { Double(1 + $0 * 7 % 5) }
            for _ in 0..<3000 {
                vector = times(ofTraining, vector)
                for other in before {
                    let part = zip(other, vector).reduce(0) { $0 + $1.0 * $1.1 }
                    vector = zip(vector, other).map { $0 - part * $1 }
                }
                let norm = oracle.norm(vector)
                vector = vector.map { $0 / norm }
            }
            before.append(vector)
            func form(_ matrix: [[Double]]) -> Double {
                zip(vector, times(matrix, vector)).reduce(0) { $0 + $1.0 * $1.1 }
            }
            #expect(abs(eigenvalues[mode] / form(ofTraining) - 1) < 1e-6)
            #expect(abs(ratios[mode] / (form(ofSamples) / form(ofTraining)) - 1) < 1e-4, "component \(mode)")
        }
        let trace = (0..<64).reduce(0) { $0 + ofTraining[$1][$1] }
        #expect(abs(eigenvalues.reduce(0, +) / trace - 1) < 1e-6)
    }

    @Test func ownTrajectories() throws {
        let split = try DatasetSplit(spec: oracle.spec, count: 120)
        let (training, heldOut) = (try oracle.images(split.training), try oracle.images(split.heldOut))
        let found = try oracle.rows("own-trajectory", ["samples": 24, "sampler": "euler", "steps": 5])
        var state = oracle.rowsOf(CounterRandom(seed: 0, purpose: .latents).normals(from: 0, count: 24 * Oracle.pixels))
            .map { $0.map { 80 * Double(Float($0)) } }
        let sigmas = (0..<5).map { step in
            pow(pow(80, 1 / 7.0) + Double(step) / 4 * (pow(0.002, 1 / 7.0) - pow(80, 1 / 7.0)), 7)
        }
        for (step, sigma) in sigmas.enumerated() {
            func value(_ quantity: String) -> Double {
                found.first { $0.quantity == quantity && abs(($0.sigma ?? 0) / sigma - 1) < 1e-9 }?.value ?? .nan
            }
            func distance(_ x: [[Double]]) throws -> Double {
                let pairs = zip(try oracle.denoise(x, sigma), oracle.optimum(of: training, x, sigma))
                return oracle.mean(pairs.map { (oracle.square($0, $1) / 64).squareRoot() })
            }
            let rounded = state.map { $0.map { Double(Float($0)) } }
            for (quantity, x) in [
                ("rmse_own", rounded), ("rmse_training", oracle.noised(training, 24, sigma)),
                ("rmse_held_out", oracle.noised(heldOut, 24, sigma)),
            ] {
                let wanted = try distance(x)
                #expect(abs(value(quantity) - wanted) <= 1e-4 * max(wanted, 0.01), "\(quantity) at \(sigma)")
            }
            guard step < 4 else { continue }
            let denoised = try oracle.denoise(rounded, sigma)
            state = zip(state, denoised).map { x, d in
                zip(x, d).map { $0 + (sigmas[step + 1] - sigma) * ($0 - $1) / sigma }
            }
        }
    }
}
