import Diffusion
import JobContract
import ScoreNetworks
import Tensors
import TestSupport
import Testing

@testable import Measures

struct JacobianMeasureTests {
    private let training = randomImages(40, side: 4)
    private let heldOut = randomImages(5, side: 4, seed: 2)

    private func result(
        of denoiser: any Denoiser, _ parameters: [String: JSONValue], training: Tensor<Float>? = nil
    ) throws -> MeasureResult {
        let shape = denoiser.imageShape
        let count = shape.count
        func images(_ tensor: Tensor<Float>) -> Tensor<Float> {
            let number = tensor.values.count / count
            return Tensor(
                shape: [number, shape.channels, shape.height, shape.width],
                values: Array(tensor.values.prefix(number * count)))
        }
        return try JacobianMeasure(parameters: parameters).evaluate(
            MeasureSubject(
                denoiser: denoiser, training: images(training ?? self.training), heldOut: images(heldOut), flips: false)
        ) { _, _ in }
    }

    private func values(_ quantity: String, _ rows: [MeasureRow], at sigma: Double) -> [Double] {
        rows.filter { $0.quantity == quantity && $0.sigma == sigma }.sorted { ($0.position ?? 0) < ($1.position ?? 0) }
            .map { $0.value ?? .nan }
    }

    /// The Gaussian has J = U diag(λ/(λ+σ²)) Uᵀ, and is its own affine fit and its own expansion.
    @Test func theGaussianHasItsShrinkageAndItsPrincipalComponents() throws {
        let gaussian = try GaussianDenoiser(images: training, flips: false)
        let found = try result(of: gaussian, ["images": 3, "vectors": 16, "sigmas": [2, 0.3]]).rows
        for sigma in [2, 0.3] {
            let shrinkage = gaussian.eigenvalues.reversed().map { $0 / ($0 + sigma * sigma) }
            #expect(zip(values("eigenvalue", found, at: sigma), shrinkage).allSatisfy { abs($0 - $1) < 1e-6 })
            #expect(abs(found.value("effective_dimension", at: sigma) - shrinkage.reduce(0, +)) < 1e-5)
            for quantity in ["symmetry_error", "taylor_rmse", "taylor_rmse_other"] {
                #expect(found.value(quantity, at: sigma) < 1e-5, "\(quantity)")
            }
            #expect(found.value("affine_rmse", at: sigma) == 0)
            #expect(values("alignment", found, at: sigma).allSatisfy { abs($0 - 1) < 1e-3 })
            #expect(values("overlap", found, at: sigma).allSatisfy { abs($0 - 1) < 1e-3 })
            #expect(values("eigenvalue", found, at: sigma).count == 16)
            // The whole basis loses nothing of the images' squares, and has an oracle that is better than the denoiser.
            let squares = (0..<3).map { heldOut[row: $0].reduce(0) { $0 + Double($1) * Double($1) } }
            let whole = values("coefficient", found, at: sigma)
            let kept = whole.reduce(0) { $0 + $1 * $1 }
            let mean = squares.reduce(0, +) / 3
            #expect(kept <= mean + 1e-6)
            #expect(found.value("oracle_mse", at: sigma) < sigma * sigma)
        }
    }

    @Test func theOracleShrinksByTheImagesOwnCoefficients() throws {
        let gaussian = try GaussianDenoiser(images: training, flips: false)
        let found = try result(of: gaussian, ["vectors": 16, "sigmas": [0.5]]).rows
        let coefficients = values("coefficient", found, at: 0.5)
        let expected = coefficients.map { $0 * $0 / ($0 * $0 + 0.25) }
        #expect(zip(values("oracle_shrinkage", found, at: 0.5), expected).allSatisfy { abs($0 - $1) < 1e-9 })
        let error = expected.reduce(0) { $0 + 0.25 * $1 } / 16
        #expect(abs(found.value("oracle_mse", at: 0.5) - error) < 1e-9)
        let square = heldOut[row: 0].reduce(0) { $0 + Double($1) * Double($1) }
        #expect(abs(coefficients.reduce(0) { $0 + $1 * $1 } - square) < 1e-5 * square)
    }

    /// A linear denoiser of four pixels has a matrix that is not symmetric.
    @Test func aLinearNetworkHasItsMatrix() throws {
        let network = try drawnNetwork(.linear(ImageShape(channels: 1, height: 2, width: 2)), .none)
        var units = Tensor<Float>(zeros: [5, 1, 2, 2])
        for pixel in 0..<4 { units.values[5 * pixel] = 1 }
        let columns = network.denoise(units, sigma: [1, 1, 1, 1, 1])
        var matrix = Matrix(zeros: 4, 4)
        for i in 0..<4 {
            for j in 0..<4 { matrix.values[4 * i + j] = Double(columns.values[4 * j + i] - columns.values[16 + i]) }
        }
        let (symmetric, error) = matrix.symmetrised
        let eigen = try Eigendecomposition(symmetric: symmetric)
        let found = try result(of: network, ["sigmas": [1]]).rows
        #expect(zip(values("eigenvalue", found, at: 1), eigen.values.reversed()).allSatisfy { abs($0 - $1) < 1e-5 })
        #expect(error > 0.1 && abs(found.value("symmetry_error", at: 1) - error) < 1e-5)
        #expect(abs(found.value("effective_dimension", at: 1) - matrix.trace) < 1e-5)
        #expect(found.value("taylor_rmse", at: 1) < 1e-5)
        #expect(found.value("affine_rmse", at: 1) > 0.05)
        // The distilled denoiser is the network itself.
        let distilled = try result(of: network, ["sigmas": [1], "affine": "distilled"]).rows
        #expect(distilled.value("affine_rmse", at: 1) < 0.2 * found.value("affine_rmse", at: 1))
    }

    /// D(y) = J(y)·y holds for these networks, for pixels in [0, 1] (Kadkhodaie et al. 2024), and not for others.
    @Test func biasFreeNetworksAreHomogeneous() throws {
        let blind = try drawnNetwork(
            .blind(BlindConfiguration(kind: .unet(blocks: 1), kernels: 4, resolution: 4, imageChannels: 1)), .blind)
        let found = try result(of: blind, ["sigmas": [0.5], "images": 2]).rows
        #expect(found.value("homogeneity_error", at: 0.5) < 1e-5)
        // The network is not linear.
        #expect(found.value("taylor_rmse", at: 0.5) > 1e-3)
        let unet = try drawnNetwork(Self.smallUNet, .edm())
        #expect(try result(of: unet, ["sigmas": [0.5]]).rows.value("homogeneity_error", at: 0.5) > 1e-2)
    }

    private static let smallUNet = NetworkConfiguration.unet(
        UNetConfiguration(
            architecture: .ddpmpp, modelChannels: 4, resolution: 4, imageChannels: 1, multipliers: [1, 2], blocks: 1,
            attentionResolutions: [2], dropout: 0, augmentLabels: 0))

    @Test func aNetworksTraceIsThatOfFiniteDifferences() throws {
        let network = try drawnNetwork(Self.smallUNet, .edm())
        let found = try result(of: network, ["sigmas": [0.5], "seed": 3, "draws": "shared"]).rows
        let x = NoisedImages(images: heldOut, seed: 3).block(0..<1, sigma: 0.5)
        var trace = 0.0
        for pixel in 0..<16 {
            var (ahead, behind) = (x, x)
            ahead.values[pixel] += 0x1p-8
            behind.values[pixel] -= 0x1p-8
            let (a, b) = (network.denoise(ahead, sigma: [0.5]), network.denoise(behind, sigma: [0.5]))
            trace += Double(a.values[pixel] - b.values[pixel]) * 0x1p7
        }
        #expect(abs(found.value("effective_dimension", at: 0.5) - trace) < 2e-3)
        #expect(abs(values("eigenvalue", found, at: 0.5).reduce(0, +) - trace) < 2e-3)
    }

    /// The leading part comes of randomised passes, and is compared with all of J.
    @Test func theLeadingPartIsThatOfTheWhole() throws {
        // The spectrum falls: 64 pixels have standard deviations 2^(−k/3).
        let size = 64
        var mixed = Matrix(
            rows: size, columns: size,
            values: CounterRandom(seed: 9, purpose: .generator).normals(from: 0, count: size * size))
        mixed.orthonormaliseRows()
        let gaussian = GaussianDenoiser(
            imageShape: ImageShape(channels: 1, height: 8, width: 8), mean: [Double](repeating: 0, count: size),
            eigenvalues: (0..<size).map { Elementary.pow(2, -Double(size - 1 - $0) / 1.5) }, eigenvectors: mixed)
        let images = randomImages(10, side: 8)
        let whole = try result(of: gaussian, ["sigmas": [0.3]], training: images).rows
        let part = try result(of: gaussian, ["sigmas": [0.3], "rank": 6], training: images).rows
        let leading = values("eigenvalue", part, at: 0.3)
        #expect(leading.count == 6)
        for (a, b) in zip(leading, values("eigenvalue", whole, at: 0.3)) { #expect(abs(a - b) < 1e-4) }
        for (a, b) in zip(values("coefficient", part, at: 0.3), values("coefficient", whole, at: 0.3)) {
            #expect(abs(a - b) < 1e-3)
        }
        let dimension = whole.value("effective_dimension", at: 0.3)
        #expect(abs(part.value("effective_dimension", at: 0.3) - dimension) < 0.02 * dimension)
        #expect(!part.contains { $0.quantity == "taylor_rmse" })
    }

    @Test func theArtifactsHoldThePictureAndAllEigenvalues() throws {
        let gaussian = try GaussianDenoiser(images: training, flips: false)
        let found = try result(of: gaussian, ["images": 2, "vectors": 3, "sigmas": [2, 1, 0.3], "from": "training"])
        #expect(found.artifacts.map(\.name) == ["jacobian.safetensors", "eigenvectors.png"])
        let file = try SafetensorsFile(bytes: found.artifacts[0].bytes, name: "jacobian")
        let eigenvalues: Tensor<Double> = try file.tensor("eigenvalues")
        let vectors: Tensor<Float> = try file.tensor("eigenvectors")
        #expect(eigenvalues.shape == [3, 2, 16] && vectors.shape == [3, 2, 3, 1, 4, 4])
        #expect(abs(eigenvalues.values[0] - values("eigenvalue", found.rows, at: 2)[0]) < 1e-9)
        #expect(found.artifacts[1].bytes.prefix(4) == [0x89, 0x50, 0x4E, 0x47])
    }

    @Test func aDenoiserWithoutDerivativeIsRefused() {
        #expect(throws: MeasureError.self) { try result(of: Affine(slope: 1), [:]) }
    }

    /// A denoiser with J = diag(λ) + K, K antisymmetric: S = diag(λ) has a spectrum that falls as slowly as networks' do.
    private struct Turned: DifferentiableDenoiser {
        let imageShape = ImageShape(channels: 1, height: 32, width: 32)
        static let values = (0..<1024).map { 1.25 / (1 + Double($0) / 120) }

        private func apply(_ x: Tensor<Float>, _ sign: Double) -> Tensor<Float> {
            var result = x
            for image in 0..<x.shape[0] {
                for i in 0..<1024 {
                    let (last, next) = (
                        x.values[1024 * image + (i + 1023) % 1024], x.values[1024 * image + (i + 1) % 1024]
                    )
                    let symmetric = Self.values[i] * Double(x.values[1024 * image + i])
                    result.values[1024 * image + i] = Float(symmetric + sign * 0.3 * (Double(next) - Double(last)))
                }
            }
            return result
        }

        func denoise(_ x: Tensor<Float>, sigma: [Double]) -> Tensor<Float> { apply(x, 1) }
        func pullback(at x: Tensor<Float>, sigma: Double) -> Pullback { { apply($0, -1) } }
        func pushforward(at x: Tensor<Float>, sigma: Double) -> Pullback { { apply($0, 1) } }
    }

    @Test func ritzValuesAreThoseOfTheSymmetricPart() throws {
        let images = randomImages(4, side: 32)
        let found = try JacobianMeasure(parameters: ["rank": 20, "vectors": 20, "sigmas": [0.3]]).evaluate(
            MeasureSubject(denoiser: Turned(), training: images, heldOut: images, flips: false)
        ) { _, _ in }.rows
        let residuals = values("eigenvalue_residual", found, at: 0.3)
        let eigenvalues = values("eigenvalue", found, at: 0.3)
        #expect(eigenvalues.count == 20)
        for k in 0..<20 {
            #expect(abs(eigenvalues[k] - Turned.values[k]) < 1e-4, "\(k)")
            #expect(abs(eigenvalues[k] - Turned.values[k]) <= residuals[k])
            // The basis vector e_k is pixel k.
            let pixel = abs(Double(images[row: 0][images[row: 0].startIndex + k]))
            #expect(abs(values("coefficient", found, at: 0.3)[k] - pixel) < 0.05, "\(k)")
        }
        // A random trace is within a few of its standard errors.
        let trace = try #require(found.first { $0.quantity == "effective_dimension" })
        let (value, error) = (try #require(trace.value), try #require(trace.stderr))
        #expect(error > 0 && error < 0.05 * value)
        #expect(abs(value - Turned.values.reduce(0, +)) < 4 * error)
    }

    /// A network's derivative is not symmetric, and differences give Jv: parts are as from all of J.
    @Test func theLeadingPartOfANetworkIsThatOfTheWhole() throws {
        let network = try drawnNetwork(
            .unet(
                UNetConfiguration(
                    architecture: .ddpmpp, modelChannels: 4, resolution: 16, imageChannels: 1, multipliers: [1, 2],
                    blocks: 1, attentionResolutions: [8], dropout: 0, augmentLabels: 0)), .edm())
        let images = randomImages(6, side: 16)
        func rows(_ rank: Int64) throws -> [MeasureRow] {
            try JacobianMeasure(parameters: ["rank": .integer(rank), "vectors": 5, "sigmas": [1.979, 0.3]]).evaluate(
                MeasureSubject(denoiser: network, training: images, heldOut: images, flips: false)
            ) { _, _ in }.rows
        }
        let (whole, part) = (try rows(0), try rows(5))
        for sigma in [1.979, 0.3] {
            let expected = values("eigenvalue", whole, at: sigma)
            for (a, b) in zip(values("eigenvalue", part, at: sigma), expected) {
                #expect(abs(a - b) < 2e-3, "\(sigma)")
            }
            #expect(whole.value("symmetry_error", at: sigma) > 0.02)
            #expect(part.value("mse", at: sigma) == whole.value("mse", at: sigma))
            let trace = try #require(part.first { $0.quantity == "effective_dimension" && $0.sigma == sigma })
            let difference = (trace.value ?? 0) - whole.value("effective_dimension", at: sigma)
            #expect(abs(difference) < 5 * (trace.stderr ?? 0) + 1e-3)
        }
    }

    /// Jv by differences agrees with all of J.
    @Test func productsWithTheDerivativeAreItsRows() throws {
        let network = try drawnNetwork(Self.smallUNet, .edm())
        let x = randomImages(1, side: 4, std: 1)
        for sigma in [2, 0.3, 0.002] {
            var units = Tensor<Float>(zeros: [16, 1, 4, 4])
            for pixel in 0..<16 { units.values[17 * pixel] = 1 }
            let rows = try network.pullback(at: x, sigma: sigma)(units)
            let vectors = randomImages(3, side: 4, seed: 8)
            let found = try network.pushforward(at: x, sigma: sigma)(vectors)
            for vector in 0..<3 {
                for pixel in 0..<16 {
                    let expected = (0..<16).reduce(0.0) {
                        $0 + Double(rows.values[16 * pixel + $1]) * Double(vectors.values[16 * vector + $1])
                    }
                    #expect(abs(Double(found.values[16 * vector + pixel]) - expected) < 5e-3, "\(sigma)")
                }
            }
        }
    }

    /// Coefficients are ⟨y + 1, e_k⟩, counted from black; the whole basis has ‖y + 1‖².
    @Test func coefficientsAreCountedFromTheOrigin() throws {
        let gaussian = try GaussianDenoiser(images: training, flips: false)
        for (origin, pixel) in [("grey", 0.0), ("black", -1)] {
            let found = try result(of: gaussian, ["vectors": 16, "sigmas": [0.5], "origin": .string(origin)]).rows
            let coefficients = values("coefficient", found, at: 0.5)
            let square = heldOut[row: 0].reduce(0) { $0 + (Double($1) - pixel) * (Double($1) - pixel) }
            #expect(abs(coefficients.reduce(0) { $0 + $1 * $1 } - square) < 1e-5 * square)
            let oracle = coefficients.map { $0 * $0 / ($0 * $0 + 0.25) }
            #expect(zip(values("oracle_shrinkage", found, at: 0.5), oracle).allSatisfy { abs($0 - $1) < 1e-9 })
            #expect(abs(found.value("oracle_mse", at: 0.5) - oracle.reduce(0) { $0 + 0.25 * $1 } / 16) < 1e-9)
            #expect(values("overlap_chance", found, at: 0.5) == (1...16).map { Double($0) / 16 })
        }
    }
}
