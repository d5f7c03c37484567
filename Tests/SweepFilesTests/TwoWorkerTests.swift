import JobContract
import SweepFiles
import SweepModel
import Testing

/// A sweep whose measures ours takes may have networks of ours beside those of its own worker.
@Suite struct TwoWorkerTests {
    private let ours: WorkerDescription
    private let theirs: WorkerDescription

    init() {
        var ours = describedWorker(numerics: 7)
        ours.name = "ours"
        ours.levels = ["edm": LevelRange(least: 0.002, most: 80)]
        ours.measures.append(
            MeasureRequest(measure: "agreement", version: 1, parameters: ["samples": 256, "with": []]))
        ours.rules = ["gaussian-distance": [MeasureRule(.levels, parameter: "sigmas")]]
        var theirs = describedWorker(architectures: ["dit"])
        theirs.contract = 2
        theirs.denoise = DenoiseOffer(derivative: false)
        theirs.measures = []
        theirs.reads = ["training.batch", "training.learning_rate"]
        theirs.images = ImageDeclaration(resolution: .init(least: 4, most: 300), float: true)
        theirs.keys = [KeyDeclaration("model.width", .integer, 16, least: 1, "a width")]
        (self.ours, self.theirs) = (ours, theirs)
    }

    private func expand(
        _ lines: String, _ overrides: [String] = [], theirs: WorkerDescription? = nil
    ) throws -> ExpandedSweep {
        let own = theirs ?? self.theirs
        var other = ours
        other.measures.removeAll { measure in own.measures.contains { $0.measure == measure.measure } }
        let worker = own.measured(by: ours)
        return try SweepFile(
            text: sweep("dataset.size: 8\ntraining.steps: 1\n" + lines), file: "x.yaml", overrides: overrides,
            keys: KeyTable(worker, beside: other)
        ).expand(worker: worker, identify: identity).sweep
    }

    private func complaint(_ lines: String, _ overrides: [String] = []) -> String {
        do {
            _ = try expand(lines, overrides)
            return ""
        } catch { return "\(error)" }
    }

    private static let both = """
        grid:
          - model.architecture: [dit]
            model.width: [8, 32]
            seed: [0, 1]
          - model.architecture: [ddpmpp]
            model.scale: [8]
            seed: [0, 1]

        """

    /// A trial is named with the worker that trains it: so it is the one that a sweep of this worker alone asks for.
    @Test(arguments: [both, both.replacing("[8, 32]", with: "[16]").replacing("    model.scale: [8]\n", with: "")])
    func trialsAreThoseOfEachWorkersOwnSweeps(lines: String) throws {
        let mixed = try expand(lines)
        let sizes = lines.contains("[8, 32]") ? [8, 32] : [16]
        let dit = try SweepFile(
            text: sweep(
                "dataset.size: 8\ntraining.steps: 1\nmodel.architecture: dit\n"
                    + "grid: {model.width: \(sizes), seed: [0, 1]}"),
            file: "x.yaml", keys: KeyTable(theirs)
        ).expand(worker: theirs, identify: identity).sweep
        let scale = lines.contains("scale") ? "model.scale: 8\n" : ""
        let ddpmpp = try SweepFile(
            text: sweep("dataset.size: 8\ntraining.steps: 1\n\(scale)grid: {seed: [0, 1]}"), file: "x.yaml"
        ).expand(worker: ours, identify: identity).sweep
        #expect(mixed.trials.map(\.id) == (dit.trials + ddpmpp.trials).map(\.id))
        #expect(mixed.trainings == dit.trainings.merging(ddpmpp.trainings) { $1 })
        for training in mixed.trainings.values {
            #expect(try TrainingID(spec: training.spec) == training.id)
            let isDit = training["model.architecture"] == "dit"
            #expect(training.worker == WorkerName(name: isDit ? "golden" : "ours", numerics: isDit ? 1 : 7))
            #expect((training["model.width"] != nil) == isDit)
        }
    }

    /// One axis over the architectures, where nothing else tells them apart.
    @Test func anAxisMayNameArchitecturesOfBoth() throws {
        let mixed = try expand(
            "grid: {model.architecture: [dit, ddpmpp], seed: [0, 1]}\n"
                + "measures: [{agreement: {across: model.architecture}}, memorization]")
        #expect(mixed.trials.count == 4 && mixed.comparisons.count == 2)
        for comparison in mixed.comparisons {
            let members = [comparison.trial] + comparison.request.others
            let trainings = members.compactMap { id in
                mixed.trials.first { $0.id == id }.flatMap { mixed.trainings[$0.training] }
            }
            #expect(trainings.map(\.worker?.name) == ["ours", "golden"], "the first is the first by its architecture")
            #expect(trainings[0]["seed"] == trainings[1]["seed"])
        }
    }

    @Test(
        arguments: [
            ("model.architecture: ditt", "the worker golden and ours have no ditt; did you mean dit?"),
            (
                "model.width: 8\ngrid: {model.architecture: [dit, ddpmpp]}",
                "model.width: is read by the architecture dit only, not by the architecture ddpmpp"
            ),
            (
                "model.scale: 8\ngrid: {model.architecture: [ddpmpp, dit]}",
                "model.scale: is 8, and the worker golden does not read this key: expected 16"
            ),
            (
                "dataset.resolution: 300\ngrid: {model.architecture: [dit, ddpmpp]}",
                "dataset.resolution: ours takes no such images: expected an even integer from 8 to 256"
            ),
            (
                "model.architecture: ddpmpp\nmeasures: [{gaussian-distance: {sigmas: [1, 100]}}]",
                "no network of this sweep is for the noise level 100"
            ),
        ])
    func whatOneOfThemDoesNotReadIsNamed(lines: String, message: String) {
        let got = complaint(lines, ["dataset.source=a.zip"])
        #expect(got.contains(message), "\(got)")
    }

    @Test func keysOfOursAreForOurs() throws {
        #expect(complaint("model.architecture: ddpmpp\nmodel.scale: 8") == "")
        #expect(complaint("model.architecture: dit\ndataset.resolution: 300", ["dataset.source=a.zip"]) == "")
    }

    /// What the sweep's own worker measures itself it cannot measure of networks that are not its own.
    @Test func aMeasureOfTheirOwnIsOfTheirNetworks() throws {
        var theirs = theirs
        theirs.measures = [MeasureRequest(measure: "size", version: 1, parameters: [:])]
        #expect(throws: Never.self) { try expand("model.architecture: dit\nmeasures: [size]", theirs: theirs) }
        let error = #expect(throws: SweepFileError.self) {
            try expand("grid: {model.architecture: [dit, ddpmpp]}\nmeasures: [size]", theirs: theirs)
        }
        #expect(
            error.map { "\($0)" }?.contains(
                "x.yaml:6: measures.size: the worker golden takes it itself, of its own networks, and ours trains some")
                == true, "\(String(describing: error))")
    }

    /// Arrays of float32 stay so for the worker that takes them alone.
    @Test func eachHasTheImagesThatItTakes() throws {
        let mixed = try expand("grid: {model.architecture: [dit, ddpmpp]}", ["dataset.source=/a.npy"])
        #expect(mixed.trainings.count == 2)
        for training in mixed.trainings.values {
            let isDit = training["model.architecture"] == "dit"
            #expect(mixed.datasets[training.id]?.parameters == (isDit ? ["float": true] : [:]))
        }
    }
}
