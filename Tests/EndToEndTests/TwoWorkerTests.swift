import Foundation
import Testing

/// One sweep over networks of a worker in Python and of ours, compared with one another.
@Suite(.serialized, .enabled(if: slowTestsWanted, whySlow), .timeLimit(.minutes(4)))
struct TwoWorkerTests {
    private static let program = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("python/tests/memorizer.py").path

    private static let common = """
        dataset: {source: geometric, resolution: 8, channels: 1, count: 64, held_out: 16, size: 8}
        training: {steps: 3}

        """

    private static func sweep(_ measures: String, ours: String = "[4]") -> String {
        """
        name: both
        worker: {command: [python3, memorizer.py], upload: [\(program)], measures: eigensweep-worker}
        \(common)grid:
          - model.architecture: [memory]
          - model.architecture: [ddpmpp]
            model.scale: \(ours)
            model.multipliers: [[1, 2]]
            model.blocks: [1]
        measures: [\(measures)]
        """
    }

    private static let agreement =
        "{agreement: {across: [model.architecture, model.scale, model.multipliers, model.blocks], samples: 16, steps: 4, "
        + "sigmas: [0.5]}}"

    @Test func networksOfTwoWorkersAreCompared() throws {
        try withLab { (lab) throws in
            // What a sweep of ours has done already is not done again.
            let alone = try lab.write(
                "alone.yaml",
                "name: alone\n\(Self.common)model: {scale: 4, multipliers: [1, 2], blocks: 1}\n")
            #expect(try lab.run("launch", alone).status == 0)

            let file = try lab.write(
                "both.yaml", Self.sweep("\(Self.agreement), {memorization: {samples: 16, steps: 4}}", ours: "[4, 8]"))
            let plan = try lab.run("plan", file)
            #expect(plan.status == 0 && plan.out.contains("comparisons        3"), "\(plan)")
            #expect(plan.out.contains("trained by         memorizer, numerics 1: 1 of memory\n"), "\(plan.out)")
            #expect(plan.out.contains("trained by         eigensweep-worker, numerics 1: 2 of ddpmpp\n"), "\(plan.out)")
            #expect(plan.out.contains("in the catalogue   0 complete, 1 to measure"), "\(plan.out)")
            #expect(plan.out.contains(", and what is not known: no checkpoint here says how large"), "\(plan.out)")

            let run = try lab.run("launch", file)
            #expect(run.status == 0, "\(run.err)")
            #expect(try lab.rows("SELECT state, count(*) FROM trials GROUP BY 1") == ["succeeded|3"])
            #expect(try lab.rows("SELECT state, count(*) FROM comparisons GROUP BY 1") == ["succeeded|3"])
            #expect(
                try lab.rows("SELECT kind, worker, count(*) FROM attempt GROUP BY 1, 2 ORDER BY 1, 2") == [
                    "compare|eigensweep-worker|3", "measure|eigensweep-worker|3", "train|eigensweep-worker|2",
                    "train|memorizer|1",
                ])
            // The memorizer makes its images alone, whichever network it is compared with, and the others do not.
            let copies = try lab.rows(
                """
                SELECT value > 0.999 FROM measurements JOIN trials USING (trial_id)
                WHERE quantity IN ('cosine_training_other') AND architecture = 'ddpmpp' ORDER BY 1
                """)
            #expect(copies == ["0", "1", "1"], "\(copies)")
            #expect(try lab.rows("SELECT count(*) FROM measurements WHERE quantity = 'copied' AND value = 1") == ["1"])

            let attempts = try lab.rows("SELECT count(*) FROM attempt")
            #expect(try lab.run("launch", file).status == 0)
            #expect(try lab.run("resume", "both").status == 0)
            #expect(try lab.rows("SELECT count(*) FROM attempt") == attempts)
            let again = try lab.run(
                "plan", lab.write("both.yaml", Self.sweep(Self.agreement).replacing("size: 8", with: "size: 12")))
            #expect(again.out.contains("by earlier checkpoints of memorizer, numerics 1"), "\(again)")
        }
    }

    @Test func aMeasureOfTheirOwnIsRefused() throws {
        try withLab { (lab) throws in
            let refused = try lab.run("plan", lab.write("both.yaml", Self.sweep("size")))
            #expect(
                refused.status == 3 && refused.err.contains("eigensweep-worker trains some of this sweep's"),
                "\(refused)")
        }
    }
}
