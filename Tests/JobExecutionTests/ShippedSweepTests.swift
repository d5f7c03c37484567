import Foundation
import JobContract
import SweepFiles
import SweepModel
import Testing

@testable import JobExecution

/// The sweeps in the repository are valid, with every profile they offer.
@Suite struct ShippedSweepTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("sweeps")

    @Test func facesExpand() throws {
        let path = Self.folder.appendingPathComponent("faces.yaml").path
        let sweep = try SweepFile(contentsOf: path).expand(worker: Self.worker, identify: Self.identity).sweep
        #expect(sweep.trials.count == 42)
        #expect(sweep.trainings.count == 16)
        #expect(Set(sweep.trials.map(\.steps)) == [128, 512, 2048])
        #expect(sweep.measures.map(\.measure) == ["memorization", "distances", "linearity", "denoising"])
        #expect(sweep.comparisons.count == 15)
        for (profile, count) in [("quick", 4), ("seeds", 126)] {
            let file = try SweepFile(contentsOf: path, overrides: ["profile=\(profile)", "dataset.source=/a.zip"])
            let chosen = try file.expand(worker: Self.worker, identify: Self.identity).sweep
            #expect(chosen.trials.count == count)
            #expect(Set(chosen.datasets.values.map(\.source)) == ["/a.zip"])
        }
    }

    /// Every sweep expands by the worker that comes with it, as it stands and by every profile.
    @Test func everySweepExpands() throws {
        let files = try FileManager.default.contentsOfDirectory(at: Self.folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "yaml" }
        #expect(files.count >= 12)
        for file in files {
            let text = try String(contentsOf: file, encoding: .utf8)
            let profiles = ["paper", "quick", "seeds", "tiny"].filter { text.contains("\n  \($0):") }
            for overrides in [[]] + profiles.map({ ["profile=\($0)"] }) {
                let sweep = try SweepFile(contentsOf: file.path, overrides: overrides)
                    .expand(worker: Self.worker, identify: Self.identity).sweep
                #expect(sweep.name == file.deletingPathExtension().lastPathComponent)
                #expect(!sweep.measures.isEmpty || !sweep.comparisons.isEmpty)
            }
        }
    }

    private static var worker: WorkerDescription { WorkerFacts.current.description(check: "") }

    /// Stands for a prepared dataset that is large enough.
    private static func identity(of request: DatasetRequest) -> DatasetIdentity {
        guard request.isGenerator else {
            return DatasetIdentity(keys: ["dataset.digest": .string(Digest(of: "abc".utf8).hex)], images: 300_000)
        }
        return DatasetIdentity(
            keys: ["dataset.generator": .string(request.source), "dataset.generator_version": 1], images: 300_000)
    }

    /// The hosts file names this machine alone; its comments, made real, are valid too.
    @Test func hostsFileIsValid() throws {
        let path = Self.folder.deletingLastPathComponent().appendingPathComponent("hosts.yaml").path
        #expect(try HostsFile.read(path).map(\.name) == ["local"])
        let text = try String(contentsOfFile: path, encoding: .utf8).replacing("# - ", with: "- ")
        #expect(try HostsFile.parse(text, file: path).count > 3)
    }
}
