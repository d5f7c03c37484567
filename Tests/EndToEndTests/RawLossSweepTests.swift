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
            #expect(late.status == 1 && late.err.contains("past this length when the measure was asked for"), "\(late)")
            #expect(try counts(lab) == ["loss|18", "raw-loss|18"])
        }
    }
}
