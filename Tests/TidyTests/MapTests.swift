import Foundation
import Testing

/// The catalogue of docs/map.md: it answers, its figures are drawn, and it tells of nobody.
@Suite struct MapTests {
    private static let catalogue = Tree.root.appendingPathComponent("docs/map/catalogue.sqlite").path

    private func run(_ words: [String]) throws -> (text: String, status: Int32) {
        let process = Process()
        process.executableURL = Tree.programs.appendingPathComponent("eigensweep")
        process.arguments = words + ["--catalogue", Self.catalogue]
        let out = Pipe()
        (process.standardOutput, process.standardInput) = (out, FileHandle.nullDevice)
        try process.run()
        let text = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (text, process.terminationStatus)
    }

    @Test func itAnswers() throws {
        let (text, status) = try run([
            "query", "--sweep", "map", "--measure", "memorization.copied", "--by", "dataset.size,model.scale",
            "--statistic", "mean,count", "--format", "csv",
        ])
        #expect(status == 0)
        #expect(text.split(separator: "\n").count > 4)
        #expect(text.contains("dataset.size"))
    }

    @Test func itsFiguresAreDrawn() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("map-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(try run(["analyze", "map", "--out", folder.path]).status == 0)
        for match in try Tree.text("docs/map.md").matches(of: #/\(map\/([a-z-]+\.(?:svg|png))\)/#) {
            #expect(FileManager.default.fileExists(atPath: folder.appendingPathComponent(String(match.1)).path))
        }
    }

    @Test func itTellsOfNobody() throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: Self.catalogue))
        #expect(bytes.count < 20_000_000)
        let machine = (try? String(contentsOfFile: "/etc/machine-id", encoding: .utf8)) ?? ""
        let words =
            ["/home/", "/root", "/Users/", "/tmp/", "/work", "samples.png", "image/png", "JFIF", "\u{89}PNG"]
            + [machine.trimmingCharacters(in: .whitespacesAndNewlines)].filter { !$0.isEmpty }
        for word in words { #expect(bytes.range(of: Data(word.utf8)) == nil, "\(word)") }
        let hosts = try run(["query", "--sql", "SELECT DISTINCT host FROM trials", "--format", "csv"])
        #expect(hosts.status == 0)
        #expect(hosts.text.split(separator: "\n").dropFirst().allSatisfy { $0.hasPrefix("host-") })
        let artifacts = try run(["query", "--sql", "SELECT count(*) FROM artifacts", "--format", "csv"])
        #expect(artifacts.text.split(separator: "\n").last == "0")
    }
}
