import Datasets
import Diffusion
import JobContract
import Quantities
import Tensors

/// Images of a network as a dataset for others: what `dataset.source: {samples: TRIAL, …}` makes of it.
///
/// The file is a prepared dataset of all samples, their pixels rounded to bytes. Latents have a key of their own: measures of a
/// network that was trained on these images begin with the latents of their seeds, and would otherwise lead to the very images
/// that it has seen.
/// - `repeated`: share of samples that equal an earlier one, byte by byte;
/// - `clipped`: share of pixels that lay beyond the levels of a byte, by more than half of one.
package struct SamplesMeasure: Measure {
    package static let entry = MeasureEntry.samples
    package static let parameters = LatentSampling.parameters(1024) + Draws.parameters

    let sampling: LatentSampling

    package init(parameters: [String: JSONValue]) throws {
        let reader = try ParameterReader(Self.self, parameters)
        sampling = try LatentSampling(reader)
    }

    package func evaluate(_ subject: MeasureSubject, progress: MeasureProgress) throws -> MeasureResult {
        try subject.requireSampler(for: Self.name)
        let drawn = try sampling.draw(from: subject.denoiser, key: key(of: subject), progress: progress)
        if let place = drawn.values.firstIndex(where: { !$0.isFinite }) {
            throw MeasureError("sample \(place / drawn.stride) has a pixel that is no number")
        }
        let pixels = drawn.bytes
        var seen: Set<[UInt8]> = []
        let repeated = stride(from: 0, to: pixels.count, by: drawn.stride).map { start in
            !seen.insert(Array(pixels[start..<start + drawn.stride])).inserted
        }
        let most = 1 + 1 / Float(255)
        let clipped = drawn.values.count { abs($0) > most }
        let shape = subject.denoiser.imageShape
        let file = DatasetFile.encode(
            pixels: pixels, channels: shape.channels, height: shape.height, width: shape.width)
        return MeasureResult(
            rows: [
                Estimate(shareOf: repeated).row("repeated"),
                MeasureRow(
                    quantity: "clipped", value: Double(clipped) / Double(drawn.values.count), n: drawn.values.count),
            ],
            artifacts: [
                MeasureResult.Artifact(
                    name: "dataset.safetensors", mediaType: "application/octet-stream", bytes: file)
            ])
    }

    /// No training has this number for its seed.
    private static let own = UInt64.max

    private func key(of subject: MeasureSubject) -> UInt64 {
        let words = CounterRandom(seed: sampling.draws.key(of: subject), purpose: .draws).block(Self.own)
        return UInt64(words[0]) << 32 | UInt64(words[1])
    }
}
