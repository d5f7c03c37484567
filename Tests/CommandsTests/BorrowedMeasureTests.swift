import Foundation
import JobContract
import PythonPackage
import SweepModel
import Testing

@testable import Commands

/// Workers whose networks ours measures, and the Python package beside workers.
@Suite struct BorrowedMeasureTests {
    private static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// A worker of one file that prints its description, changed so; `before` runs first.
    private func program(
        contract: Int = 2, measures: String? = nil, keys: [KeyDeclaration]? = nil, denoise: DenoiseOffer? = nil,
        before: String = ""
    ) throws -> WorkerProgram {
        let description = WorkerDescription(
            contract: contract, name: "given", numerics: 3, deterministic: false, jobKinds: ["train"],
            architectures: ["given"], measures: [MeasureRequest(measure: "denoising", version: 9, parameters: [:])],
            keys: keys, denoise: denoise, build: "1", cpu: "any", kernels: "none", check: "")
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("given.py")
        let text = String(decoding: try JSONEncoder().encode(description), as: UTF8.self)
        try Data("\(before)\nprint('''\(text)''')\n".utf8).write(to: file)
        return try WorkerProgram(
            WorkerCommand(command: ["python3", "given.py"], upload: [file.path], measures: measures))
    }

    @Test(arguments: [1, 2]) func workersOfBothVersionsAreTaken(contract: Int) throws {
        let program = try program(contract: contract)
        #expect(program.description.contract == contract && program.measuring == nil)
        #expect(try program.check() == nil && !program.isOurs)
    }

    @Test(arguments: [0, 3]) func noOthersAre(contract: Int) {
        let error = #expect(throws: CommandFailure.self) { try program(contract: contract) }
        #expect(
            error?.description.contains("speaks contract \(contract); this coordinator speaks 1 or 2") == true)
    }

    /// A key `memorization.x` would look like a quantity of the measure.
    @Test func noSectionOfKeysIsNamedAsABorrowedMeasure() throws {
        let keys = [KeyDeclaration("memorization.x", .integer, 1, "a number")]
        #expect(try program(keys: keys).measuring == nil)
        let error = #expect(throws: CommandFailure.self) {
            try program(measures: "eigensweep-worker", keys: keys, denoise: .init(derivative: false))
        }
        #expect(error?.description.contains("named as the measure memorization") == true)
    }

    /// Python looks for modules where a file lies that a link names: so the worker must be a copy.
    @Test func thePackageLiesBesideAWorker() throws {
        let program = try program(before: "import eigensweep, eigensweep.contract as c; assert c.CONTRACT == 2")
        #expect(program.uploads.map(\.name) == ["given.py", "eigensweep.py"])
        let ours = try WorkerProgram.ours()
        #expect(ours.uploads.map(\.name) == ["eigensweep-worker"] && ours.isOurs)
    }

    @Test func thePackageIsThatOfTheTree() throws {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", Self.repository.appendingPathComponent("python/one_file.py").path]
        process.standardOutput = output
        try process.run()
        let printed = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0 && printed == Data(PythonPackage.file.utf8))
    }

    @Test(arguments: [true, false]) func oursTakesWhatTheWorkerDoesNotDeclare(derivative: Bool) throws {
        let program = try program(measures: "eigensweep-worker", denoise: DenoiseOffer(derivative: derivative))
        let ours = try WorkerProgram.ours().description
        let both = program.description
        #expect(both.name == "given" && both.numerics == 3 && both.architectures == ["given"])
        let names = both.measures.map(\.measure)
        #expect(names.first == "denoising" && both.measures[0].version == 9, "its own stays with it")
        let lacking = Set(ours.measures.map(\.measure)).subtracting(names)
        #expect(lacking == (derivative ? [] : ["jacobian"]))
        #expect(
            both.measures.dropFirst()
                == ours.measures.filter { names.contains($0.measure) && $0.measure != "denoising" }[...])
        for name in names.dropFirst() {
            #expect(both.quantities?[name] == ours.quantities?[name])
            #expect(both.parameters?[name] == ours.parameters?[name])
            #expect((both.rules?[name] ?? []) == (ours.rules?[name] ?? []))
            #expect(both.samples(name) == ours.samples(name))
        }
        #expect(both.quantities?["denoising"] == nil && both.parameters?["denoising"] == nil)
        let measuring = try #require(program.measuring)
        #expect(measuring.measures.worker == WorkerName(name: "eigensweep-worker", numerics: ours.numerics))
        #expect(measuring.measures.names == Set(names.dropFirst()))
        #expect(try program.check() != nil, "hosts are compared by our worker")
    }

    @Test func oneThatServesNoNetworksIsRefused() {
        let error = #expect(throws: CommandFailure.self) { try program(measures: "eigensweep-worker") }
        #expect(error?.description.contains("the worker given has no command denoise") == true)
    }

    @Test func oursIsTheOnlyOneThatMeasuresOthers() {
        let error = #expect(throws: CommandFailure.self) {
            try program(measures: "another", denoise: DenoiseOffer(derivative: true))
        }
        #expect(error?.description.contains("worker.measures names another") == true)
    }
}
