import Diffusion
import JobContract
import Tensors
import Testing

@testable import Measures

struct LinearityMeasureTests {
    private let training = randomImages(40, side: 4)
    private let heldOut = randomImages(24, side: 4, seed: 2)
    private let levels: [Double] = [20, 1, 0.05]

    private func rows(of denoiser: any Denoiser, _ parameters: [String: JSONValue] = [:]) throws -> [MeasureRow] {
        let defaults: [String: JSONValue] = [
            "pairs": 12, "mixtures": [0.5, 0.8], "sigmas": .array(levels.map { .number($0) }),
        ]
        let measure = try LinearityMeasure(parameters: defaults.merging(parameters) { $1 })
        return try measure.evaluate(
            MeasureSubject(denoiser: denoiser, training: training, heldOut: heldOut, flips: false)
        ) { _, _ in }.rows
    }

    private func gaussian() throws -> GaussianDenoiser { try GaussianDenoiser(images: training, flips: false) }

    /// A constant c has αc + βc ≠ c: 1 − (α + β) = −0.41421 of it at α² = ½, and 1 − 1/√2 of the sum.
    @Test func aConstantIsOfOneDirectionButNotLinear() throws {
        let found = try rows(of: Affine(slope: 0, offset: 0.7))
        for sigma in levels {
            #expect(abs(found.value("ls", at: sigma) - 1) < 1e-9)
            #expect(abs(found.value("nmse", at: sigma) - 0.414_213_562) < 1e-7)
            #expect(abs(found.value("nmse_of_sum", at: sigma) - 0.292_893_219) < 1e-7)
            #expect(abs(found.value("nmse_0.8", at: sigma) - (0.8.squareRoot() + 0.2.squareRoot() - 1)) < 1e-6)
        }
    }

    @Test func aLinearDenoiserIsLinearInEveryView() throws {
        let found = try rows(of: Affine(slope: 0.25, offset: 0))
        for sigma in levels {
            for name in ["ls", "score_ls", "residual_ls", "ls_centred", "ls_0.8"] {
                #expect(abs(found.value(name, at: sigma) - 1) < 1e-6, "\(name)")
            }
            for name in ["nmse", "nmse_of_sum", "score_nmse", "residual_nmse"] {
                #expect(found.value(name, at: sigma) < 1e-5, "\(name)")
            }
        }
    }

    @Test func whatIsNotThereHasNoDirection() throws {
        // The identity's score is 0 everywhere.
        let row = try #require(try rows(of: Affine(slope: 1, offset: 0)).first { $0.quantity == "score_ls" })
        #expect(row.value == nil && row.n == 12)
    }

    @Test(arguments: ["images", "noise"]) func theGaussianIsAffineNotLinear(inputs: String) throws {
        let found = try rows(of: try gaussian(), ["inputs": .string(inputs)])
        for sigma in levels {
            #expect(abs(found.value("ls_centred", at: sigma) - 1) < 1e-5)
            #expect(found.value("ls", at: sigma) == found.value("gaussian_ls", at: sigma))
            for name in ["nmse", "score_ls", "score_nmse", "residual_ls", "residual_nmse", "nmse_0.8"] {
                #expect(found.value(name, at: sigma) == found.value("gaussian_" + name, at: sigma), "\(name)")
            }
        }
        // Far from the data the denoiser's offset alone is left, which is nearly the constant's case.
        #expect(found.value("ls", at: 20) < 0.9999)
        if inputs == "images" { #expect(found.value("ls", at: 0.05) > 0.9999) }
    }

    /// The denoiser writes out every step, so that the cosine can follow its definition.
    @Test func theCosineIsThatOfTheDefinition() throws {
        let denoiser = MultiDeltaDenoiser(images: training, flips: false)
        let found = try rows(of: denoiser, ["draws": "shared"])
        let sigma = 1.0
        let noise = CounterRandom(seed: 0, purpose: .measureNoise).normals(from: 0, count: 24 * 16)
        func input(_ number: Int) -> [Float] {
            (0..<16).map { Float(Double(heldOut.values[number * 16 + $0]) + sigma * noise[number * 16 + $0]) }
        }
        func output(_ x: [Float]) -> [Double] {
            denoiser.denoise(Tensor(shape: [1, 1, 4, 4], values: x), sigma: [sigma]).values.map(Double.init)
        }
        var total = 0.0
        for pair in 0..<12 {
            let (x, y) = (input(pair), input(12 + pair))
            let half = 0.5.squareRoot()
            let whole = output(zip(x, y).map { Float(half * Double($0) + half * Double($1)) })
            let sum = zip(output(x), output(y)).map { half * $0 + half * $1 }
            func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
            total += abs(dot(whole, sum)) / (dot(whole, whole) * dot(sum, sum)).squareRoot()
        }
        #expect(abs(found.value("ls", at: sigma) - total / 12) < 1e-9)
        #expect(found.value("ls", at: sigma) < found.value("gaussian_ls", at: sigma))
    }

    @Test func levelsThatTheDenoiserIsNotForAreLeftOut() throws {
        struct Low: Denoiser {
            let base: any Denoiser
            var imageShape: ImageShape { base.imageShape }
            var levels: ClosedRange<Double> { 0...2 }
            func denoise(_ x: Tensor<Float>, sigma: [Double]) -> Tensor<Float> { base.denoise(x, sigma: sigma) }
        }
        #expect(Set(try rows(of: Low(base: try gaussian())).compactMap(\.sigma)) == [1, 0.05])
    }

    /// A denoiser with D(x) = −x beyond the mean's side and x within it: about the mean the mixture goes the other way.
    @Test func theCentredCosineKeepsItsSign() throws {
        struct Turning: Denoiser {
            let imageShape = ImageShape(channels: 1, height: 4, width: 4)
            func denoise(_ x: Tensor<Float>, sigma: [Double]) -> Tensor<Float> {
                // Mixtures have the norm of their parts, but not their sum of pixels: only one of both is turned.
                var result = x
                for image in 0..<x.shape[0] where abs(x[row: image].reduce(0, +)) > 4 {
                    for index in image * 16..<(image + 1) * 16 { result.values[index] = -x.values[index] }
                }
                return result
            }
        }
        // Two bright images have a mixture whose sum is √2 times as large, and is turned.
        let bright = Tensor<Float>(shape: [24, 1, 4, 4], values: heldOut.values.map { 0.2 + 0.01 * $0 })
        let dark = Tensor<Float>(shape: [2, 1, 4, 4], values: (0..<32).map { $0 < 16 ? 0.01 : -0.01 })
        let found = try LinearityMeasure(parameters: ["pairs": 12, "mixtures": [0.5], "sigmas": [0.001]]).evaluate(
            MeasureSubject(denoiser: Turning(), training: dark, heldOut: bright, flips: false)
        ) { _, _ in }.rows
        #expect(abs(found.value("ls", at: 0.001) - 1) < 1e-4)
        #expect(abs(found.value("ls_centred", at: 0.001) + 1) < 1e-3)
    }

    /// Pairs that come again are one cluster: there are as many clusters as different pairs, with an odd image left over.
    @Test func pairsOfTheSameImagesAreOneCluster() {
        let few = ImagePairs(images: 7, pairs: 12)
        #expect(few.different == 3 && (0..<12).allSatisfy { few[$0] == ($0 % 3, $0 % 3 + 3) })
        let many = ImagePairs(images: 24, pairs: 12)
        #expect(many.different == 12 && many[11] == (11, 23))
        #expect(ImagePairs(images: 1, pairs: 12)[5] == (0, 0))
    }

    /// The error is that of means over other images, also where 100 pairs come of few of them.
    @Test func theErrorCoversOtherImages() throws {
        let denoiser = MultiDeltaDenoiser(images: training, flips: false)
        var (values, errors): ([Double], [Double]) = ([], [])
        for seed in 0..<40 {
            let measure = try LinearityMeasure(parameters: ["pairs": 48, "mixtures": [0.5], "sigmas": [0.3]])
            let found = try measure.evaluate(
                MeasureSubject(
                    denoiser: denoiser, training: training,
                    heldOut: randomImages(16, side: 4, seed: UInt64(100 + seed)), flips: false, seed: UInt64(seed))
            ) { _, _ in }.rows
            let row = try #require(found.first { $0.quantity == "nmse" })
            #expect(row.n == 48)
            values.append(try #require(row.value))
            errors.append(try #require(row.stderr))
        }
        let ratio = Self.spread(values) / (errors.reduce(0, +) / Double(errors.count))
        #expect((0.7...1.45).contains(ratio), "\(ratio)")
    }

    private static func spread(_ values: [Double]) -> Double {
        let mean = values.reduce(0, +) / Double(values.count)
        return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)).squareRoot()
    }
}
