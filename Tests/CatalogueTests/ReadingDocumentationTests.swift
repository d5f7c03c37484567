import Foundation
import JobContract
import SweepModel
import Testing

@testable import ResultCatalogue

/// The lines of docs/reading-the-catalogue.md do what it says.
@Suite struct ReadingDocumentationTests {
    private static func python(_ program: String) -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", program]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        guard (try? process.run()) != nil else { return (127, "") }
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: said, as: UTF8.self))
    }

    private static func has(_ module: String) -> Bool { python("import \(module)").status == 0 }

    private func blocks() throws -> [String] {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../docs/reading-the-catalogue.md")
        return try String(contentsOf: page, encoding: .utf8).components(separatedBy: "```python\n").dropFirst()
            .compactMap { $0.components(separatedBy: "```").first }
    }

    private func run(_ block: Int) throws -> String {
        let scratch = try Scratch()
        let catalogue = try Catalogue(path: scratch.catalogue)
        let sweep = Fixture.sweep(scales: [4], steps: [256], seeds: [0, 1])
        try catalogue.store(sweep)
        for (index, trial) in sweep.trials.enumerated() {
            try catalogue.commit([
                .attemptIntended(Fixture.attempt(index + 1, [trial])),
                .measured(
                    AttemptNumber(index + 1), Fixture.memorized(trial, glScore: 0.1, copied: index < 2 ? 0.75 : 0.25)),
            ])
        }
        let program = try blocks()[block].replacing("results/catalogue.sqlite", with: scratch.catalogue)
        let (status, output) = Self.python(program)
        #expect(status == 0, "\(output)")
        return output
    }

    @Test(.enabled("python3 has no sqlite3 here") { has("sqlite3") })
    func pythonReadsIt() throws {
        #expect(
            try run(0) == "16 images, scale 4: 0.750 of 2 trials\n64 images, scale 4: 0.250 of 2 trials\n")
    }

    @Test(.enabled("pandas is not installed here") { has("pandas") })
    func pandasReadsIt() throws {
        let output = try run(1)
        #expect(output.contains("0.75") && output.contains("0.25"))
    }
}
