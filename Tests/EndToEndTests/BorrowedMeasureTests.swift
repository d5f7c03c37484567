import Foundation
import Testing

/// Networks of a worker in Python, swept on this machine and measured by ours. They are the optimum for their training images, so
/// that what measures must find is known.
@Suite(.serialized, .enabled(if: slowTestsWanted, whySlow), .timeLimit(.minutes(4)))
struct BorrowedMeasureTests {
    private static let program = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("python/tests/memorizer.py").path

    private func sweep(_ measures: String, grid: String = "{dataset.size: [4, 16]}", worker: String = program) -> String
    {
        """
        name: memory
        worker: {command: [python3, memorizer.py], upload: [\(worker)], measures: eigensweep-worker}
        dataset: {source: geometric, resolution: 8, channels: 1, count: 64, held_out: 16}
        model: {architecture: memory}
        training: {steps: 3}
        grid: \(grid)
        measures: [\(measures)]
        """
    }

    private func values(_ lab: Lab, _ measure: String, _ quantity: String) throws -> [Double] {
        try lab.rows(
            """
            SELECT value FROM measurements JOIN trials USING (trial_id)
            WHERE measure = '\(measure)' AND quantity = '\(quantity)' ORDER BY dataset_size, sigma
            """
        ).compactMap { Double($0) }
    }

    @Test func theOptimumIsFoundToBeTheOptimum() throws {
        try withLab { (lab) throws in
            let file = try lab.write(
                "memory.yaml",
                sweep(
                    [
                        "{memorization: {samples: 40, steps: 8}}", "size",
                        "{denoising: {samples: 32, sigmas: [0.1, 1]}}",
                        "projection", "{mutual-information: {samples: 16, steps: 10, sigmas: [0.2, 2]}}",
                    ].joined(separator: ", ")))
            let run = try lab.run("launch", file)
            #expect(run.status == 0, "\(run.err)")
            #expect(try lab.rows("SELECT state, count(*) FROM trials GROUP BY 1") == ["succeeded|2"])
            #expect(try values(lab, "size", "images") == [4, 16])
            #expect(try values(lab, "memorization", "copied") == [1, 1])
            #expect(try values(lab, "memorization", "gl_score").allSatisfy { $0 < 1e-3 })
            let errors = try values(lab, "mutual-information", "epsilon_error")
            #expect(errors.count == 4 && errors.allSatisfy { $0 < 1e-8 })
            #expect(try values(lab, "mutual-information", "same_nearest") == [1, 1])
            #expect(try values(lab, "denoising", "psnr_gap").count == 4)
            let projected = try values(lab, "projection", "projection_error")
            let optimum = try values(lab, "projection", "projection_error_multi_delta")
            #expect(projected.count == optimum.count && !optimum.isEmpty)
            #expect(zip(projected, optimum).allSatisfy { abs($0 - $1) < 1e-4 })

            // Each attempt says whose it is, and a measure is recorded as measures of our own networks are.
            #expect(
                try lab.rows("SELECT kind, worker, count(*) FROM attempt GROUP BY 1, 2 ORDER BY 1, 2")
                    == ["measure|eigensweep-worker|2", "measure|memorizer|2", "train|memorizer|2"])
            let attempts = try lab.rows("SELECT count(*) FROM attempt")
            #expect(try lab.run("launch", file).status == 0)
            #expect(try lab.rows("SELECT count(*) FROM attempt") == attempts)
        }
    }

    @Test func halvesOfAForeignWorkerAreCompared() throws {
        try withLab { (lab) throws in
            let grid = "{dataset.part: [{index: 0, of: 2}, {index: 1, of: 2}], dataset.size: [8]}"
            let file = try lab.write(
                "halves.yaml", sweep("{agreement: {samples: 16, steps: 8, sigmas: [0.5]}}", grid: grid))
            let run = try lab.run("launch", file)
            #expect(run.status == 0, "\(run.err)")
            #expect(try lab.rows("SELECT state, count(*) FROM comparisons GROUP BY 1") == ["succeeded|1"])
            // Both copy, each its own images: nothing that one makes is the other's.
            for quantity in ["cosine_training", "cosine_training_other"] {
                #expect(try values(lab, "agreement", quantity).allSatisfy { $0 > 0.999 })
            }
            #expect(try values(lab, "agreement", "cosine").allSatisfy { $0 < 0.99 })
        }
    }

    /// The interpreter's complaint reaches the person, and costs no result.
    @Test func aWorkerThatCannotServeCostsItsMeasuresAlone() throws {
        try withLab { (lab) throws in
            let text = try String(contentsOfFile: Self.program, encoding: .utf8)
            let broken = try lab.write(
                "broken/memorizer.py",
                text.replacingOccurrences(
                    of: "        flat =",
                    with: "        raise ArithmeticError('the flux is out of phase')\n        flat ="))
            let file = try lab.write("memory.yaml", sweep("{denoising: {samples: 32}}, size", worker: broken))
            let run = try lab.run("launch", file)
            #expect(run.status == 1, "\(run)")
            #expect(try values(lab, "size", "images") == [4, 16])
            #expect(try values(lab, "denoising", "psnr_gap") == [])
            #expect(run.err.contains("the flux is out of phase"), "\(run.err)")

            // What is taken again is all that the catalogue knows of the sweep.
            try text.write(toFile: broken, atomically: true, encoding: .utf8)
            #expect(try lab.run("retry", "memory").status == 0)
            // It trains as before, which nobody but its author can know.
            let refused = try lab.run("resume", "memory")
            #expect(refused.status == 3 && refused.err.contains("--same-numerics"), "\(refused.err)")
            let again = try lab.run("launch", file, "--same-numerics")
            #expect(again.status == 0, "\(again.err)")
            #expect(try values(lab, "denoising", "psnr_gap").isEmpty == false)
            #expect(try lab.rows("SELECT state, count(*) FROM trials GROUP BY 1") == ["succeeded|2"])
        }
    }

    @Test func whatItDoesNotOfferIsRefusedBeforeAnythingRuns() throws {
        try withLab { (lab) throws in
            let jacobian = try lab.write("jacobian.yaml", sweep("jacobian"))
            let refused = try lab.run("plan", jacobian)
            #expect(refused.status == 3 && refused.err.contains("products with the Jacobian"), "\(refused)")
            let plain = try lab.write(
                "plain.yaml",
                sweep("memorization").replacingOccurrences(of: ", measures: eigensweep-worker", with: ""))
            let told = try lab.run("plan", plain).err
            #expect(
                told.contains("the worker memorizer has no such measure, but eigensweep-worker can take it"), "\(told)")
        }
    }

    /// Before anything is charged, hosts say which interpreter they have for the sweep's worker.
    @Test func hostsAreCheckedForTheSweepsWorker() throws {
        try withLab { (lab) throws in
            let file = try lab.write("memory.yaml", sweep("memorization"))
            let good = try lab.run("hosts", "check", file, "--format", "csv")
            #expect(good.status == 0 && good.out.contains("local,note,worker,"), "\(good)")
            #expect(good.out.contains("python3 is /usr/bin/python3 (Python 3."), "\(good.out)")
            try lab.write(
                "hosts.yaml",
                "hosts:\n  - local: {directory: \(lab.directory.path)/host, env: {PATH: /nowhere}}\n")
            let bad = try lab.run("hosts", "check", "local", file, "--format", "csv")
            #expect(bad.status == 4 && bad.out.contains("python3 is not there (PATH is /nowhere)"), "\(bad)")
        }
    }
}
