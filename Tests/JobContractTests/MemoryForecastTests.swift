import JobContract
import Testing

/// Forecasts of peaks of memory agree with measured peaks.
@Suite struct MemoryForecastTests {
    /// Peaks in MiB, from README.md's table and from `eigensweep-worker train` at higher resolutions on one thread.
    @Test(
        arguments: [
            ("ddpmpp", 32, 4, 4, [2, 2, 2], 62), ("ddpmpp", 32, 8, 4, [2, 2, 2], 114),
            ("ddpmpp", 32, 16, 4, [2, 2, 2], 228), ("ddpmpp", 32, 32, 4, [2, 2, 2], 492),
            ("ddpmpp", 32, 64, 4, [2, 2, 2], 1171), ("ddpmpp", 32, 128, 4, [2, 2, 2], 2668),
            ("ddpmpp", 80, 16, 4, [2, 2, 2], 1172), ("ddpmpp", 256, 4, 1, [1, 1, 1, 1], 794),
            ("adm", 80, 16, 1, [1, 2, 2], 435),
        ] as [(String, Int64, Int64, Int64, [Int64], Double)])
    func isWithinAQuarter(
        architecture: String, side: Int64, scale: Int64, blocks: Int64, multipliers: [Int64], peak: Double
    ) throws {
        let spec: [String: JSONValue] = [
            "model.architecture": .string(architecture), "dataset.resolution": .integer(side),
            "model.scale": .integer(scale), "model.blocks": .integer(blocks),
            "model.multipliers": .array(multipliers.map(JSONValue.integer)),
        ]
        let bytes = try #require(MemoryForecast.training(of: spec))
        let ratio = Double(bytes) / (peak * 1_048_576)
        #expect(ratio > 0.75 && ratio < 1.26, "\(ratio)")
    }

    /// Peaks in MiB of `eigensweep-worker train` on one thread, batch 32.
    @Test(
        arguments: [
            ("bf-cnn", 32, 16, "layers", 21, 60), ("bf-cnn", 32, 64, "layers", 21, 230),
            ("bf-cnn", 80, 64, "layers", 12, 668), ("bias-free-unet", 32, 16, "blocks", 3, 65),
            ("bias-free-unet", 32, 64, "blocks", 3, 554), ("bias-free-unet", 80, 64, "blocks", 3, 955),
            ("bias-free-unet", 64, 32, "blocks", 2, 188),
        ] as [(String, Int64, Int64, String, Int64, Double)])
    func isWithinAQuarterForBlindNetworks(
        architecture: String, side: Int64, scale: Int64, depth: String, depthValue: Int64, peak: Double
    ) throws {
        let spec: [String: JSONValue] = [
            "model.architecture": .string(architecture), "dataset.resolution": .integer(side),
            "model.scale": .integer(scale), "model.\(depth)": .integer(depthValue),
        ]
        let bytes = try #require(MemoryForecast.training(of: spec))
        let ratio = Double(bytes) / (peak * 1_048_576)
        #expect(ratio > 0.75 && ratio < 1.26, "\(ratio)")
    }

    /// Bytes of the weights' files of `eigensweep-worker train`.
    @Test(
        arguments: [("bf-cnn", 21, 0, 2_821_376.0), ("bias-free-unet", 0, 2, 1_832_336)]
            as [(String, Int64, Int64, Double)])
    func filesAreForetold(architecture: String, layers: Int64, blocks: Int64, bytes: Double) {
        let spec: [String: JSONValue] = [
            "model.architecture": .string(architecture), "model.layers": .integer(layers),
            "model.blocks": .integer(blocks),
            "model.scale": .integer(architecture == "bf-cnn" ? 64 : 32),
        ]
        let ratio = Double(OutputForecast.weights(of: spec) ?? 0) / bytes
        #expect(ratio > 0.9 && ratio < 1.1, "\(ratio)")
    }

    @Test func ofOthersNothingIsSaid() {
        #expect(MemoryForecast.training(of: ["model.architecture": "mean"]) == nil)
        #expect(MemoryForecast.training(of: ["model.architecture": "linear"]) == nil)
        #expect(OutputForecast.weights(of: ["model.architecture": "mean", "model.scale": 64]) == nil)
        #expect(OutputForecast.weights(of: [:]) == nil)
    }

    /// Of a network that nobody here knows, earlier weights say how large it is.
    @Test func whatWasSeenServesWhereNothingIsKnown() throws {
        var job = JobDescription(
            job: JobID(Digest(of: [])), attempt: AttemptNumber(1), training: TrainingID(Digest(of: [])),
            spec: ["model.architecture": "mean"], dataset: Digest(of: []),
            task: .train(TrainTask(milestones: [10, 20])))
        #expect(job.expectedOutput(weights: nil) == 0)
        #expect(job.expectedOutput(weights: 1000) == 1000 * (2 + 2 * OutputForecast.statesToWeights))
        #expect(job.expectedOutput(weights: .max) > 0)
        job.spec = ["model.architecture": "linear"]
        #expect(job.expectedOutput(weights: 1000) == job.expectedOutput(weights: nil))
    }
}
