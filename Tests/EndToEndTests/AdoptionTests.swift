import Foundation
import Testing

/// Networks that were trained elsewhere, with the real programs.
@Suite(.serialized, .enabled(if: slowTestsWanted, whySlow))
struct AdoptionTests {
    /// A trial's weights, adopted as if they came from elsewhere, are measured to the same numbers.
    @Test func anAdoptedNetworkIsMeasuredAsTheTrialThatItIs() throws {
        try withLab { (lab) throws in
            let measures = "{memorization: {samples: 16, steps: 3}}, {gaussian-distance: {samples: 16, sigmas: [0.5]}}"
            let sweep = try lab.write(
                "one.yaml",
                """
                name: one
                dataset: {source: geometric, resolution: 8, channels: 1, count: 256, held_out: 32, size: 64}
                model: {architecture: ddpmpp, multipliers: [1], blocks: 1, attention: [], scale: 4}
                training: {batch: 8, images: 160}
                measures: [\(measures)]
                """)
            #expect(try lab.run("launch", sweep).status == 0)
            let weights = try #require(try lab.rows("SELECT DISTINCT checkpoint FROM measurements").first)
            let path = "\(lab.directory.path)/store/\(weights.prefix(2))/\(weights)"

            let adoption = [
                "adopt", path, "--dataset", "geometric", "--set", "dataset.count=256", "--set", "dataset.held_out=32",
                "--set", "dataset.size=64", "--set", "training.batch=8", "--images", "160", "--measure", measures,
            ]
            let first = try lab.run(adoption)
            #expect(first.status == 0 && first.out.contains("eigensweep resume adopted"), "\(first)")
            let again = try lab.run(adoption)
            #expect(again.status == 0 && again.out == first.out, "\(again)")
            #expect(try lab.rows("SELECT count(*) FROM trials") == ["2"])
            #expect(try lab.rows("SELECT state FROM sweep_trials WHERE sweep = 'adopted'") == ["waiting"])

            let resumed = try lab.run("resume", "adopted")
            #expect(resumed.status == 0, "\(resumed.err)")
            #expect(
                try lab.rows("SELECT kind, count(*) FROM attempt GROUP BY 1") == ["adopt|1", "measure|2", "train|1"])
            let numbers = try lab.rows(
                """
                SELECT measure, quantity, ifnull(sigma, ''), ifnull(printf('%.17g', value), ''), count(*)
                FROM measurements GROUP BY 1, 2, 3, 4
                """)
            #expect(numbers.count == 11 && numbers.allSatisfy { $0.hasSuffix("|2") }, "\(numbers)")
            #expect(try lab.rows("SELECT DISTINCT images FROM trials") == ["160"])
            #expect(try lab.run("query", "--sweep", "adopted", "--measure", "memorization.gl_score").status == 0)
        }
    }

    @Test func whatCannotBeAdoptedIsRefusedByNameAndRecordsNothing() throws {
        try withLab { (lab) throws in
            let words = try lab.write("words.safetensors", "no checkpoint")
            let refused = try lab.run("adopt", words, "--dataset", "geometric")
            #expect(refused.status == 3 && refused.err.contains(words), "\(refused)")
            #expect(!FileManager.default.fileExists(atPath: lab.catalogue))

            // A colour network, and a generator of grey images.
            let training = try lab.write(
                "small.yaml",
                """
                dataset: {source: geometric, resolution: 8, size: 16, count: 64, held_out: 8}
                model: {architecture: linear}
                training: {batch: 4, steps: 1}
                """)
            let worker = Process()
            worker.executableURL = lab.programs.appendingPathComponent("eigensweep-worker")
            worker.arguments = ["train", training, "--output", lab.directory.path]
            worker.standardOutput = FileHandle.nullDevice
            try worker.run()
            worker.waitUntilExit()
            let weights = lab.directory.appendingPathComponent("weights-1.safetensors").path
            for (options, word) in [
                (["--set", "dataset.resolution=16"], "dataset.resolution"),
                (["--set", "dataset.size=1000000"], "held out"),
                (["--measure", "memorization"], "all noise levels"), (["--measure", "memorisation"], "memorization"),
            ] {
                let output = try lab.run(["adopt", weights, "--dataset", "geometric"] + options)
                #expect(output.status == 3 && output.err.contains(word), "\(output)")
            }
            let missing = try lab.run("adopt", weights, "--dataset", "\(lab.directory.path)/nowhere.zip")
            #expect(missing.status == 3 && missing.err.contains("nowhere.zip"), "\(missing)")
            #expect(try lab.count("trial") == 0)
        }
    }
}
