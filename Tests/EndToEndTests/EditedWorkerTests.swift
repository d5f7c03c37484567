import Foundation
import Testing

/// A worker of the user's own that was edited is not taken for the one that made the results.
@Suite(.serialized, .enabled(if: slowTestsWanted, whySlow), .timeLimit(.minutes(4)))
struct EditedWorkerTests {
    private func text(numerics: Int = 1, remark: String = "") throws -> String {
        let example = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/examples/mean_worker.py")
        return try String(contentsOf: example, encoding: .utf8)
            .replacing("numerics=1", with: "numerics=\(numerics)") + remark
    }

    private func sweep(_ lab: Lab, sizes: String, steps: Int = 20) throws -> String {
        try lab.write(
            "sweep.yaml",
            """
            name: one
            dataset: {source: geometric, resolution: 8, channels: 1, count: 256, held_out: 32}
            model: {architecture: mean}
            training: {batch: 8, steps: \(steps)}
            grid: {dataset.size: \(sizes)}
            measures: [{spread: {images: 8}}]
            worker: {command: [python3, worker.py], upload: [worker.py]}
            """)
    }

    @Test func itWantsHigherNumericsOrAYes() throws {
        try withLab { (lab) throws in
            _ = try lab.write("worker.py", text())
            let first = try sweep(lab, sizes: "[16]")
            #expect(try lab.run("launch", first).status == 0)
            let more = try sweep(lab, sizes: "[16, 32]")
            #expect(try lab.run("plan", more).status == 0)

            _ = try lab.write("worker.py", text(remark: "# edited\n"))
            for words in [["plan", more], ["launch", more], ["resume", "one"]] {
                let refused = try lab.run(words)
                #expect(refused.status == 3, "\(words): \(refused)")
                #expect(
                    refused.err.contains(
                        "sweep one: worker.py is another file than when results of the worker mean-worker, ")
                        && refused.err.contains("--same-numerics"), "\(words): \(refused)")
            }
            #expect(try lab.rows("SELECT count(*) FROM trials") == ["1"])
            #expect(try lab.run("plan", more, "--same-numerics").status == 0)
            #expect(try lab.run("plan", more).status == 3, "plan records nothing")
            #expect(try lab.run("launch", more, "--same-numerics").status == 0)
            #expect(try lab.rows("SELECT count(*) FROM trials WHERE state = 'succeeded'") == ["2"])
            #expect(try lab.run("launch", more).status == 0, "the yes is remembered")

            _ = try lab.write("worker.py", text(numerics: 2, remark: "# edited again\n"))
            #expect(try lab.run("launch", more).status == 0)
            #expect(try lab.rows("SELECT count(*) FROM trials WHERE state = 'succeeded'") == ["4"])
        }
    }

    /// What runs will leave results of the old file.
    @Test func itIsNoticedWhileTheOldOneRuns() throws {
        try withLab { (lab) throws in
            _ = try lab.write("worker.py", text())
            let file = try sweep(lab, sizes: "[16]", steps: 1 << 26)
            let coordinator = try lab.start(["launch", file])
            try lab.wait(60, for: "a training") { try lab.count("attempt WHERE started_at NOT NULL") == 1 }
            kill(coordinator.processIdentifier, SIGINT)
            coordinator.waitUntilExit()
            #expect(try lab.run("plan", file).status == 0)
            _ = try lab.write("worker.py", text(remark: "# edited\n"))
            for words in [["plan", file], ["launch", file], ["resume", "one"]] {
                let refused = try lab.run(words)
                #expect(refused.status == 3 && refused.err.contains("began that are not over"), "\(words): \(refused)")
            }
            #expect(try lab.run("plan", file, "--same-numerics").status == 0)
            _ = try lab.write("worker.py", text(numerics: 2, remark: "# edited\n"))
            #expect(try lab.run("plan", file).status == 0)
        }
    }
}
