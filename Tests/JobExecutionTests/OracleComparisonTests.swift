import Datasets
import Foundation
import JobContract
import Tensors
import Testing

/// As OracleTests, for where latents lead and what two networks have in common.
@Suite(.serialized) struct OracleComparisonTests {
    private let oracle: Oracle

    init() throws { oracle = try Oracle() }

    private func images(_ changes: [String: JSONValue] = [:]) throws -> (training: [[Double]], heldOut: [[Double]]) {
        let split = try DatasetSplit(spec: oracle.spec.merging(changes) { $1 }, count: 120)
        return (try oracle.images(split.training), try oracle.images(split.heldOut))
    }

    private func latents(_ count: Int) -> [[Double]] {
        oracle.rowsOf(CounterRandom(seed: 0, purpose: .latents).normals(from: 0, count: count * Oracle.pixels))
            .map { $0.map { Double(Float($0)) } }
    }

    private func cosine(_ a: [Double], _ b: [Double]) -> Double { dot(a, b) / (oracle.norm(a) * oracle.norm(b)) }
    private func centred(_ image: [Double]) -> [Double] {
        let mean = oracle.mean(image)
        return image.map { $0 - mean }
    }

    @Test func agreement() throws {
        // The other network has another draw of images, some of which are in both subsets.
        let other = try oracle.other(["dataset.subset_seed=1"])
        let count = 24
        let found = try oracle.rows(
            "agreement", ["samples": .number(Double(count)), "sigmas": [0.5]],
            ["--other", other, "--other-set", "dataset.subset_seed=1"])
        let (own, heldOut) = try images()
        let theirs = try images(["dataset.subset_seed": 1]).training
        let shared = own.count { theirs.contains($0) }
        #expect(shared > 0 && shared < 20)
        func expect(_ quantity: String, at sigma: Double? = nil, _ wanted: Double, _ tolerance: Double = 2e-5) {
            oracle.expect(found, quantity, at: sigma, wanted, tolerance)
        }
        let (first, second) = (try oracle.samples(count), try oracle.samples(count, by: other))
        let (ours, others) = (moments(of: own), moments(of: theirs))
        let roots = (SymmetricMatrix(ours.covariance), SymmetricMatrix(others.covariance))
        func gaussian(_ mean: [Double], _ root: SymmetricMatrix) -> [[Double]] {
            latents(count).map { z in zip(mean, root.applied({ max($0, 0).squareRoot() }, to: z)).map { $0 + $1 } }
        }
        let drawn = (gaussian(ours.mean, roots.0), gaussian(others.mean, roots.1))
        for (suffix, seen) in [("", centred), ("_uncentred", { $0 })] as [(String, ([Double]) -> [Double])] {
            func pairs(_ a: [[Double]], _ b: [[Double]]) -> Double {
                oracle.mean(zip(a, b).map { cosine(seen($0), seen($1)) })
            }
            func largest(_ a: [[Double]], _ b: [[Double]]) -> Double {
                oracle.mean(a.map { a in b.map { cosine(seen(a), seen($0)) }.max() ?? .nan })
            }
            expect("cosine" + suffix, pairs(first, second))
            expect("cosine_other" + suffix, pairs(first, Array(second[1...]) + second[..<1]))
            expect("cosine_training" + suffix, largest(first, own))
            expect("cosine_training_other" + suffix, largest(second, theirs))
            expect("cosine_held_out" + suffix, largest(first, Array(heldOut[..<20])))
            expect("cosine_training_as_many" + suffix, largest(first, own))
            expect("cosine_sets" + suffix, largest(own, theirs))
            expect("gaussian_cosine" + suffix, pairs(drawn.0, drawn.1))
        }

        let split = try DatasetSplit(spec: oracle.spec, count: 120)
        let source = moments(of: try oracle.images((0..<120).filter { !split.heldOut.contains($0) })).covariance
        func square(_ rows: [[Double]]) -> Double { rows.reduce(0) { $0 + dot($1, $1) } }
        let trace = source.indices.reduce(0) { $0 + source[$1][$1] }
        let spread = 1.0 / 20 + 1.0 / 20 - 2 * Double(shared) / 400
        let difference = zip(ours.covariance, others.covariance).map { zip($0, $1).map { $0 - $1 } }
        expect("mean_distance", (oracle.square(ours.mean, others.mean) / trace).squareRoot())
        expect("mean_distance_expected", spread.squareRoot())
        expect("covariance_distance", (square(difference) / square(source)).squareRoot())
        expect("covariance_distance_expected", (spread * (1 + trace * trace / square(source))).squareRoot())

        let x = oracle.noised(heldOut, count, 0.5)
        for (prefix, a, b) in [
            ("", try oracle.denoise(x, 0.5), try oracle.denoise(x, 0.5, by: other)),
            ("gaussian_", oracle.gaussian(of: own, x, 0.5), oracle.gaussian(of: theirs, x, 0.5)),
        ] {
            let squares = zip(a, b).map(oracle.square)
            expect(prefix + "rmse", at: 0.5, oracle.mean(squares.map { ($0 / 64).squareRoot() }))
            expect(prefix + "rmse_pooled", at: 0.5, (oracle.mean(squares) / 64).squareRoot())
            let norms = zip(a, b).map { (oracle.norm($0) + oracle.norm($1)) / 2 }
            expect(prefix + "nrmse", at: 0.5, oracle.mean(zip(squares, norms).map { $0.squareRoot() / $1 }))
        }
    }

    @Test func subsetsAreTold() throws {
        let other = try oracle.other(["dataset.part={index: 1, of: 2}"])
        let found = try oracle.rows(
            "subset-information", ["samples": 40], ["--other", other, "--other-set", "dataset.part={index: 1, of: 2}"])
        let own = try images().training
        let theirs = try images(["dataset.part": ["index": 1, "of": 2]]).training
        func nearest(_ image: [Double], _ images: [[Double]]) -> Double {
            images.map { oracle.square(image, $0).squareRoot() }.min() ?? .nan
        }
        // [network][image]: the distances to the own subset and to the other's.
        let distances = [
            try oracle.samples(40).map { (nearest($0, own), nearest($0, theirs)) },
            try oracle.samples(40, by: other).map { (nearest($0, theirs), nearest($0, own)) },
        ]
        let all = distances.flatMap(\.self)
        oracle.expect(
            found, "accuracy", oracle.mean(all.map { $0.0 < $0.1 ? 1 : $0.0 == $0.1 ? 0.5 : 0 }))
        oracle.expect(found, "information_bound", log(2))
        func loss(_ pair: (own: Double, other: Double), _ scale: Double) -> Double {
            log(1 + exp(scale * 2 * (pair.own - pair.other) / (pair.own + pair.other)))
        }
        func mean(_ remainder: Int, _ scale: Double) -> Double {
            oracle.mean(
                distances.flatMap {
                    $0.enumerated().filter { $0.offset % 2 == remainder }.map { loss($0.element, scale) }
                })
        }
        let scale = try #require(found.first { $0.quantity == "information_scale" }?.value)
        for tried in [scale / 2, scale * 2, 0] where tried <= 4096 { #expect(mean(0, scale) <= mean(0, tried)) }
        oracle.expect(found, "information", log(2) - mean(1, scale))
    }

    @Test func trajectories() throws {
        let count = 12
        let found = try oracle.rows(
            "trajectories",
            [
                "samples": .number(Double(count)), "steps": 6,
                "sides": ["network", "gaussian", "gaussian_sampled", "multi_delta"],
            ])
        let training = try images().training
        let levels = Set(found.compactMap(\.sigma)).sorted(by: >)
        try #require(levels.count >= 6)
        let sigmas = levels.last == 0 ? levels : levels + [0]
        let start = latents(count).map { $0.map { $0 * sigmas[0] } }
        func euler(_ denoise: ([[Double]], Double) throws -> [[Double]]) rethrows -> [[[Double]]] {
            var states = [start]
            for (sigma, next) in zip(sigmas, sigmas.dropFirst()) {
                let x = states[states.count - 1]
                let clean = try denoise(x.map { $0.map { Double(Float($0)) } }, sigma)
                states.append(
                    zip(x, clean).map { zip($0, $1).map { $0 + (next - sigma) * ($0 - $1) / sigma } })
            }
            return states
        }
        let (mean, covariance) = moments(of: training)
        let eigen = SymmetricMatrix(covariance)
        let flow = sigmas.map { sigma in
            start.map { x in
                let moved = eigen.applied(
                    { ((max($0, 0) + sigma * sigma) / (max($0, 0) + sigmas[0] * sigmas[0])).squareRoot() },
                    to: zip(x, mean).map { $0 - $1 })
                return zip(moved, mean).map { $0 + $1 }
            }
        }
        let sides = [
            ("network", try euler { try oracle.denoise($0, $1) }), ("gaussian", flow),
            ("gaussian_sampled", euler { oracle.gaussian(of: training, $0, $1) }),
            ("multi_delta", euler { oracle.optimum(of: training, $0, $1) }),
        ]
        for (index, (name, states)) in sides.enumerated() {
            for (other, theirs) in sides[(index + 1)...] {
                for (level, sigma) in sigmas.enumerated() {
                    let distance = oracle.mean(
                        zip(states[level], theirs[level]).map { (oracle.square($0, $1) / 64).squareRoot() })
                    if levels.contains(sigma) {
                        oracle.expect(found, "rmse_\(name)_\(other)", at: sigma, distance, 1e-4)
                    }
                    guard level == sigmas.count - 1 else { continue }
                    oracle.expect(found, "final_rmse_\(name)_\(other)", distance, 1e-4)
                    oracle.expect(
                        found, "final_cosine_\(name)_\(other)",
                        oracle.mean(zip(states[level], theirs[level]).map { cosine(centred($0), centred($1)) }), 1e-4)
                }
            }
        }
    }

    @Test func copiesByTheOptimum() throws {
        let (count, steps) = (16, 6)
        let found = try oracle.rows(
            "mutual-information",
            ["samples": .number(Double(count)), "steps": .number(Double(steps)), "sigmas": [0.5], "sampler": "heun"])
        let training = try images().training
        let sigmas = (0..<steps).map { step in
            let (low, high) = (pow(0.002, 1.0 / 7), pow(80, 1.0 / 7))
            return pow(high + Double(step) / Double(steps - 1) * (low - high), 7)
        }
        func heun(_ denoise: ([[Double]], Double) throws -> [[Double]]) rethrows -> [[Double]] {
            func slopes(_ x: [[Double]], _ sigma: Double) throws -> [[Double]] {
                zip(x, try denoise(x.map { $0.map { Double(Float($0)) } }, sigma)).map { x, clean in
                    zip(x, clean).map { ($0 - $1) / sigma }
                }
            }
            func moved(_ x: [[Double]], _ slopes: [[Double]], _ step: Double) -> [[Double]] {
                zip(x, slopes).map { zip($0, $1).map { $0 + step * $1 } }
            }
            var x = latents(count).map { $0.map { $0 * sigmas[0] } }
            for (sigma, next) in zip(sigmas, Array(sigmas.dropFirst()) + [0]) {
                let first = try slopes(x, sigma)
                let ahead = moved(x, first, next - sigma)
                if next == 0 { return ahead }
                let second = try slopes(ahead, next)
                x = moved(x, zip(first, second).map { zip($0, $1).map { ($0 + $1) / 2 } }, next - sigma)
            }
            return x
        }
        let network = try heun { try oracle.denoise($0, $1) }
        let optimum = heun { oracle.optimum(of: training, $0, $1) }
        func distances(_ a: [[Double]], _ b: [[Double]]) -> Double {
            oracle.mean(zip(a, b).map { (oracle.square($0, $1) / 64).squareRoot() })
        }
        oracle.expect(found, "output_distance", distances(network, optimum), 1e-4)
        oracle.expect(found, "output_distance_other", distances(network, Array(optimum[1...]) + optimum[..<1]), 1e-4)
        let near = [network, optimum].map { images in
            images.map { x in
                training.indices.min { oracle.square(x, training[$0]) < oracle.square(x, training[$1]) } ?? 0
            }
        }
        oracle.expect(found, "nearest_network", distances(network, near[0].map { training[$0] }), 1e-4)
        oracle.expect(found, "nearest_optimum", distances(optimum, near[1].map { training[$0] }), 1e-4)
        oracle.expect(found, "same_nearest", oracle.mean(zip(near[0], near[1]).map { $0 == $1 ? 1 : 0 }))
        oracle.expect(found, "same_nearest_chance", 1 / 20.0)
    }

    @Test func sampleQuality() throws {
        let found = try oracle.rows("sample-quality", ["samples": 20])
        let (training, heldOut) = try images()
        let samples = try oracle.samples(20)
        func distance(_ a: [[Double]], _ b: [[Double]]) -> Double {
            let (first, second) = (moments(of: a), moments(of: b))
            let root = SymmetricMatrix(first.covariance)
            let half = second.covariance.map { root.applied({ max($0, 0).squareRoot() }, to: $0) }
            let columns = half.indices.map { column in half.map { $0[column] } }
            let product = SymmetricMatrix(columns.map { root.applied({ max($0, 0).squareRoot() }, to: $0) })
            func trace(_ rows: [[Double]]) -> Double { rows.indices.reduce(0) { $0 + rows[$1][$1] } }
            return oracle.square(first.mean, second.mean) + trace(first.covariance) + trace(second.covariance)
                - 2 * product.values.reduce(0) { $0 + max($1, 0).squareRoot() }
        }
        let (near, far) = (Array(heldOut[..<20]), Array(heldOut[20..<40]))
        for (name, a, b) in [
            ("training", samples, training), ("held_out", samples, near), ("baseline", near, training),
            ("control", near, far),
        ] { oracle.expect(found, "pixel_frechet_\(name)", distance(a, b), 1e-4) }
    }
}
