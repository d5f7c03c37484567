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

    @Test(
        arguments: [
            ("\"kind\":\"float\",\"default\":1,\"meaning\":\"m\"", "has a kind that is none: expected integer, number"),
            ("\"default\":1,\"meaning\":\"m\"", "lacks the field kind"),
            ("\"kind\":\"integer\",\"meaning\":\"m\"", "lacks the field default"),
            ("\"kind\":\"integer\",\"default\":1", "lacks the field meaning"),
            ("\"kind\":\"integer\",\"default\":1,\"meaning\":\"m\",\"least\":\"1\"", "has a least that is none"),
            ("\"kind\":\"text\",\"default\":\"a\",\"meaning\":\"m\",\"choices\":[1]", "has a 0 that is none"),
        ]) func aStrangeKeyIsNamed(fields: String, message: String) throws
    {
        let key = "{\"key\":\"model.patch\",\(fields)}"
        let error = try refusal {
            $0.contract = 2
        } text: {
            $0.replacing("{\"", with: "{\"keys\":[\(key)],\"", maxReplacements: 1)
        }
        #expect(error.description.contains("keys: model.patch \(message)"), "\(error)")
    }

    /// The refusal of a worker that describes itself like this.
    private func refusal(
        of change: (inout WorkerDescription) -> Void, text: (String) -> String = { $0 }
    ) throws -> CommandFailure {
        var description = WorkerDescription(
            contract: 1, name: "given", numerics: 1, deterministic: true, jobKinds: ["measure"], architectures: [],
            measures: [], build: "1", cpu: "any", kernels: "none", check: "")
        change(&description)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let said = folder.appendingPathComponent("said.json")
        let encoded = String(decoding: try JSONEncoder().encode(description), as: UTF8.self)
        try text(encoded).write(to: said, atomically: true, encoding: .utf8)
        let error = #expect(throws: CommandFailure.self) {
            try WorkerProgram(WorkerCommand(command: ["sh", "-c", "cat said.json"], upload: [said.path]))
        }
        return try #require(error)
    }
}
