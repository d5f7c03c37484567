import Datasets
import Diffusion
import Foundation
import JobContract
import SweepModel
import Tensors
import Testing

@testable import Measures

struct SamplesMeasureTests {
    /// Sends everything to one of two images, whichever is nearer, or to `image` where there is one.
    private struct Copying: Denoiser {
        let images: [[Float]]
        let imageShape = ImageShape(channels: 1, height: 4, width: 4)

        func denoise(_ x: Tensor<Float>, sigma: [Double]) -> Tensor<Float> {
            var values: [Float] = []
            for image in 0..<x.shape[0] {
                let near = images.min { distance($0, x[row: image]) < distance($1, x[row: image]) }
                values += near ?? []
            }
            return Tensor(shape: x.shape, values: values)
        }

        private func distance(_ a: [Float], _ b: ArraySlice<Float>) -> Float {
            zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        }
    }

    /// D of N(0, s²), whose samples are known multiples of the latents.
    private struct Shrinking: Denoiser {
        let imageShape = ImageShape(channels: 1, height: 4, width: 4)
        func denoise(_ x: Tensor<Float>, sigma: [Double]) -> Tensor<Float> {
            var result = x
            for image in 0..<x.shape[0] {
                let share = Float(0.09 / (0.09 + sigma[image] * sigma[image]))
                for i in 0..<16 { result.values[image * 16 + i] *= share }
            }
            return result
        }
    }

    private func subject(_ denoiser: any Denoiser, seed: UInt64 = 0) -> MeasureSubject {
        let images = randomImages(4, side: 4)
        return MeasureSubject(
            denoiser: denoiser, training: images, heldOut: images, flips: false, source: { images }, seed: seed)
    }

    private func taken(
        _ denoiser: any Denoiser, seed: UInt64 = 0, _ more: [String: JSONValue] = [:]
    ) throws -> (rows: [MeasureRow], pixels: [[UInt8]]) {
        let measure = try SamplesMeasure(parameters: ["samples": 30].merging(more) { $1 })
        let result = try measure.evaluate(subject(denoiser, seed: seed)) { _, _ in }
        #expect(result.artifacts.map(\.name) == [SamplesSource.file])
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("samples-\(UUID()).safetensors")
        defer { try? FileManager.default.removeItem(at: path) }
        try Data(try #require(result.artifacts.first).bytes).write(to: path)
        let file = try DatasetFile(path: path.path)
        #expect(file.count == 30 && file.channels == 1 && file.height == 4 && file.notes == DatasetNotes())
        return (result.rows, try (0..<30).map { try file.pixels(of: $0) })
    }

    /// Two images, drawn again and again: all but the first of each are repeated, and all are kept.
    @Test func equalSamplesAreCountedAndKept() throws {
        let images: [[Float]] = [[Float](repeating: 0.5, count: 16), [Float](repeating: -1.2, count: 16)]
        let (rows, pixels) = try taken(Copying(images: images))
        #expect(Set(pixels) == [[UInt8](repeating: 191, count: 16), [UInt8](repeating: 0, count: 16)])
        #expect(rows.map(\.quantity) == ["repeated", "clipped"])
        #expect(rows[0].value == 28.0 / 30)
        let dark = pixels.count { $0[0] == 0 }
        #expect(rows[1].value == Double(dark) / 30 && rows[1].n == 480)
    }

    /// Samples of a Gaussian have its variance, and differ by seed, training's seed and number.
    @Test func samplesAreTheNetworks() throws {
        let (rows, pixels) = try taken(Shrinking())
        #expect(rows[0].value == 0)
        let levels = pixels.joined().map { Double($0) / 127.5 - 1 }
        let variance = levels.reduce(0) { $0 + $1 * $1 } / 480
        // Six standard errors of 480: 0.09·√(2/480)·6.
        #expect(abs(variance - 0.09) < 0.035)
        #expect(try taken(Shrinking()).pixels == pixels)
        for other in [try taken(Shrinking(), ["seed": 1]).pixels, try taken(Shrinking(), seed: 1).pixels] {
            #expect(Set(other).isDisjoint(with: pixels))
        }
        #expect(
            try taken(Shrinking(), seed: 1, ["draws": "shared"]).pixels
                == taken(Shrinking(), ["draws": "shared"]).pixels)
    }

    /// No other measure begins with these latents, with whatever seed below 100: a student would be led to its own images.
    @Test func latentsAreOfNoOtherMeasure() throws {
        let (_, pixels) = try taken(Shrinking())
        let shape = ImageShape(channels: 1, height: 4, width: 4)
        for seed in 0..<100 {
            let reader = try ParameterReader(SamplesMeasure.self, ["seed": .integer(Int64(seed))])
            let sampling = try LatentSampling(reader)
            let key = sampling.draws.key(of: subject(Shrinking()))
            let latents = Latents.draw(seed: key, first: 0, count: 30, shape: shape)
            let correlation = (0..<480).reduce(0.0) { sum, i in
                sum + Double(latents.values[i]) * (Double(pixels[i / 16][i % 16]) / 127.5 - 1) / 0.3
            }
            #expect(abs(correlation / 480) < 0.3, "seed \(seed)")
        }
    }

    /// A source asks for the measure that there is, with every parameter.
    @Test func sourcesAskForThisMeasure() throws {
        var source = SamplesSource(trial: String(repeating: "0a", count: 32), count: 7)
        source.version = SamplesMeasure.version
        #expect(source.request.measure == SamplesMeasure.name)
        #expect(Set(source.request.parameters.keys) == Set(SamplesMeasure.defaults.keys))
        #expect(try KnownMeasures.measure(for: source.request) is SamplesMeasure)
        let defaults = SamplesMeasure.defaults.merging(["samples": 7]) { $1 }
        #expect(source.request.parameters == defaults)
    }
}
