import JobContract
import SweepFiles
import SweepModel
import Testing

/// What a grid means: order, zips, exclusions, unions, merging and lengths.
@Suite struct GridTests {
    private func asked(_ expansion: Expansion, _ keys: String...) -> [[JSONValue]] {
        expansion.sweep.trials.map { trial in keys.map { trial.asked[$0] ?? .null } }
    }

    @Test func theFirstAxisVariesSlowest() throws {
        let expansion = try expand(
            sweep("training.steps: 5\ngrid:\n  model.scale: [8, 4]\n  dataset.size: [16, 64]\n  seed: {range: [0, 2]}"))
        #expect(
            asked(expansion, "model.scale", "dataset.size", "seed") == [
                [8, 16, 0], [8, 16, 1], [8, 64, 0], [8, 64, 1], [4, 16, 0], [4, 16, 1], [4, 64, 0], [4, 64, 1],
            ])
        #expect(expansion.sweep.trials.map(\.position) == Array(0..<8))
    }

    @Test(arguments: [
        "training.steps: 5\ngrid:\n  seed: [0, 1]\n  model.scale: [8, 4]",
        "training.steps: 5\ngrid:\n  model.multipliers: [[1], [1, 2]]\n  dataset.flip: [true, false]",
    ])
    func theTextOfASpecIsItsCanonicalForm(_ text: String) throws {
        let trainings = try expand(sweep("dataset.size: 16\n" + text)).sweep.trainings.values
        #expect(trainings.count == 4)
        for training in trainings {
            #expect(try training.specText == CanonicalJSON.encode(.object(training.spec)))
        }
    }

    @Test func zipsAdvanceTogetherAndMultiplyWithOthers() throws {
        let expansion = try expand(
            sweep(
                """
                dataset.size: 16
                training.steps: 5
                grid:
                  seed: [0, 1]
                  zip:
                    - {training.batch: [32, 64], training.learning_rate: [1e-3, 2e-3]}
                    - {model.scale: [4, 8, 16], model.blocks: [3, 2, 1]}
                """))
        #expect(expansion.sweep.trials.count == 12)
        #expect(
            asked(expansion, "seed", "training.batch", "training.learning_rate", "model.scale", "model.blocks").prefix(
                4)
                == [[0, 32, 0.001, 4, 3], [0, 32, 0.001, 8, 2], [0, 32, 0.001, 16, 1], [0, 64, 0.002, 4, 3]])
    }

    /// A value may come again where the point is another; the same point twice is a slip, as on any axis.
    @Test func zippedAxesMayRepeatValues() throws {
        func zip(_ scales: String) -> String {
            "training.steps: 5\ngrid: {zip: [{dataset.size: [8, 8, 16, 16], model.scale: \(scales)}]}"
        }
        #expect(
            asked(try expand(sweep(zip("[4, 8, 4, 8]"))), "dataset.size", "model.scale")
                == [[8, 4], [8, 8], [16, 4], [16, 8]])
        let error = #expect(throws: SweepFileError.self) { try expand(sweep(zip("[4, 8, 16, 16]"))) }
        #expect(
            error?.description.contains("places 3 and 4 of the axes are the same: dataset.size=16, model.scale=16")
                == true)
        #expect(throws: SweepFileError.self) {
            try expand(sweep("training.steps: 5\ngrid: {dataset.size: [8, 8], model.scale: [4, 8]}"))
        }
        #expect(throws: SweepFileError.self) {
            try expand(sweep("training.steps: 5\ngrid: {zip: {dataset.size: [8, 8]}}"))
        }
        func set(_ scales: String) throws -> Expansion {
            try expand(sweep(zip("[4, 8, 4, 8]")), ["model.scale=\(scales)"])
        }
        #expect(try set("[16, 4, 4, 16]").sweep.trials.count == 4)
        #expect(throws: SweepFileError.self) { try set("[4, 4, 8, 16]") }
        // By itself again, the axis has two places twice each.
        let alone = try set("8")
        #expect(alone.sweep.trials.count == 2)
        #expect(alone.merged.count == 2)
    }

    @Test func excludedPointsAreNoTrials() throws {
        let expansion = try expand(
            sweep(
                """
                training.steps: 5
                grid:
                  dataset.size: [64, 256, 1024]
                  model.scale: [4, 8]
                  exclude: ["dataset.size > 256 and model.scale < 8", "dataset.size = 64 and model.scale in (8)"]
                """))
        #expect(asked(expansion, "dataset.size", "model.scale") == [[64, 4], [256, 4], [256, 8], [1024, 8]])
        #expect(expansion.excluded == 2)
        #expect(expansion.sweep.trials.map(\.position) == [0, 1, 2, 3])
    }

    /// An exclusion sees defaults and constants as well as axes.
    @Test func exclusionsSeeDefaults() throws {
        let kept = try expand(
            "name: a\ntraining.steps: 1\ndataset.size: 8\ngrid:\n  dataset.source: [geometric, faces.zip]\n"
                + "  exclude: dataset.resolution = 16 and training.batch = 32")
        #expect(kept.sweep.trainings.values.map { $0.spec["dataset.resolution"] } == [32])
    }

    /// Sources are compared as they are written, not as the paths they become.
    @Test(
        arguments: [
            ("grid: {dataset.source: [geometric, faces.zip], exclude: dataset.source = faces.zip}", ["geometric"]),
            (
                "grid: {dataset.source: [a.zip, b.zip], exclude: 'dataset.source in (b.zip, c.zip)'}",
                ["/sweeps/a.zip"]
            ),
            (
                "dataset.source: b.zip\ngrid: {seed: [0, 1], exclude: dataset.source = b.zip and seed = 1}",
                ["/sweeps/b.zip"]
            ),
        ])
    func exclusionsSeeSourcesAsWritten(text: String, sources: [String]) throws {
        let kept = try expand("name: a\ntraining.steps: 1\ndataset.size: 8\n" + text).sweep
        #expect(kept.trials.map { kept.datasets[$0.training]?.source } == sources)
    }

    /// The longest length there is fits, in whatever unit.
    @Test(arguments: ["steps: 1562500000", "images: 100000000000", "epochs: 6250000000"])
    func lengthsAreBoundedInImages(length: String) throws {
        let longest = try expand(sweep("dataset.size: 16\ntraining: {batch: 64, \(length)}"))
        #expect(longest.sweep.trials.map(\.steps) == [1_562_500_000])
        let more = length.replacing("0000", with: "1000", maxReplacements: 1)
        #expect(throws: SweepFileError.self) { try expand(sweep("dataset.size: 16\ntraining: {batch: 64, \(more)}")) }
    }

    /// A size that is always excluded need not be possible.
    @Test func impossibleSizesMayBeExcluded() throws {
        let expansion = try expand(
            sweep(
                "training.steps: 5\nmodel.multipliers: [1, 2]\ngrid:\n  dataset.size: [64, 100000]\n"
                    + "  model.scale: [32, 36]\n  exclude: [dataset.size > 999, model.scale = 36]"))
        #expect(asked(expansion, "dataset.size", "model.scale") == [[64, 32]])
    }

    @Test func aListOfBlocksIsTheirUnion() throws {
        let expansion = try expand(
            sweep(
                """
                dataset.size: 16
                training.images: 320
                grid:
                  - {seed: [0, 1]}
                  - {model.scale: [8, 16], seed: [0]}
                """))
        // Scale 16 is the default, so the last point equals the first.
        #expect(asked(expansion, "model.scale", "seed") == [[.null, 0], [.null, 1], [8, 0]])
        #expect(expansion.merged.map(\.position) == [0])
        #expect(expansion.merged.map(\.asked) == [["model.scale": 16, "seed": 0]])
    }

    @Test func pointsThatRoundToTheSameAreOneTrial() throws {
        // 2, 2.24, 2.52, 2.83, 3.17, 3.56, 4, 4.49, 5.04, 5.66, 6.35, 7.13, 8
        let dense = try expand(
            sweep(
                "training.images: 64\ngrid:\n  dataset.size: {geometric: {from: 2, to: 8, count: 13}}"))
        let sizes = dense.sweep.trials.compactMap { dense.sweep.trainings[$0.training]?.datasetSize }
        #expect(sizes == [2, 3, 4, 5, 6, 7, 8])
        #expect(dense.merged.count == 6)
        #expect(dense.merged.first?.position == 0)
        #expect(dense.merged.first?.asked["dataset.size"]?.doubleValue == 2.24492409662)
    }

    @Test func lengthsThatAreTheSameStepsAreOneTrial() throws {
        let expansion = try expand(sweep("dataset.size: 16\ngrid:\n  training.images: [1, 32, 33, 64]"))
        #expect(expansion.sweep.trials.map(\.steps) == [1, 2])
        #expect(expansion.merged.map(\.position) == [0, 1])
        #expect(expansion.sweep.trainings.count == 1)
    }

    /// The length is max(1, round(N·epochs/batch)).
    @Test(
        arguments: [
            (100, "1", 32, 3), (112, "1", 32, 4), (16, "0.1", 32, 1), (1000, "2.5", 64, 39), (16, "2000", 32, 1000),
        ])
    func epochsBecomeSteps(size: Int, epochs: String, batch: Int, steps: Int) throws {
        let expansion = try expand(
            sweep("dataset.size: \(size)\ntraining: {epochs: \(epochs), batch: \(batch)}"))
        #expect(expansion.sweep.trials.map(\.steps) == [steps])
    }

    @Test func sharedLengthsAreOneTraining() throws {
        let expansion = try expand(
            sweep("grid:\n  training.images: [64, 128, 256]\n  dataset.size: [16, 32]"))
        #expect(expansion.sweep.trainings.count == 2)
        #expect(expansion.sweep.trials.map(\.steps) == [2, 2, 4, 4, 8, 8])
    }

    @Test func sectionsMayBeNestedOrFlat() throws {
        let flat = try expand(sweep("dataset.size: 16\ndataset.part: 1/2\nmodel.scale: 8\ntraining.steps: 3"))
        let nested = try expand(
            "name: n\ndataset:\n  source: geometric\n  size: 16\n  part: {index: 1, of: 2}\nmodel: {scale: 8}\n"
                + "training: {steps: 3}")
        #expect(flat.sweep.trials.map(\.id) == nested.sweep.trials.map(\.id))
    }

    @Test func listKeysTakeAListAsOneValueAndListsOfListsAsAnAxis() throws {
        let one = try expand(sweep("dataset.size: 16\ntraining.steps: 3\ngrid: {model.multipliers: [1, 2]}"))
        #expect(one.sweep.trials.count == 1)
        let two = try expand(sweep("dataset.size: 16\ntraining.steps: 3\ngrid: {model.multipliers: [[1, 2], [2, 2]]}"))
        #expect(two.sweep.trials.map(\.asked) == [["model.multipliers": [1, 2]], ["model.multipliers": [2, 2]]])
    }

    @Test func measuresGetTheWorkersDefaults() throws {
        let requests = try expand(
            sweep(
                "dataset.size: 16\ntraining.steps: 3\n"
                    + "measures: [memorization, {gaussian-distance: {samples: 64, sigmas: [1, 0.5]}}]")
        ).sweep.measures
        #expect(
            requests == [
                MeasureRequest(
                    measure: "memorization", version: 1,
                    parameters: ["samples": 256, "sampler": "heun", "steps": 18, "seed": 0]),
                MeasureRequest(
                    measure: "gaussian-distance", version: 1,
                    parameters: ["samples": 64, "sigmas": [1, 0.5], "seed": 0]),
            ])
    }

    @Test func needsAndWorkerAreRead() throws {
        let file = try SweepFile(
            text: sweep(
                "dataset.size: 16\ntraining.steps: 3\nneeds: {memory: 2G, tags: [avx512]}\n"
                    + "worker: {command: [python3, toy.py], upload: [toy.py, /opt/data.txt]}"),
            file: "x.yaml", folder: "/sweeps")
        #expect(file.needs == JobNeeds(memory: 2 << 30, tags: ["avx512"]))
        #expect(
            file.worker == WorkerCommand(command: ["python3", "toy.py"], upload: ["/sweeps/toy.py", "/opt/data.txt"]))
    }

    /// Other workers may have architectures of their own.
    @Test func foreignArchitecturesAreTheWorkersAffair() throws {
        let file = try SweepFile(
            text: sweep("dataset.size: 16\ntraining.steps: 3\nmodel: {architecture: toy, scale: 36}"), file: "x.yaml")
        let expansion = try file.expand(worker: describedWorker(architectures: ["toy"]), identify: identity)
        #expect(expansion.sweep.trials.count == 1)
    }

    /// Each dataset is identified once, however many trials read it.
    @Test func datasetsAreIdentifiedOnce() throws {
        let asked = Counter()
        let file = try SweepFile(
            text: "name: a\ntraining.steps: 1\ndataset.size: 8\ngrid:\n  - {seed: [0, 1, 2], dataset.alpha: [2, 3]}\n"
                + "  - {model.scale: [4, 8], dataset.source: [geometric]}\n",
            file: "x.yaml", overrides: ["dataset.source=geometric"])
        _ = try file.expand(worker: describedWorker()) { request in
            asked.requests.append(request)
            return identity(of: request)
        }
        #expect(asked.requests.map { $0.parameters["alpha"] } == [2, 3])
    }

    /// An axis of a key that decides how images are prepared makes other trials, of other datasets, too.
    @Test(arguments: [
        ("x.zip", "dataset.shuffle", "[false, true]"), ("x.zip", "dataset.deduplicate", "[false, true]"),
        ("x.zip", "dataset.resolution", "[8, 16]"), ("x.zip", "dataset.channels", "[1, 3]"),
        ("geometric", "dataset.count", "[1000, 2000]"), ("geometric", "dataset.alpha", "[2, 3]"),
    ])
    func preparationsAreAxes(source: String, key: String, values: String) throws {
        let text = "name: a\ntraining.steps: 1\ndataset.size: 8\ndataset.source: \(source)\n"
        let sweep = try expand(text + "grid: {\(key): \(values), seed: [0, 1]}\n").sweep
        #expect(sweep.trials.count == 4)
        #expect(Set(sweep.datasets.values).count == 2)
    }

    private final class Counter { var requests: [DatasetRequest] = [] }

    /// The two ways of naming a million points agree on a smaller sweep, of text in, names out, in parallel chunks.
    @Test func largeGridsHaveTheNamesOfTheirSpecs() throws {
        let expansion = try expand(
            sweep("training.images: 64\ngrid:\n  seed: {range: [0, 5000]}\n  dataset.size: [16, 64]"))
        #expect(expansion.sweep.trials.count == 10000)
        #expect(Set(expansion.sweep.trials.map(\.id)).count == 10000)
        for position in stride(from: 0, to: 10000, by: 997) {
            let trial = expansion.sweep.trials[position]
            let spec = try #require(expansion.sweep.trainings[trial.training]?.spec)
            #expect(spec["seed"]?.integerValue == position / 2)
            #expect(spec["dataset.size"]?.integerValue == (position % 2 == 0 ? 16 : 64))
            #expect(try TrainingID(spec: spec) == trial.training)
            #expect(
                trial.asked == ["seed": .integer(Int64(position / 2)), "dataset.size": position % 2 == 0 ? 16 : 64])
        }
    }

    /// However a number is written, it is one value, one training and one trial.
    @Test(arguments: [
        ("training.sigma_data", ["1", "1.0", "1e0", "10e-1"]), ("model.dropout", ["0", "0.0", "0e3"]),
        ("training.learning_rate", ["0.001", "1e-3", "1.0e-3"]), ("training.batch", ["8", "8.0"]),
        ("training.ema_half_life_images", ["500000", "5e5", "500000.0"]), ("seed", ["3", "3.0"]),
    ])
    func aNumberIsOneTrainingHoweverItIsWritten(key: String, texts: [String]) throws {
        let rest = sweep("dataset.size: 16\ntraining.steps: 5\n")
        let alone = try texts.map { try expand(rest + "\(key): \($0)\n").sweep }
        #expect(Set(alone.flatMap { $0.trials.map(\.id) }).count == 1)
        #expect(Set(try alone.flatMap { try $0.trainings.values.map { try $0.specText } }).count == 1)
        #expect(Set(alone.flatMap { $0.trainings.values.map(\.spec) }).count == 1)
        let together = complaint(rest + "grid:\n  \(key): [\(texts.joined(separator: ", "))]\n")
        #expect(together?.contains("stands twice") == true)
    }
}
