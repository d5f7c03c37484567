import Foundation
import Testing

/// A measure that trainings take of themselves, in a whole run.
@Suite(.serialized, .enabled(if: slowTestsWanted, whySlow), .timeLimit(.minutes(4)))
struct RawLossSweepTests {
    private func sweep(_ steps: String, _ measures: String) -> String {
        """
        name: raw
        dataset: {source: geometric, resolution: 8, count: 64, held_out: 16}
        model: {architecture: linear}
        training: {batch: 8}
        grid: {dataset.size: [8, 16], training.steps: \(steps)}
        measures: [\(measures)]
        """
    }

    private func counts(_ lab: Lab) throws -> [String] {
        try lab.rows("SELECT measure, count(*) FROM measurements GROUP BY 1 ORDER BY 1")
    }

    @Test func trainingsMeasureWhatIsAskedForInTime() throws {
        try withLab { lab in
            let (loss, raw) = ("{loss: {samples: 64}}", "{raw-loss: {samples: 64}}")
            let file = try lab.write("raw.yaml", sweep("[10, 20]", raw))
            let run = try lab.run("launch", file)
            #expect(run.status == 0, "\(run.err)")
            // Three quantities of each of four trials, by the trainings alone.
            #expect(try counts(lab) == ["raw-loss|12"])
            #expect(try lab.rows("SELECT kind, count(*) FROM attempt GROUP BY 1") == ["train|2"])
            #expect(try lab.rows("SELECT state, count(*) FROM trials GROUP BY 1") == ["succeeded|4"])

            // Longer trainings and another measure leave what is there.
            _ = try lab.write("raw.yaml", sweep("[10, 20, 30]", "\(loss), \(raw)"))
            let more = try lab.run("launch", file)
            #expect(more.status == 0, "\(more.err)")
            #expect(try counts(lab) == ["loss|18", "raw-loss|18"])
            #expect(try lab.run("doctor").status == 0)

            // What was not asked for in time fails with the reason, and costs nothing else.
            _ = try lab.write("raw.yaml", sweep("[10, 20, 30]", "\(loss), {raw-loss: {samples: 65}}"))
            let late = try lab.run("launch", file)
            #expect(late.status == 1 && late.err.contains("had passed this length before it was told to"), "\(late)")
            #expect(try counts(lab) == ["loss|18", "raw-loss|18"])
        }
    }
    /// One that runs when it is asked for is stopped, and goes on with it from where it was.
    @Test func aTrainingThatRunsGoesOnWithIt() throws {
        try withLab { lab in
            let file = try lab.write("raw.yaml", sweep("[60000]", ""))
            #expect(try lab.run("launch", file, "--detach").status == 0)
            try lab.wait(60, for: "the trainings") {
                try lab.rows("SELECT count(*) FROM attempt WHERE outcome IS NULL AND started_at NOT NULL") == ["2"]
            }
            _ = try lab.write("raw.yaml", sweep("[60000]", "{raw-loss: {samples: 64}}"))
            let asked = try lab.run("launch", file)
            #expect(asked.status == 0, "\(asked)")
            #expect(try counts(lab) == ["raw-loss|6"])
            #expect(
                try lab.rows("SELECT kind, outcome, count(*) FROM attempt GROUP BY 1, 2 ORDER BY 1, 2") == [
                    "train|cancelled|2", "train|succeeded|2",
                ])
        }
    }
}
