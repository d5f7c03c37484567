import JobContract
import SweepModel
import Testing

@testable import Commands

@Suite struct MeasureForecastTests {
    private static func training(_ resolution: Int64) throws -> Training {
        let spec: [String: JSONValue] = ["dataset.resolution": .integer(resolution), "dataset.channels": 1]
        return Training(id: try TrainingID(spec: spec), spec: spec)
    }

    /// Sizes of files that the worker left.
    @Test(
        arguments: [
            ("memorization", 8, ["samples": 64], 289_674.0),
            ("memorization", 16, ["samples": 256], 538_500),
            ("agreement", 16, ["samples": 256], 272_830),
            ("jacobian", 16, ["images": 1, "vectors": 25, "sigmas": [1.979, 0.3, 0.002]], 280_994),
            ("gaussian-distance", 16, ["samples": 256], 0),
            ("sample-quality", 16, ["samples": 128, "sampler": "heun"], 0),
        ] as [(String, Int64, [String: JSONValue], Double)])
    func filesOfMeasuresAreForetold(
        measure: String, resolution: Int64, parameters: [String: JSONValue], bytes: Double
    ) throws {
        let foretold = MeasureForecast.files(measure, parameters, of: try Self.training(resolution))
        #expect(abs(foretold - bytes) <= 0.05 * bytes)
    }
}
