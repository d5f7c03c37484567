import Foundation
import SweepFiles
import Testing

/// The sweeps in the repository are valid, with every profile they offer.
@Suite struct ShippedSweepTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("sweeps")

    @Test func facesExpand() throws {
        let path = Self.folder.appendingPathComponent("faces.yaml").path
        let sweep = try SweepFile(contentsOf: path).expand(worker: describedWorker(), identify: identity).sweep
        #expect(sweep.trials.count == 10)
        #expect(sweep.trainings.count == 5)
        #expect(Set(sweep.trials.map(\.steps)) == [1000, 2000])
        #expect(sweep.measures.map(\.measure) == ["memorization", "gaussian-distance"])
        for (profile, count) in [("quick", 2), ("seeds", 30)] {
            let file = try SweepFile(contentsOf: path, overrides: ["profile=\(profile)", "dataset.source=/a.zip"])
            let chosen = try file.expand(worker: describedWorker(), identify: identity).sweep
            #expect(chosen.trials.count == count)
            #expect(Set(chosen.datasets.values.map(\.source)) == ["/a.zip"])
        }
    }

    @Test func everySweepExpands() throws {
        let files = try FileManager.default.contentsOfDirectory(at: Self.folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "yaml" }
        #expect(files.count >= 2)
        for file in files {
            let sweep = try SweepFile(contentsOf: file.path).expand(worker: describedWorker(), identify: identity).sweep
            #expect(sweep.name == file.deletingPathExtension().lastPathComponent)
            #expect(!sweep.measures.isEmpty)
        }
    }

    /// The hosts file names this machine alone; its comments, made real, are valid too.
    @Test func hostsFileIsValid() throws {
        let path = Self.folder.deletingLastPathComponent().appendingPathComponent("hosts.yaml").path
        #expect(try HostsFile.read(path).map(\.name) == ["local"])
        let text = try String(contentsOfFile: path, encoding: .utf8).replacing("# - ", with: "- ")
        #expect(try HostsFile.parse(text, file: path).count > 3)
    }
}
