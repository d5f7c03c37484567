import Foundation
import Testing

/// A worker with keys of its own, with the real programs: sweeps vary them, and results are asked for by them.
@Suite(.serialized, .enabled(if: slowTestsWanted, whySlow), .timeLimit(.minutes(4)))
struct OwnKeyTests {
    /// The example worker with a key, by which its mean image is brighter.
    private func worker() throws -> String {
        let example = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("docs/examples/mean_worker.py")
        let text = try String(contentsOf: example, encoding: .utf8)
        let key = """
            keys=[dict(key="model.tilt", kind="number", least=0, most=1, default=0.25, meaning="how much brighter it is")], \
            reads=["training.batch"], contract=2
            """
        let changed = text.replacing("contract=1", with: key)
            .replacing(
                "    demand(job[\"contract\"] == 1, f\"the job speaks contract {job['contract']}, this worker contract 1\")",
                with: "    ME[\"contract\"] = job[\"contract\"]"
            )
            .replacing("(p - m) / step", with: "(p + job[\"spec\"][\"model.tilt\"] - m) / step")
        #expect(changed.contains("model.tilt\"] - m") && changed.contains("ME[\"contract\"] = job"))
        return changed
    }

    private func sweep(_ lab: Lab, _ line: String) throws -> String {
        try lab.write(
            "sweep.yaml",
            """
            name: tilted
            dataset: {source: geometric, resolution: 8, channels: 1, count: 256, held_out: 32}
            model: {architecture: mean}
            training: {batch: 8, steps: 20}
            grid:
              dataset.size: [16]
              \(line)
              seed: [0, 1]
            measures: [{spread: {images: 8}}]
            worker: {command: [python3, worker.py], upload: [worker.py]}
            """)
    }

    @Test func theyAreVariedAndAskedFor() throws {
        try withLab { (lab) throws in
            _ = try lab.write("worker.py", worker())
            for (line, message) in [
                ("model.tild: [0, 1]", "sweep.yaml:7: model.tild: no such key; did you mean model.tilt?"),
                ("model.tilt: [0, 2]", "sweep.yaml:7: model.tilt: expected a number from 0 to 1, got 2"),
                ("training.learning_rate: [1, 2]", "the worker mean-worker does not read this key: expected 0.001"),
            ] {
                let refused = try lab.run("plan", sweep(lab, line))
                #expect(refused.status == 3 && refused.err.contains(message), "\(refused)")
            }
            let file = try sweep(lab, "model.tilt: {linear: {from: 0, to: 0.5, count: 2}}")
            let keys = try lab.run("worker", "keys", file, "--format", "csv").out
            #expect(keys.contains("model.tilt,a number from 0 to 1,0.25,all,how much brighter it is"), "\(keys)")
            let named = try lab.run("worker", "keys", "--worker", "python3 'worker.py'", "--format", "csv")
            #expect(named.out == keys, "\(named)")
            #expect(keys.contains("\ntraining.batch,") && !keys.contains("training.augment"), "\(keys)")

            #expect(try lab.run("launch", file).status == 0)
            let specs = "SELECT DISTINCT json_extract(spec, '$.\"model.tilt\"') FROM trials ORDER BY 1"
            #expect(try lab.rows(specs) == ["0", "0.5"])
            let asked = try lab.run(
                "query", "--sweep", "tilted", "--measure", "spread.distance", "--by", "model.tilt", "--where",
                "model.tilt > 0.1", "--format", "csv")
            #expect(asked.status == 0 && asked.out.contains("model.tilt") && asked.out.contains("\n0.5,"), "\(asked)")
            // A key that is left to its default is of the same trials as one that is given it.
            #expect(try lab.run("launch", sweep(lab, "model.tilt: [0, 0.5]")).status == 0)
            #expect(try lab.rows("SELECT count(*) FROM trials") == ["4"])
            let analysed = try lab.run("analyze", "tilted", "--out", "figures")
            #expect(analysed.status == 0, "\(analysed)")
            #expect(try lab.run("report", "tilted").status == 0)
        }
    }
}
