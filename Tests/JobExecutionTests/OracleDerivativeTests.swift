import Datasets
import Foundation
import JobContract
import Testing

/// As OracleTests, for measures of training images and of a network's derivative, which is computed by differences of its
/// results.
@Suite(.serialized) struct OracleDerivativeTests {
    private let oracle: Oracle
    private let (training, heldOut): ([[Double]], [[Double]])

    init() throws {
        oracle = try Oracle()
        let split = try DatasetSplit(spec: oracle.spec, count: 120)
        (training, heldOut) = (try oracle.images(split.training), try oracle.images(split.heldOut))
    }

    /// J at x, [output][input], by central differences.
    private func derivative(at x: [Double], _ sigma: Double) throws -> [[Double]] {
        let step = 1.0 / 64
        let moved = x.indices.flatMap { place in
            [step, -step].map { step in
                var x = x
                x[place] += step
                return x
            }
        }
        let found = try oracle.denoise(moved, sigma)
        return x.indices.map { output in
            x.indices.map { (found[2 * $0][output] - found[2 * $0 + 1][output]) / (2 * step) }
        }
    }

    @Test func derivatives() throws {
        let (sigma, first) = (1.5, 1 << 32)
        let found = try oracle.rows(
            "jacobian", ["sigmas": [.number(sigma)], "samples": 6, "vectors": 5, "origin": "black"])
        let clean = heldOut[0]
        let x = oracle.noised([clean], 1, sigma)[0]
        let output = try oracle.denoise([x], sigma)[0]
        let jacobian = try derivative(at: x, sigma)
        func expect(_ quantity: String, _ wanted: Double, _ tolerance: Double = 2e-3) {
            oracle.expect(found, quantity, at: sigma, wanted, tolerance)
        }
        func norm(_ rows: [[Double]]) -> Double { rows.reduce(0) { $0 + dot($1, $1) }.squareRoot() }
        let places = Array(x.indices)
        let symmetric = places.map { i in places.map { (jacobian[i][$0] + jacobian[$0][i]) / 2 } }
        let skew = places.map { i in places.map { (jacobian[i][$0] - jacobian[$0][i]) / 2 } }
        expect("effective_dimension", places.reduce(0) { $0 + jacobian[$1][$1] })
        expect("symmetry_error", norm(skew) / norm(jacobian))
        expect("mse", oracle.square(output, clean) / 64, 1e-5)
        let bright = output.map { $0 + 1 }
        let linear = jacobian.map { dot($0, x.map { $0 + 1 }) }
        expect("homogeneity_error", (oracle.square(bright, linear) / dot(bright, bright)).squareRoot())

        let eigen = SymmetricMatrix(symmetric)
        let coefficients = eigen.vectors.map { dot(clean.map { $0 + 1 }, $0) }
        let shrinkage = coefficients.map { $0 * $0 / ($0 * $0 + sigma * sigma) }
        expect("oracle_mse", sigma * sigma * shrinkage.reduce(0, +) / 64)
        let components = SymmetricMatrix(moments(of: training).covariance).vectors
        for k in 0..<5 {
            func value(_ quantity: String) -> Double {
                found.first { $0.quantity == quantity && $0.position == k }?.value ?? .nan
            }
            #expect(abs(value("eigenvalue") - eigen.values[k]) < 2e-3, "\(k)")
            // A vector is the worse known the nearer its neighbours' eigenvalues are.
            let gap = min(
                eigen.values[k] - eigen.values[k + 1], k == 0 ? .infinity : eigen.values[k - 1] - eigen.values[k])
            let tolerance = 4e-3 / gap
            #expect(abs(value("coefficient") - abs(coefficients[k])) < tolerance * oracle.norm(clean.map { $0 + 1 }))
            #expect(abs(value("alignment") - abs(dot(eigen.vectors[k], components[k]))) < tolerance, "\(k)")
            var overlap = 0.0
            for i in 0...k {
                for j in 0...k {
                    overlap += dot(eigen.vectors[i], components[j]) * dot(eigen.vectors[i], components[j])
                }
            }
            let open = 4e-3 / (eigen.values[k] - eigen.values[k + 1])
            #expect(abs(value("overlap") - overlap / Double(k + 1)) < open, "\(k)")
            #expect(overlap / Double(k + 1) < 0.99)
        }

        for (suffix, images, first) in [("", [clean], first), ("_other", Array(heldOut[1...]), 2 * first)] {
            let others = oracle.noised(images, 6, sigma, from: first)
            let wanted = try oracle.denoise(others, sigma)
            let expanded = others.map { other in
                zip(output, jacobian).map { $0 + dot($1, zip(other, x).map { $0 - $1 }) }
            }
            func root(_ rows: [[Double]]) -> Double {
                oracle.mean(zip(wanted, rows).map { oracle.square($0, $1) / 64 }).squareRoot()
            }
            expect("taylor_rmse" + suffix, root(expanded))
            expect("affine_rmse" + suffix, root(oracle.gaussian(of: training, others, sigma)), 1e-5)
        }
    }

    @Test func posteriors() throws {
        let levels = [1.5, 0.5, 0.2]
        let sigmas = JSONValue.array(levels.map { .number($0) })
        let found = try oracle.rows("posterior", ["samples": 80, "sigmas": sigmas])
        func squares(_ images: [[Double]], _ sigma: Double) -> [Double] {
            oracle.noised(images, 80, sigma).map { x in
                let logits = training.map { -oracle.square(x, $0) / (2 * sigma * sigma) }
                let largest = logits.max() ?? 0
                let weights = logits.map { exp($0 - largest) }
                let sum = weights.reduce(0, +)
                return weights.reduce(0) { $0 + $1 * $1 } / (sum * sum)
            }
        }
        for (suffix, images) in [("", training), ("_held_out", heldOut)] {
            for sigma in levels {
                let squares = squares(images, sigma)
                oracle.expect(found, "coincidence" + suffix, at: sigma, oracle.mean(squares))
                oracle.expect(found, "effective_count" + suffix, at: sigma, oracle.mean(squares.map { 1 / $0 }))
            }
            let collapse = try #require(found.first { $0.quantity == "collapse_sigma" + suffix }?.value)
            #expect(abs(oracle.mean(squares(images, collapse)) - 0.5) < 1e-4)
            #expect(oracle.mean(squares(images, collapse * 1.1)) < 0.5)
        }
        let between = found.first { $0.quantity == "effective_count" && $0.sigma == 0.5 }?.value ?? 0
        #expect(between > 1.05 && between < 19)
    }

    @Test func gaussianDistances() throws {
        let found = try oracle.rows("gaussian-distance", ["samples": 80, "sigmas": [0.3]])
        let x = oracle.noised(heldOut, 80, 0.3)
        let (network, other) = (try oracle.denoise(x, 0.3), oracle.gaussian(of: training, x, 0.3))
        let squares = zip(network, other).map(oracle.square)
        oracle.expect(found, "rmse", at: 0.3, oracle.mean(squares.map { ($0 / 64).squareRoot() }))
        oracle.expect(found, "rmse_pooled", at: 0.3, (oracle.mean(squares) / 64).squareRoot())
        oracle.expect(
            found, "nrmse", at: 0.3, oracle.mean(zip(squares, network).map { $0.squareRoot() / oracle.norm($1) }))
    }
}
