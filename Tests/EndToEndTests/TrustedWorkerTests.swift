import Foundation
import Testing

/// No program that another's catalogue names runs before a person has seen it and said yes.
@Suite(.serialized, .enabled(if: slowTestsWanted, whySlow), .timeLimit(.minutes(4)))
struct TrustedWorkerTests {
    private let tiny = """
        name: tiny
        dataset: {source: geometric, resolution: 8, count: 64, held_out: 16}
        model: {architecture: linear}
        training: {batch: 8}
        grid: {dataset.size: [8, 16], training.steps: [10]}
        measures: []
        """

    /// Makes a catalogue whose sweep names a command that leaves a mark, with everything still to do.
    private func theirs(_ lab: Lab, mark: String) throws {
        let file = try lab.write("tiny.yaml", tiny)
        #expect(try lab.run("launch", file, "--max-hours", "1").status == 0)
        let evil = "touch \(mark); exec ./eigensweep-worker \\\"$@\\\""
        try lab.change(
            """
            UPDATE revision SET worker = '{"command":["sh","-c","\(evil)","x"],"upload":["/bin/true"]}';
            DELETE FROM milestone; DELETE FROM reach; UPDATE trial SET state = 'cancelled';
            """)
    }

    private func hasRun(_ mark: String) -> Bool { FileManager.default.fileExists(atPath: mark) }

    @Test func aMergedCommandIsShownAndNotRun() throws {
        try withLab { theirs in
            let mark = theirs.directory.path + "/mark"
            try self.theirs(theirs, mark: mark)
            try withLab { ours in
                let merged = try ours.run("merge", theirs.catalogue)
                #expect(merged.status == 0 && merged.err.contains("tiny: the worker is a program"), "\(merged)")
                for words in [["retry", "tiny"], ["resume", "tiny"], ["resume"]] {
                    let refused = try ours.run(words)
                    #expect(!hasRun(mark), "\(words)")
                    if words.count == 2 {
                        #expect(refused.status == 3 && refused.err.contains("touch \(mark)"), "\(words): \(refused)")
                        #expect(
                            refused.err.contains("/bin/true") && refused.err.contains("--trust-worker tiny"),
                            "\(refused)")
                    }
                }
                // A yes for another sweep does not count.
                #expect(try ours.run("retry", "tiny", "--trust-worker", "other").status == 2)
                #expect(!hasRun(mark))
                // After a yes the worker runs, whatever becomes of it.
                #expect(try ours.run("retry", "tiny", "--trust-worker", "tiny").status == 0)
                _ = try ours.run("resume", "tiny")
                #expect(hasRun(mark))
                let state = try String(
                    contentsOf: ours.directory.appendingPathComponent("state/eigensweep/trusted-workers"),
                    encoding: .utf8)
                #expect(state.contains("touch \(mark)") && state.contains("\"sweep\":\"tiny\""))
            }
        }
    }

    /// A catalogue that somebody gave, and that was never merged, says of itself that it was launched here.
    @Test func aGivenCatalogueIsNotBelievedEither() throws {
        try withLab { theirs in
            let mark = theirs.directory.path + "/mark"
            try self.theirs(theirs, mark: mark)
            try theirs.change(
                "UPDATE trial SET state = 'waiting'; UPDATE sweep SET revision = revision; DELETE FROM coordinator_start"
            )
            try withLab { ours in
                let resumed = try ours.run("resume", "--catalogue", theirs.catalogue)
                #expect(resumed.status == 3 && resumed.err.contains("touch \(mark)"), "\(resumed)")
                #expect(!hasRun(mark))
                for words in [
                    ["status"], ["query", "--sql", "SELECT * FROM trials"], ["report", "tiny"], ["analyze", "tiny"],
                ] {
                    #expect(try ours.run(words + ["--catalogue", theirs.catalogue]).status == 0, "\(words)")
                }
                #expect(!hasRun(mark))
            }
        }
    }

    /// A network of ours that joins their sweep is measured by our worker.
    @Test func whatIsAdoptedIntoTheirSweepRunsNothingOfTheirs() throws {
        try withLab { theirs in
            let mark = theirs.directory.path + "/mark"
            try self.theirs(theirs, mark: mark)
            let spec = try theirs.write(
                "small.yaml",
                """
                dataset: {source: geometric, resolution: 8, size: 16, count: 64, held_out: 8}
                model: {architecture: linear}
                training: {batch: 4, steps: 1}
                """)
            try theirs.runWorker("train", spec, "--output", theirs.directory.path)
            let weights = theirs.directory.path + "/weights-1.safetensors"
            let adoption = [
                "adopt", weights, "--dataset", "geometric", "--measure", "linearity",
            ]
            let adopted = try theirs.run(adoption)
            #expect(adopted.status == 0, "\(adopted)")
            try theirs.change("UPDATE revision SET worker = '{\"command\":[\"touch\",\"\(mark)\"],\"upload\":[]}'")
            try withLab { ours in
                #expect(try ours.run("merge", theirs.catalogue).status == 0)
                let refused = try ours.run("resume", "adopted")
                #expect(refused.status == 3 && refused.err.contains(mark), "\(refused)")
                let joined = try ours.run(adoption + ["--set", "training.batch=8"])
                #expect(joined.status == 0, "\(joined)")
                // A merged sweep waits until somebody asks for it.
                #expect(try ours.run("retry", "adopted").status == 0)
                let resumed = try ours.run("resume", "adopted")
                #expect(resumed.status == 0, "\(resumed)")
                #expect(!hasRun(mark))
                #expect(try ours.rows("SELECT count(DISTINCT trial_id) FROM measurements") == ["2"])
            }
        }
    }

    /// Whoever launches a file has said yes to its worker, and resumes without a word.
    @Test func aLaunchedWorkerIsResumed() throws {
        try withLab { lab in
            let file = try lab.write(
                "own.yaml",
                tiny
                    + "\nworker: {command: [./worker.sh], upload: [worker.sh, \(lab.programs.path)/eigensweep-worker]}\n"
            )
            let script = try lab.write("worker.sh", "#!/bin/sh\nexec ./eigensweep-worker \"$@\"\n")
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
            #expect(try lab.run("launch", file).status == 0)
            #expect(
                try lab.run("launch", file, "--set", "training.steps=[10, 20]", "--max-hours", "0.000001").status == 6)
            let resumed = try lab.run("resume")
            #expect(resumed.status == 0, "\(resumed)")
        }
    }

    /// Names that would lead out of the folder of results do not, whoever wrote them.
    @Test func figuresOfAStrangeNameStayBelowResults() throws {
        try withLab { lab in
            let file = try lab.write("tiny.yaml", tiny)
            for name in ["..", "store", "--help", "catalogue.sqlite", "a/b", ""] {
                let refused = try lab.run("launch", file, "--set", "name=\"\(name)\"")
                #expect(refused.status == 3 && refused.err.contains("expected"), "\(name): \(refused)")
            }
            #expect(try lab.run("launch", file).status == 0)
            // An earlier release let a sweep have this name.
            try lab.change("UPDATE sweep SET name = '..'")
            let report = try lab.run("report", "..")
            #expect(report.status == 0 && report.out.hasPrefix("results/sweep-"), "\(report)")
            #expect(!FileManager.default.fileExists(atPath: lab.directory.path + "/report.html"))
            #expect(try lab.run("analyze", "..").status == 0)
        }
    }
}
