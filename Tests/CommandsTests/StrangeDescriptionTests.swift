import Foundation
import JobContract
import SweepModel
import Testing

@testable import Commands

/// A worker of somebody else's that says strange things when it is asked what it is.
@Suite struct StrangeDescriptionTests {
    @Test func aDescriptionWithoutEndIsRefusedInWords() {
        let error = #expect(throws: CommandFailure.self) {
            try WorkerProgram(WorkerCommand(command: ["yes"], upload: []))
        }
        #expect(error?.description.contains("`yes describe` printed 4 MiB and was ended") == true)
    }

    @Test(arguments: ["../measure", "--help", "store"]) func aMeasureHasAName(name: String) throws {
        let description = WorkerDescription(
            contract: 1, name: "given", numerics: 1, deterministic: true, jobKinds: ["measure"], architectures: [],
            measures: [MeasureRequest(measure: name, version: 1, parameters: [:])], build: "1", cpu: "any",
            kernels: "none", check: "")
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try JSONEncoder().encode(description).write(to: folder.appendingPathComponent("said.json"))
        let error = #expect(throws: CommandFailure.self) {
            try WorkerProgram(
                WorkerCommand(
                    command: ["sh", "-c", "cat said.json"], upload: [folder.appendingPathComponent("said.json").path]))
        }
        #expect(
            error?.description.contains("names a measure \"\(name)\", which is no name: ") == true, "\(error as Any)")
    }
}
