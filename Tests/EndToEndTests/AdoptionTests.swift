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
                "--set", "dataset.size=64", "--set", "dataset.split=drawn", "--set", "training.batch=8", "--images",
                "160", "--measure", measures,
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

            // The network takes colour images, the generator makes grey ones.
            let training = try lab.write(
                "small.yaml",
                """
                dataset: {source: geometric, resolution: 8, size: 16, count: 64, held_out: 8}
                model: {architecture: linear}
                training: {batch: 4, steps: 1}
                """)
            try lab.runWorker("train", training, "--output", lab.directory.path)
            let weights = lab.directory.appendingPathComponent("weights-1.safetensors").path
            for (options, word) in [
                (["--set", "dataset.resolution=16"], "dataset.resolution"),
                (["--set", "dataset.size=1000000"], "held out"),
                (["--measure", "memorization", "--set", "dataset.split=drawn"], "all noise levels"),
                (["--measure", "memorisation"], "memorization"),
                (["--measure", "linearity,posterior,denoising"], "posterior, denoising speak"),
            ] {
                let output = try lab.run(["adopt", weights, "--dataset", "geometric"] + options)
                #expect(output.status == 3 && output.err.contains(word), "\(output)")
            }
            let missing = try lab.run("adopt", weights, "--dataset", "\(lab.directory.path)/nowhere.zip")
            #expect(missing.status == 3 && missing.err.contains("nowhere.zip"), "\(missing)")
            #expect(try lab.count("trial") == 0)
        }
    }

    /// Makes a checkpoint of a network for 8×8 grey images after one step.
    private func smallNetwork(in lab: Lab) throws -> String {
        let training = try lab.write(
            "small.yaml",
            """
            dataset: {source: geometric, resolution: 8, size: 16, count: 64, held_out: 8}
            model: {architecture: ddpmpp, multipliers: [1], blocks: 1, attention: [], scale: 4}
            training: {batch: 4, steps: 1}
            """)
        try lab.runWorker("train", training, "--output", lab.directory.path)
        return lab.directory.appendingPathComponent("weights-1.safetensors").path
    }

    /// The owner knows which images the network saw and which it did not, by two places or by an index.
    @Test func itsOwnImagesAreThoseThatItSaw() throws {
        try withLab { (lab) throws in
            let weights = try smallNetwork(in: lab)
            // Each image has bands of grey by its number alone, and so has its distance to others.
            func levels(_ number: Int) -> [UInt8] { (0..<64).map { UInt8((number * 37 + $0 * (number + 3)) % 256) } }
            for number in 0..<30 {
                let role = number % 3 == 0 ? "seen" : "unseen"
                for folder in [role, "all"] { try lab.writePicture("\(folder)/\(number).png", levels(number), side: 8) }
            }
            let index = try lab.write("seen.txt", (0..<30).filter { $0 % 3 == 0 }.map { "\($0).png\n" }.joined())
            let measures = ["--measure", "memorization: {samples: 4, steps: 2}"]
            let apart = try lab.run(
                [
                    "adopt", weights, "--training", "\(lab.directory.path)/seen", "--held-out",
                    "\(lab.directory.path)/unseen",
                ]
                    + measures)
            #expect(apart.status == 0 && apart.err.contains("10 used") && apart.err.contains("20 used"), "\(apart)")
            let indexed = try lab.run(
                ["adopt", weights, "--dataset", "\(lab.directory.path)/all", "--training-index", index] + measures)
            #expect(indexed.status == 0 && indexed.err.contains("10 are for training"), "\(indexed)")
            #expect(try lab.rows("SELECT count(*) FROM trials") == ["1"])
            #expect(try lab.run("resume", "adopted").status == 0)

            func pixels(_ number: Int) -> [Double] { levels(number).map { Double($0) / 127.5 - 1 } }
            let seen = (0..<30).filter { $0 % 3 == 0 }.map(pixels)
            let far: [Double] = (0..<30).filter { $0 % 3 != 0 }.map { number in
                let image = pixels(number)
                let distances = seen.map { other -> Double in
                    zip(image, other).reduce(0) { sum, pair in sum + (pair.0 - pair.1) * (pair.0 - pair.1) }
                }
                let norm: Double = image.reduce(0) { $0 + $1 * $1 }
                return ((distances.min() ?? 0) / norm).squareRoot()
            }
            let rows = try lab.rows("SELECT value, n FROM measurements WHERE quantity = 'gl_held_out'")
            let fields = rows.first?.split(separator: "|") ?? []
            #expect(rows.count == 1 && fields.last == "20")
            #expect(abs((fields.first.flatMap { Double($0) } ?? 0) - far.reduce(0, +) / Double(far.count)) < 1e-6)

            let bare = try lab.run("adopt", weights, "--training", "seen")
            #expect(bare.status == 2 && bare.err.contains("--held-out IMAGES"), "\(bare)")
        }
    }

    /// Nobody says which images the network saw: measures that need no such knowledge are taken, and no others.
    @Test func whatSpeaksOfNoTrainingImageIsMeasured() throws {
        try withLab { (lab) throws in
            let weights = try smallNetwork(in: lab)
            let adopted = try lab.run(
                "adopt", weights, "--dataset", "geometric", "--set", "dataset.count=64", "--measure",
                "linearity: {pairs: 4, sigmas: [1]}, jacobian: {images: 1, sigmas: [1]}")
            #expect(adopted.status == 0, "\(adopted)")
            #expect(try lab.run("resume", "adopted").status == 0)
            let quantities = Set(try lab.rows("SELECT DISTINCT quantity FROM measurements"))
            #expect(quantities.isSuperset(of: ["ls", "nmse", "eigenvalue", "effective_dimension"]))
            let ofTraining = ["ls_centred", "gaussian_ls", "alignment", "overlap", "affine_rmse"]
            #expect(quantities.isDisjoint(with: ofTraining), "\(quantities)")
        }
    }

    /// Half precision and wrappers' prefixes are read, and told of. A pickle is refused with the command that converts it,
    /// and images that do not fit are noticed.
    @Test func whatAFileHoldsIsTold() throws {
        try withLab { (lab) throws in
            let training = try lab.write(
                "small.yaml",
                """
                dataset: {source: sines, resolution: 8, size: 256, count: 512, held_out: 8}
                model: {architecture: ddpmpp, multipliers: [1], blocks: 1, attention: [], scale: 8}
                training: {batch: 16, steps: 1500, learning_rate: 4.0e-3}
                """)
            try lab.runWorker("train", training, "--output", lab.directory.path)
            let weights = lab.directory.appendingPathComponent("weights-1500.safetensors").path
            let own = ["--dataset", "sines", "--set", "dataset.count=512", "--set", "dataset.split=drawn"]
            let plain = try lab.run(["adopt", weights] + own)
            #expect(plain.status == 0 && plain.err.contains("weights in F32, names without a prefix"), "\(plain)")
            #expect(!plain.err.contains("was it trained on others"), "\(plain.err)")

            let wrapped = try lab.write("wrapped.safetensors", "")
            try lab.wrap(weights, as: "module._orig_mod.", to: wrapped)
            let half = try lab.run(["adopt", wrapped] + own)
            #expect(
                half.status == 0 && half.err.contains("weights in BF16, names behind the prefix module._orig_mod."),
                "\(half)")
            #expect(try lab.rows("SELECT DISTINCT parameters FROM trials").count == 1)

            let other = try lab.run(["adopt", weights, "--dataset", "disks", "--set", "dataset.count=512"])
            #expect(other.status == 0 && other.err.contains("was it trained on others"), "\(other)")

            for (name, bytes) in [
                ("net.pkl", [0x80, 4, 0x95] as [UInt8]), ("net.bin", Array("PK\u{3}\u{4}data.pkl".utf8)),
            ] {
                let path = lab.directory.appendingPathComponent(name)
                try Data(bytes).write(to: path)
                let refused = try lab.run(["adopt", path.path] + own)
                #expect(refused.status == 3 && refused.err.contains("pickle"), "\(refused)")
                #expect(
                    refused.err.contains("save_file(") && refused.err.contains("\"\(path.path)\""), "\(refused.err)")
            }
        }
    }
}
