import Foundation
import JobContract
import SweepFiles
import SweepModel
import Testing

/// `--set` and profiles: what they replace, in which order, and what they may not.
@Suite struct OverrideTests {
    private let text = sweep(
        """
        dataset.size: 64
        training: {images: 640, batch: 32}
        grid:
          seed: [0, 1, 2]
          zip: [{model.scale: [4, 8], training.learning_rate: [1e-3, 2e-3]}]
        measures: [memorization]
        profiles:
          quick: {seed: [0], training.steps: 5, measures: []}
          wide: {model: {blocks: [1, 2]}, needs: {memory: 3G}}
        """)

    private func specs(_ overrides: [String], _ keys: String...) throws -> [[JSONValue]] {
        let sweep = try expand(text, overrides).sweep
        return sweep.trials.map { trial in keys.map { sweep.trainings[trial.training]?.spec[$0] ?? .null } }
    }

    @Test func aValueReplacesAValue() throws {
        #expect(Set(try specs(["dataset.size=128"], "dataset.size")) == [[128]])
        #expect(Set(try specs(["dataset.size=128", "dataset.size=256"], "dataset.size")) == [[256]])
    }

    @Test func aListBecomesTheLastAxis() throws {
        #expect(
            try specs(["dataset.size=[16, 32]"], "seed", "model.scale", "dataset.size").prefix(3)
                == [[0, 4, 16], [0, 4, 32], [0, 8, 16]])
    }

    @Test func anAxisIsReplacedWhereItStands() throws {
        #expect(
            try specs(["seed={range: [5, 7]}"], "seed", "model.scale") == [[5, 4], [5, 8], [6, 4], [6, 8]])
        #expect(try specs(["seed=9"], "seed", "model.scale") == [[9, 4], [9, 8]])
    }

    @Test func aZippedAxisKeepsItsLengthOrLeaves() throws {
        #expect(
            try specs(["seed=0", "model.scale=[16, 32]"], "model.scale", "training.learning_rate")
                == [[16, 0.001], [32, 0.002]])
        #expect(
            try specs(["seed=0", "model.scale=16"], "model.scale", "training.learning_rate")
                == [[16, 0.001], [16, 0.002]])
        #expect(
            complaint(text, ["model.scale=[4, 8, 16]"])
                == "--set model.scale=[4, 8, 16]: model.scale: advances together with other axes: expected 2 values, or one"
        )
    }

    @Test func aLengthReplacesAnyLength() throws {
        #expect(Set(try expand(text, ["training.epochs=3"]).sweep.trials.map(\.steps)) == [6])
        #expect(Set(try expand(text, ["training.steps=[1, 9]"]).sweep.trials.map(\.steps)) == [1, 9])
        let varied = sweep("dataset.size: 8\ngrid: {training.images: [32, 64], seed: [0, 1]}")
        #expect(try expand(varied, ["training.steps=7"]).sweep.trials.map(\.steps) == [7, 7])
    }

    @Test func profilesComeBeforeOtherOverrides() throws {
        let quick = try expand(text, ["profile=quick"]).sweep
        #expect(quick.trials.count == 2)
        #expect(quick.trials.map(\.steps) == [5, 5])
        #expect(quick.measures.isEmpty)
        #expect(try expand(text, ["training.steps=6", "profile=quick"]).sweep.trials.map(\.steps) == [6, 6])
        let both = try expand(text, ["profile=[quick, wide]"]).sweep
        #expect(both.trials.count == 4)
        #expect(both.needs.memory == 3 << 30)
    }

    @Test func namesMeasuresAndNeedsCanBeSet() throws {
        let sweep = try expand(
            text, ["name=other: one", "measures=[gaussian-distance]", "needs.tags=[a, b]", "needs.memory=1G"]
        ).sweep
        #expect(sweep.name == "other: one")
        #expect(sweep.measures.map(\.measure) == ["gaussian-distance"])
        #expect(sweep.needs == JobNeeds(memory: 1 << 30, tags: ["a", "b"]))
        #expect(sweep.overrides.count == 4)
        #expect(sweep.text == text)
    }

    /// Paths in the file start from its folder, those in arguments from the current one.
    @Test func pathsStartWhereTheyWereWritten() throws {
        let file = sweep("dataset.size: 8\ntraining.steps: 1").replacing("geometric", with: "sets/a.zip")
        #expect(try expand(file).sweep.datasets.values.map(\.source) == ["/sweeps/sets/a.zip"])
        let here = FileManager.default.currentDirectoryPath
        let set = try expand(file, ["dataset.source=b #1: c.zip"]).sweep
        #expect(set.datasets.values.map(\.source) == ["\(here)/b #1: c.zip"])
    }

    @Test(
        arguments: [
            ("dataset.size", "--set dataset.size: expected key=value"),
            ("=3", "--set =3: expected key=value"),
            ("dataset.sise=3", "--set dataset.sise=3: dataset.sise: no such key; did you mean dataset.size?"),
            ("dataset.size=x", "--set dataset.size=x: dataset.size: expected an integer, at least 1, got x"),
            ("dataset.size=[]", "--set dataset.size=[]: dataset.size: the axis is empty"),
            ("dataset.size=[1", "--set dataset.size=[1: not YAML"),
            ("profile=quik", "--set profile=quik: quik: no such profile; did you mean quick?"),
            ("grid={seed: [1]}", "--set grid={seed: [1]}: grid: no such key"),
            ("needs.memori=2G", "--set needs.memori=2G: needs.memori: no such need; did you mean memory?"),
        ])
    func complains(override: String, message: String) {
        let got = complaint(text, [override])
        #expect(got?.hasPrefix(message) == true, "\(got ?? "no complaint")")
    }

    @Test func filesAreReadFromTheirFolder() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sweep-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("s.yaml")
        try sweep("dataset.size: 8\ntraining.steps: 1").replacing("geometric", with: "~/a.zip")
            .write(to: path, atomically: true, encoding: .utf8)
        let sweep = try SweepFile(contentsOf: path.path).expand(worker: describedWorker(), identify: identity).sweep
        #expect(sweep.datasets.values.map(\.source) == [NSHomeDirectory() + "/a.zip"])
        try Data([0x6e, 0xff, 0xfe]).write(to: path)
        #expect {
            try SweepFile(contentsOf: path.path)
        } throws: { "\($0)".hasPrefix("\(path.path): is no text: expected UTF-8") }
    }
}
