import JobContract
import Testing

/// Peaks of memory are foretold as they were measured.
@Suite struct MemoryForecastTests {
    /// Peaks in MiB: of README.md's table, and of `eigensweep-worker train` at higher resolutions on one thread.
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

    @Test func ofOthersNothingIsSaid() {
        #expect(MemoryForecast.training(of: ["model.architecture": "mean"]) == nil)
        #expect(MemoryForecast.training(of: ["model.architecture": "linear"]) == nil)
    }
}
