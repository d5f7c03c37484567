import Foundation
import Testing

/// The catalogue is one file: however a command ends, everything is in that file, and commands that only look change
/// nothing.
@Suite(.serialized, .enabled(if: slowTestsWanted, whySlow), .timeLimit(.minutes(4)))
struct OneFileTests {
    private let tiny = """
        name: tiny
        dataset: {source: geometric, resolution: 8, count: 64, held_out: 16}
        model: {architecture: linear}
        training: {batch: 8}
        grid: {dataset.size: [8, 16], training.steps: [10, 20]}
        measures: [{gaussian-distance: {samples: 32, sigmas: [0.5, 4]}}]
        """

    /// The names of the files that SQLite makes beside the catalogue.
    private func beside(_ path: String) -> [String] {
        ["-wal", "-shm", "-journal"].filter { FileManager.default.fileExists(atPath: path + $0) }
    }

    /// The measurements that a copy of the catalogue's file alone has.
    private func countInCopy(_ lab: Lab) throws -> String {
        let copy = lab.directory.appendingPathComponent("copy-\(UUID().uuidString).sqlite").path
        try FileManager.default.copyItem(atPath: lab.catalogue, toPath: copy)
        let answer = try lab.run(
            "query", "--sql", "SELECT count(*) FROM measurements", "--format", "csv", "--catalogue", copy)
        #expect(answer.status == 0, "\(answer)")
        #expect(beside(copy).isEmpty)
        return answer.out.split(separator: "\n").last.map(String.init) ?? ""
    }

    @Test func everyEndOfACommandLeavesTheFileAlone() throws {
        try withLab { lab in
            let sweep = try lab.write("tiny.yaml", tiny)
            func end(_ words: String..., status: Int32) throws {
                let output = try lab.run(words)
                #expect(output.status == status, "\(words): \(output)")
                #expect(beside(lab.catalogue).isEmpty, "\(words)")
            }
            try end("launch", sweep, status: 0)
            let whole = try countInCopy(lab)
            #expect(Int(whole) ?? 0 > 0)
            let here = try lab.run("query", "--sql", "SELECT count(*) FROM measurements", "--format", "csv")
            #expect(here.out.hasSuffix("\(whole)\n"), "\(here)")
            try end("launch", sweep, "--set", "dataset.size=[9]", "--set", "training.steps=[0]", status: 3)
            try end("cancel", "nothing", status: 2)
            try end("retry", "tiny", status: 0)
            try end("hosts", "drain", "local", status: 0)
            try end("launch", sweep, "--set", "seed=1", status: 4)
            try end("hosts", "undrain", "local", status: 0)
            try end("resume", status: 0)
            try end("doctor", "--repair", status: 0)
            try end("merge", lab.catalogue, "--catalogue", "merged.sqlite", status: 0)
            #expect(beside(lab.directory.path + "/merged.sqlite").isEmpty)
            try end("query", "--measure", "nothing", status: 2)
        }
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP]) func aSignalLeavesItAloneToo(_ signal: Int32) throws {
        try withLab { lab in
            let sweep = try lab.write("small.yaml", smallSweep(lengths: "[300, 4000000]"))
            let coordinator = try lab.start(["launch", sweep])
            try lab.wait(120, for: "a milestone") { try lab.count("milestone") >= 1 }
            let watch = try lab.start(["watch"])
            Thread.sleep(forTimeInterval: 2)
            kill(watch.processIdentifier, signal)
            watch.waitUntilExit()
            kill(coordinator.processIdentifier, signal)
            coordinator.waitUntilExit()
            #expect(coordinator.terminationStatus == 6)
            #expect(beside(lab.catalogue).isEmpty)
        }
    }

    @Test func aKilledOnesFileIsReadWithItsLogAndWhoMayWriteBringsItIn() throws {
        try withLab { lab in
            let sweep = try lab.write("small.yaml", smallSweep(lengths: "[300, 4000000]"))
            let coordinator = try lab.start(["launch", sweep])
            try lab.wait(120, for: "a milestone") { try lab.count("milestone") >= 1 }
            kill(coordinator.processIdentifier, SIGKILL)
            coordinator.waitUntilExit()
            #expect(beside(lab.catalogue).contains("-wal"))
            // A catalogue so young has everything in its log: the file alone is empty, and says what is missing.
            let bare = lab.directory.appendingPathComponent("bare.sqlite").path
            try FileManager.default.copyItem(atPath: lab.catalogue, toPath: bare)
            for words in [["status"], ["query", "--sql", "SELECT 1"], ["merge", bare, "--catalogue", "other.sqlite"]] {
                let given = words.contains("--catalogue") ? words : words + ["--catalogue", bare]
                let output = try lab.run(given)
                #expect(output.status == 5 && output.err.contains("-wal"), "\(words): \(output)")
            }
            let resumed = try lab.run("resume", "--catalogue", bare)
            #expect(resumed.status == 5 && resumed.err.contains("eigensweep launch"), "\(resumed)")
            // With the log the copy is whole.
            let copy = lab.directory.appendingPathComponent("copy.sqlite").path
            for end in ["", "-wal"] {
                try FileManager.default.copyItem(atPath: lab.catalogue + end, toPath: copy + end)
            }
            #expect(try lab.run("status", "small", "--catalogue", copy).status == 0)
            #expect(FileManager.default.fileExists(atPath: copy + "-wal"), "a look leaves it")
            #expect(try lab.run("cancel", "small").status == 0)
            #expect(beside(lab.catalogue).isEmpty, "who may write brings it in")
            #expect(try lab.run("status", "small").status == 0)
        }
    }

    @Test func aLookChangesNothing() throws {
        try withLab { lab in
            let sweep = try lab.write("tiny.yaml", tiny)
            #expect(try lab.run("launch", sweep).status == 0)
            // The agent lingers, and nothing says so.
            let before = try contents(lab)
            #expect(before.keys.contains { $0.hasSuffix("coordinator.json") } && before.count > 20)
            let listed = try lab.run("query", "--sql", "SELECT trial_id FROM trials LIMIT 1", "--format", "csv")
            let trial = listed.out.split(separator: "\n")[1]
            for words in [
                ["plan", sweep], ["plan", sweep, "--set", "seed=7"], ["status"], ["status", "tiny"], ["watch"],
                ["logs", String(trial.prefix(12))], ["hosts"], ["hosts", "list"], ["hosts", "check"],
                ["hosts", "clean", "--dry-run", "--all"], ["doctor"], ["doctor", "--thorough"],
                ["query", "--measure", "gaussian-distance"], ["query", "--sql", "SELECT * FROM trials"],
                ["analyze", "tiny", "--out", "elsewhere/figures"],
                ["report", "tiny", "--out", "elsewhere/report.html"],
                ["compare", "dataset.size=8", "dataset.size=16"], ["cancel", "unknown"], ["resume", "unknown"],
                ["merge", lab.catalogue, "--catalogue", "elsewhere/merged.sqlite"],
            ] {
                let output = try lab.run(words)
                let after = try contents(lab)
                let changed = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }.sorted()
                #expect(changed.isEmpty, "\(words) changed \(changed): \(output)")
            }
        }
    }

    /// Every file of catalogue, store and host by its path, with size, time and content.
    private func contents(_ lab: Lab) throws -> [String: String] {
        var found: [String: String] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: lab.directory.path) {
            let isOurs = ["catalogue", "store", "host/"].contains { path.hasPrefix($0) }
            // A lock names the process that held it last.
            guard isOurs, !path.hasSuffix(".lock") else { continue }
            let full = "\(lab.directory.path)/\(path)"
            var status = stat()
            guard lstat(full, &status) == 0 else { continue }
            let isFile = status.st_mode & S_IFMT == S_IFREG
            let content = isFile ? FileManager.default.contents(atPath: full)?.hashValue ?? 0 : 0
            let time = isFile ? status.st_mtim.tv_sec : 0
            found[path] = "\(status.st_mode) \(isFile ? status.st_size : 0) \(time) \(content)"
        }
        return found
    }

    @Test func aCopyIsToldWhoseItIsAndCanBeMadeOneOfItsOwn() throws {
        try withLab { lab in
            let sweep = try lab.write("small.yaml", smallSweep(lengths: "[300, 6000]"))
            let coordinator = try lab.start(["launch", sweep])
            try lab.wait(120, for: "a milestone") { try lab.count("milestone") >= 1 }
            let copy = lab.directory.appendingPathComponent("copy")
            try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
            for name in ["catalogue.sqlite", "catalogue.sqlite-wal", "catalogue.sqlite.lock", "store"] {
                try? FileManager.default.copyItem(
                    at: lab.directory.appendingPathComponent(name), to: copy.appendingPathComponent(name))
            }
            let path = copy.appendingPathComponent("catalogue.sqlite").path
            for words in [["resume"], ["launch", sweep], ["doctor", "--repair"]] {
                let refused = try lab.run(words + ["--catalogue", path])
                #expect(refused.status == 5, "\(refused)")
                for expected in [
                    lab.catalogue, ProcessInfo.processInfo.hostName, "works now", "\(coordinator.processIdentifier)",
                    "doctor --separate",
                ] { #expect(refused.err.contains(expected), "\(words): \(refused.err)") }
            }
            let separated = try lab.run("doctor", "--separate", "--catalogue", path)
            #expect(separated.status == 0 && separated.err.contains("of its own"), "\(separated)")
            // Both coordinators go on by themselves, on one host.
            let resumed = try lab.run("resume", "--catalogue", path)
            #expect(resumed.status == 0, "\(resumed)")
            coordinator.waitUntilExit()
            #expect(coordinator.terminationStatus == 0, "\(lab.said(by: coordinator))")
            let merged = try lab.run("merge", path)
            #expect(merged.status == 0 && merged.out.contains("0 measures"), "equal to the bit: \(merged)")
        }
    }
}
