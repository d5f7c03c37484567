import Diffusion
import JobContract
import Tensors
import Testing

@testable import Measures

struct ModesMeasureTests {
    private static let shape = ImageShape(channels: 1, height: 4, width: 4)
    private static let spectrum = (0..<16).map { 0.5 / Double(1 + $0 * $0) }

    /// Two images for each pixel, whose covariance with 1/N is diagonal and has `spectrum`, about the mean 0.1; the order of
    /// the pixels is not that of the spectrum.
    private let training: Tensor<Float> = {
        var values: [Float] = []
        for mode in 0..<16 {
            for sign in [1.0, -1] {
                var image = [Float](repeating: 0.1, count: 16)
                image[Self.pixel(mode)] += Float(sign * (16 * spectrum[mode]).squareRoot())
                values += image
            }
        }
        return Tensor(shape: [32, 1, 4, 4], values: values)
    }()

    /// The pixel along which component `mode` varies.
    private static func pixel(_ mode: Int) -> Int { mode * 5 % 16 }

    /// The Gaussian that has `ratios` of the spectrum, about another mean.
    private func gaussian(_ ratios: [Double]) -> GaussianDenoiser {
        var vectors = [Double](repeating: 0, count: 256)
        for mode in 0..<16 { vectors[mode * 16 + Self.pixel(mode)] = 1 }
        return GaussianDenoiser(
            imageShape: Self.shape, mean: [Double](repeating: -0.2, count: 16),
            eigenvalues: zip(ratios, Self.spectrum).map { $0 * $1 },
            eigenvectors: Matrix(rows: 16, columns: 16, values: vectors))
    }

    private func rows(
        _ denoiser: any Denoiser, heldOut: Tensor<Float>? = nil, _ parameters: [String: JSONValue] = [:]
    ) throws -> [MeasureRow] {
        let given: [String: JSONValue] = ["samples": 512, "steps": 60, "draws": "shared"]
        let subject = MeasureSubject(
            denoiser: denoiser, training: training, heldOut: heldOut ?? randomImages(9, side: 4), flips: false)
        return try ModesMeasure(parameters: given.merging(parameters) { $1 }).evaluate(subject) { _, _ in }.rows
    }

    private func byMode(_ quantity: String, _ rows: [MeasureRow]) -> [MeasureRow] {
        rows.filter { $0.quantity == quantity }.sorted { ($0.position ?? 0) < ($1.position ?? 0) }
    }

    private func variance(_ values: [Double]) -> Double {
        let mean = values.reduce(0, +) / Double(values.count)
        return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
    }

    /// The flow takes the latent z of N(μ, λ) at 80 to √λ·z, but for a part of 80 and of μ that is gone. Samples so have the
    /// Gaussian's spectrum, times the variance that the latents happen to have.
    @Test func samplesOfAGaussianHaveItsSpectrum() throws {
        let ratios = (0..<16).map { 0.2 + 0.1 * Double($0) }
        let found = try rows(gaussian(ratios))
        let latents = Latents.draw(seed: 0, count: 512, shape: Self.shape)
        let modes = byMode("mode_variance", found)
        #expect(modes.map(\.position) == (0..<16).map { $0 })
        for (mode, row) in modes.enumerated() {
            let drawn = (0..<512).map { Double(latents[row: $0].dropFirst(Self.pixel(mode)).first ?? 0) }
            let value = try #require(row.value)
            #expect(abs(value / (ratios[mode] * variance(drawn)) - 1) < 0.02, "component \(mode)")
            let error = try #require(row.stderr)
            // A normal variance has the error √(2/n).
            #expect(abs(error / (value * (2.0 / 512).squareRoot()) - 1) < 0.3 && abs(value - ratios[mode]) < 4 * error)
            #expect(row.n == 512)
        }
        for (mode, row) in byMode("mode_eigenvalue", found).enumerated() {
            #expect(abs((row.value ?? 0) / Self.spectrum[mode] - 1) < 1e-5)
        }
    }

    @Test func heldOutImagesAreTheControl() throws {
        let heldOut = randomImages(40, side: 4, std: 0.3, seed: 8)
        let found = try rows(gaussian(Self.spectrum.map { _ in 1 }), heldOut: heldOut, ["samples": 2, "steps": 2])
        for (mode, row) in byMode("mode_variance_held_out", found).enumerated() {
            let pixels = (0..<40).map { Double(heldOut[row: $0].dropFirst(Self.pixel(mode)).first ?? 0) }
            #expect(abs((row.value ?? 0) / (variance(pixels) / Self.spectrum[mode]) - 1) < 1e-5 && row.n == 40)
        }
        let without = try rows(
            gaussian(Self.spectrum.map { _ in 1 }), heldOut: randomImages(1, side: 4), ["samples": 2, "steps": 2])
        #expect(byMode("mode_variance_held_out", without).allSatisfy { $0.value == nil && $0.n == 1 })
    }

    /// Of three images there are two components, however many are asked for.
    @Test func componentsAreThoseAlongWhichImagesVary() throws {
        let few = training.entries(0..<3)
        let subject = MeasureSubject(
            denoiser: MultiDeltaDenoiser(images: few, flips: false), training: few, heldOut: few, flips: false)
        func count(_ parameters: [String: JSONValue]) throws -> Int {
            let given: [String: JSONValue] = ["samples": 4, "steps": 3]
            let measure = try ModesMeasure(parameters: given.merging(parameters) { $1 })
            return byMode("mode_variance", try measure.evaluate(subject) { _, _ in }.rows).count
        }
        #expect(try count([:]) == 2 && count(["components": 1]) == 1)
        var alone = subject
        alone.training = training.entries(0..<1)
        #expect(throws: MeasureError.self) { try ModesMeasure(parameters: [:]).evaluate(alone) { _, _ in } }
        alone.training = Tensor(shape: [2, 1, 4, 4], values: [Float](repeating: 0.25, count: 32))
        #expect(throws: MeasureError.self) {
            try ModesMeasure(parameters: ["samples": 2, "steps": 2]).evaluate(alone) { _, _ in }
        }
    }
}
