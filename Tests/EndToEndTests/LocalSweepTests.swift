import Foundation
import Testing

/// The main job on this machine with the real programs.
@Suite(.serialized, .enabled(if: slowTestsWanted, whySlow))
struct LocalSweepTests {
    @Test func aSweepEndsCompleteAndASecondLaunchTrainsNothing() throws {
        try withLab { (lab) throws in
            let sweep = try lab.write("small.yaml", smallSweep())
            let first = try lab.run("launch", sweep)
            #expect(first.status == 0, "\(first.err)")
            #expect(try lab.rows("SELECT state, count(*) FROM trials GROUP BY 1") == ["succeeded|8"])
            #expect(try lab.rows("SELECT count(*) FROM measurements WHERE quantity = 'gl_score'") == ["8"])
            let attempts = try lab.rows("SELECT count(*) FROM attempt")
            let second = try lab.run("launch", sweep)
            #expect(second.status == 0, "\(second.err)")
            #expect(try lab.rows("SELECT count(*) FROM attempt") == attempts, "the second launch started attempts")

            let query = try lab.run(
                "query", "--sweep", "small", "--measure", "memorization.gl_score", "--by", "dataset.size",
                "--statistic", "mean,count", "--format", "csv")
            #expect(query.status == 0, "\(query.err)")
            #expect(query.out.split(separator: "\n").count == 3, "\(query.out)")

            let report = try lab.run("report", "small")
            #expect(report.status == 0 && report.out == "results/small/report.html\n", "\(report)")
            let page = try String(
                contentsOf: lab.directory.appendingPathComponent(report.out.dropLast().description), encoding: .utf8)
            #expect(page.contains("data-figure=\"gl-score\"") && page.contains("src=\"data:image/png;base64,"))
        }
    }

    /// The shipped sweep over architectures, preconditionings and objectives, in small.
    @Test func everyArchitectureIsTrainedAndMeasured() throws {
        try withLab { (lab) throws in
            let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent()
            let sweep = folder.appendingPathComponent("sweeps/architectures.yaml").path
            let output = try lab.run("launch", sweep, "--set", "profile=tiny")
            #expect(output.status == 0, "\(output.err)")
            #expect(try lab.rows("SELECT state, count(*) FROM trials GROUP BY 1") == ["succeeded|9"])
            for quantity in ["gl_score", "rmse"] {
                #expect(
                    try lab.rows("SELECT count(DISTINCT trial_id) FROM measurements WHERE quantity = '\(quantity)'")
                        == ["9"])
            }
        }
    }

    /// Networks of disjoint halves are compared once both are trained.
    @Test func halvesAreComparedOnceBothAreTrained() throws {
        try withLab { (lab) throws in
            let sweep = try lab.write(
                "halves.yaml",
                """
                name: halves
                dataset: {source: geometric, resolution: 8, channels: 1, count: 256, held_out: 32}
                model: {architecture: ddpmpp, multipliers: [1], blocks: 1, attention: [], scale: 4}
                training: {batch: 8, learning_rate: 1.0e-3, steps: 20}
                grid: {dataset.part: [{index: 0, of: 2}, {index: 1, of: 2}], dataset.size: [16, 64]}
                measures: [{agreement: {samples: 8, steps: 2, sigmas: [0.5]}}]
                """)
            let plan = try lab.run("plan", sweep)
            #expect(plan.out.contains("comparisons        2"), "\(plan)")
            let first = try lab.run("launch", sweep)
            #expect(first.status == 0, "\(first.err)")
            #expect(try lab.rows("SELECT state, count(*) FROM comparisons GROUP BY 1") == ["succeeded|2"])
            #expect(
                try lab.rows(
                    """
                    SELECT count(*), min(json_array_length(members)), max(json_extract(members, '$[0]') = trial_id),
                        count(json_extract(parameters, '$.with'))
                    FROM measurements WHERE quantity = 'cosine'
                    """) == ["2|2|1|0"])
            let attempts = try lab.rows("SELECT count(*) FROM attempt")
            #expect(try lab.run("launch", sweep).status == 0)
            #expect(try lab.rows("SELECT count(*) FROM attempt") == attempts, "nothing is compared twice")
        }
    }

    @Test func planCreatesNothingAndCountsWhatSharingSaves() throws {
        try withLab { (lab) throws in
            let sweep = try lab.write("small.yaml", smallSweep())
            let plan = try lab.run("plan", sweep)
            #expect(plan.status == 0, "\(plan.err)")
            #expect(!FileManager.default.fileExists(atPath: lab.catalogue))
            // Four trainings of 40 steps of 8 images; if each began from zero, the 20-step trials would cost 4·160 more.
            #expect(plan.out.contains("1 280"), "\(plan.out)")
            #expect(plan.out.contains("640"), "\(plan.out)")
            #expect(plan.out.contains("alone, by steps that were tried here"), "\(plan.out)")
        }
    }

    @Test func aLongerLengthContinuesFromTheStore() throws {
        let longAtOnce = try withLab { (lab) throws in
            let output = try lab.run("launch", lab.write("small.yaml", smallSweep(lengths: "[20, 40, 60]")))
            #expect(output.status == 0, "\(output.err)")
            return try lab.measurements()
        }
        try withLab { (lab) throws in
            let output = try lab.run("launch", lab.write("small.yaml", smallSweep()))
            #expect(output.status == 0, "\(output.err)")
            let longer = try lab.write("small.yaml", smallSweep(lengths: "[20, 40, 60]"))
            let plan = try lab.run("plan", longer)
            #expect(plan.out.contains("640"), "four trainings go on for 20 steps of 8 images: \(plan.out)")
            let second = try lab.run("launch", longer)
            #expect(second.status == 0, "\(second.err)")
            #expect(try lab.measurements() == longAtOnce)
        }
    }

    @Test(arguments: [
        ("grid: {dataset.sise: [4]}", "dataset.size"), ("name: x", "length"), ("\tname", "line"),
    ]) func badSweepFilesAreRefusedByLine(text: String, expected: String) throws {
        try withLab { (lab) throws in
            let output = try lab.run("launch", lab.write("bad.yaml", text))
            #expect(output.status == 3)
            #expect(output.err.contains("bad.yaml"), "\(output.err)")
            #expect(output.err.contains(expected), "\(output.err)")
            #expect(!FileManager.default.fileExists(atPath: lab.catalogue))
        }
    }

    @Test func usageErrorsExitWithTwo() throws {
        try withLab { (lab) throws in
            #expect(try lab.run("launch").status == 2)
            #expect(try lab.run("nonsense").status == 2)
            #expect(try lab.run("--help").status == 0)
        }
    }
}
