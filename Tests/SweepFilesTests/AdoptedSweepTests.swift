import JobContract
import SweepFiles
import SweepModel
import Testing

/// Sweeps of networks that were trained elsewhere.
@Suite struct AdoptedSweepTests {
    private static let weights = String(repeating: "0a", count: 32)
    private static let keys: [String: JSONValue] = [
        "dataset.source": "geometric", "dataset.size": 100, "dataset.resolution": 16, "model.architecture": "adm",
        "model.scale": 8, "model.multipliers": [1, 2], "model.attention": [], "training.steps": 3,
        "model.weights": .string(weights),
    ]

    @Test func eachNetworkIsOneTrialHoweverOftenItIsAdopted() throws {
        var sweep = AdoptedSweep(name: "found: \"elsewhere\"")
        sweep.add(Self.keys)
        try sweep.addMeasures("memorization: {samples: 64}")
        let first = try expand(try sweep.text).sweep
        #expect(first.name == "found: \"elsewhere\"" && first.trials.count == 1 && first.trials[0].steps == 3)
        let training = try #require(first.trainings.values.first)
        #expect(
            training.spec["model.weights"] == .string(Self.weights) && training.spec["model.multipliers"] == [1, 2])
        #expect(first.measures.map(\.parameters["samples"]) == [64])

        var again = try #require(AdoptedSweep(text: try sweep.text))
        again.add(Self.keys)
        try again.addMeasures("memorization: {samples: 64}")
        #expect(try again.text == sweep.text)
        again.add(Self.keys.merging(["model.weights": .string(String(repeating: "0b", count: 32))]) { $1 })
        try again.addMeasures("gaussian-distance, memorization")
        let second = try expand(try again.text).sweep
        #expect(second.trials.count == 2 && second.trials[0].id == first.trials[0].id)
        #expect(second.measures.map(\.measure) == ["memorization", "gaussian-distance", "memorization"])
    }

    @Test func othersSweepsAndWrongSettingsAreRefused() throws {
        #expect(AdoptedSweep(text: sweep("dataset.size: 4")) == nil)
        let (key, value) = try AdoptedSweep.setting("dataset.part={index: 1, of: 2}")
        #expect(key == "dataset.part" && value == ["index": 1, "of": 2])
        #expect(try AdoptedSweep.setting("dataset.flip=true").value == true)
        for (text, word) in [("flip", "key=value"), ("dataset.sise=3", "dataset.size"), ("dataset.size=no", "integer")]
        {
            let error = #expect(throws: SweepFileError.self) { try AdoptedSweep.setting(text) }
            #expect(error?.description.contains(word) == true)
        }
    }
}

/// Measures that draw samples, of networks that were trained at one noise level.
@Suite struct SamplingMeasureTests {
    private func complaint(_ text: String, declared: Bool = false) -> String? {
        var worker = describedWorker()
        if declared {
            worker.quantities = [
                "memorization": [
                    QuantityDeclaration(name: "copied", kind: .share, fact: .network, needs: [.training, .sampler])
                ],
                "gaussian-distance": [
                    QuantityDeclaration(name: "rmse", kind: .mean, fact: .network, needs: [.training]),
                    QuantityDeclaration(name: "sampled", kind: .mean, fact: .network, needs: [.sampler]),
                ],
            ]
        } else {
            worker.sampling = ["memorization"]
        }
        do {
            _ = try SweepFile(text: sweep("training.steps: 1\ndataset.size: 8\n" + text), file: "x.yaml", folder: "/")
                .expand(worker: worker, identify: identity)
            return nil
        } catch { return "\(error)" }
    }

    @Test func theyAreRefusedByLine() {
        let linear = complaint("model.architecture: linear\nmeasures:\n  - gaussian-distance\n  - memorization")
        #expect(linear?.hasPrefix("x.yaml:8: measures.memorization: draws samples") == true, "\(linear ?? "")")
        #expect(complaint("grid: {training.noise: [lognormal, fixed]}\nmeasures: [memorization]") != nil)
        #expect(complaint("model.architecture: linear\nmeasures: [gaussian-distance]") == nil)
        #expect(complaint("training.noise: lognormal\nmeasures: [memorization]") == nil)
        #expect(complaint("model.architecture: linear\nmeasures: [memorization]", declared: true) != nil)
        #expect(complaint("model.architecture: linear\nmeasures: [gaussian-distance]", declared: true) == nil)
    }
}
