import Foundation
import JobContract
import SweepModel
import Testing

@testable import Commands

/// Somebody else's worker describes itself strangely.
@Suite struct StrangeDescriptionTests {
    @Test func aDescriptionWithoutEndIsRefusedInWords() {
        let error = #expect(throws: CommandFailure.self) {
            try WorkerProgram(WorkerCommand(command: ["yes"], upload: []))
        }
        #expect(error?.description.contains("`yes describe` printed 4 MiB and was ended") == true)
    }

    @Test(arguments: ["../measure", "--help", "store"]) func aMeasureHasAName(name: String) throws {
        let error = try refusal {
            $0.measures = [MeasureRequest(measure: name, version: 1, parameters: [:])]
        }
        #expect(error.description.contains("names a measure \"\(name)\", which is no name: "), "\(error)")
    }

    @Test(arguments: [-1, 257, .max]) func noWorkerNeedsSoManyGPUs(count: Int) throws {
        let error = try refusal { $0.gpus = count }
        #expect(error.description.hasSuffix("says that its jobs need \(count) GPUs: expected 0 to 256"), "\(error)")
    }

    @Test func aWorkersKeyHasAName() throws {
        let error = try refusal {
            $0.contract = 2
            $0.keys = [KeyDeclaration("model.scale", .integer, 8, "ours already")]
        }
        #expect(
            error.description.hasSuffix("keys: model.scale is a key of Eigensweep's: expected another name"), "\(error)"
        )
    }

    @Test func contractsOfOneAndTwoAreSpoken() throws {
        let error = try refusal { $0.contract = 3 }
        #expect(error.description.hasSuffix("speaks contract 3; this coordinator speaks 1 or 2"), "\(error)")
    }

    /// The refusal of a worker that describes itself like this.
    private func refusal(of change: (inout WorkerDescription) -> Void) throws -> CommandFailure {
        var description = WorkerDescription(
            contract: 1, name: "given", numerics: 1, deterministic: true, jobKinds: ["measure"], architectures: [],
            measures: [], build: "1", cpu: "any", kernels: "none", check: "")
        change(&description)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let said = folder.appendingPathComponent("said.json")
        try JSONEncoder().encode(description).write(to: said)
        let error = #expect(throws: CommandFailure.self) {
            try WorkerProgram(WorkerCommand(command: ["sh", "-c", "cat said.json"], upload: [said.path]))
        }
        return try #require(error)
    }
}
