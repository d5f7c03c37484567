import JobContract
import SweepFiles
import SweepModel
import Testing

/// `worker.measures` says who measures another worker's networks.
@Suite struct BorrowedMeasureTests {
    private static let lines = "dataset.size: 16\ntraining.steps: 100\n"

    private func file(_ worker: String, _ overrides: [String] = []) throws -> SweepFile {
        try SweepFile(text: sweep(Self.lines + "worker: \(worker)"), file: "x.yaml", overrides: overrides)
    }

    @Test func isReadFromTheFileAndBySet() throws {
        #expect(try file("{command: [a]}").worker.measures == nil)
        #expect(try file("{command: [a], measures: eigensweep-worker}").worker.measures == "eigensweep-worker")
        #expect(
            try file("{command: [a]}", ["worker.measures=eigensweep-worker"]).worker.measures == "eigensweep-worker")
    }

    @Test(arguments: ["mean_worker.py", "[a, b]", "{}"]) func onlyOursCan(value: String) {
        let error = #expect(throws: SweepFileError.self) { try file("{command: [a], measures: \(value)}") }
        #expect(error.map { "\($0)" }?.contains("x.yaml:5") == true, "\(error.map { "\($0)" } ?? "")")
    }

    @Test func aMisspeltPartIsNamed() {
        let error = #expect(throws: SweepFileError.self) { try file("{command: [a], measure: eigensweep-worker}") }
        #expect(error.map { "\($0)" }?.contains("did you mean measures?") == true)
    }

    /// Without products with the Jacobian, the refusal says why and where.
    @Test func aJacobianOfAWorkerWithoutProductsIsRefused() throws {
        var worker = describedWorker()
        let text = sweep(Self.lines + "measures: [jacobian]")
        func complaint() throws -> String {
            let file = try SweepFile(text: text, file: "x.yaml")
            let error = #expect(throws: SweepFileError.self) { try file.expand(worker: worker, identify: identity) }
            return try "\(#require(error))"
        }
        #expect(try complaint().contains("has no such measure"))
        worker.denoise = DenoiseOffer(derivative: false)
        #expect(try complaint().contains("products with the Jacobian, which the worker golden does not offer"))
        #expect(try complaint().contains("x.yaml:5"))
    }
}
