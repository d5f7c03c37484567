import JobContract
import Testing

@testable import Commands

/// Forecasts of trainings that have a second network for a measure agree with measured peaks.
@Suite struct MemoryOfTrainingTests {
    /// Peaks in MiB of `eigensweep-worker run` on one thread, batch 16, that takes raw-loss at its only milestone.
    @Test(
        arguments: [(16, 4, [2, 2, 2], 398), (64, 2, [2, 2], 1191)] as [(Int64, Int64, [Int64], Double)])
    func aSecondNetworkIsCounted(scale: Int64, blocks: Int64, multipliers: [Int64], peak: Double) throws {
        let spec: [String: JSONValue] = [
            "model.architecture": "ddpmpp", "dataset.resolution": 32, "model.scale": .integer(scale),
            "model.blocks": .integer(blocks), "model.multipliers": .array(multipliers.map(JSONValue.integer)),
            "model.attention": [],
        ]
        func ratio(_ measures: [MeasureRequest]) throws -> Double {
            Double(try #require(MemoryForecast.training(of: spec, measuring: measures))) / (peak * 1_048_576)
        }
        let raw = MeasureRequest(
            measure: "raw-loss", version: 1, parameters: [MeasureRequest.weightsParameter: "raw"])
        let plain = MeasureRequest(measure: "loss", version: 1, parameters: [:])
        #expect(try ratio([plain, raw]) > 0.75 && ratio([plain, raw]) < 1.26)
        #expect(try ratio([plain]) < 0.7)
    }
}
