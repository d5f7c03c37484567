import Foundation
import Testing

@testable import Commands

struct ExportTests {
    @Test func `a sweep's measurements are in the file, in both forms, and nothing of hosts`() throws {
        let folder = "/tmp/es-export-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let catalogue = folder + "/catalogue.sqlite"
        try SampleCatalogue.write(to: catalogue)
        func export(_ form: String) throws -> [Substring] {
            let out = "\(folder)/small.\(form)"
            try Data("an earlier one".utf8).write(to: URL(fileURLWithPath: out))
            try ExportCommand.parse(["small", "--format", form, "--out", out, "--catalogue", catalogue]).run()
            return try String(contentsOfFile: out, encoding: .utf8).split(separator: "\n")
        }
        let (csv, ndjson) = (try export("csv"), try export("ndjson"))
        #expect(csv.count == ndjson.count + 1 && ndjson.count > 4)
        #expect(csv[0].contains("trial_id") && csv[0].contains("dataset.size") && csv[0].contains("value"))
        #expect(!csv[0].contains("host") && !csv.joined().contains("/tmp"))
        for line in ndjson { #expect(try JSONSerialization.jsonObject(with: Data(line.utf8)) is [String: Any]) }
        let left = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.contains("partial") }
        #expect(left.isEmpty)
    }

    @Test func `a file that cannot be written leaves nothing and says so`() throws {
        let folder = "/tmp/es-export-\(UInt32.random(in: 0...UInt32.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let catalogue = folder + "/catalogue.sqlite"
        try SampleCatalogue.write(to: catalogue)
        let command = try ExportCommand.parse([
            "small", "--format", "csv", "--out", "\(folder)/nowhere/small.csv", "--catalogue", catalogue,
        ])
        let failure = #expect(throws: CommandFailure.self) { try command.run() }
        #expect(failure?.description.contains("nowhere/small.csv cannot be written: No such file") == true)
    }
}
