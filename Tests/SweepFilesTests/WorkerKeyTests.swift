import JobContract
import SweepFiles
import SweepModel
import Testing

/// Keys that a worker declares are keys of its sweeps as Eigensweep's own are.
@Suite struct WorkerKeyTests {
    private static let patch = KeyDeclaration(
        "model.patch", .integer, 4, least: 1, most: 16, architectures: ["dit"], "edge of a patch")
    private static let keys = [
        patch, KeyDeclaration("model.rate", .number, 0.5, above: 0, below: 1, "a share"),
        KeyDeclaration("physics.free", .flag, false, "whether free of divergence"),
        KeyDeclaration("physics.law", .text, "heat", choices: ["heat", "wave"], "a law"),
        KeyDeclaration("physics.widths", .integer, [8, 16], least: 1, list: .init(least: 1, most: 3), "widths"),
        KeyDeclaration("physics.words", .text, ["1"], list: .init(least: 0, most: 2, distinct: nil), "words"),
        KeyDeclaration("training.kick", .number, 0, architectures: ["mlp"], "a kick"),
    ]

    private func worker(_ change: (inout WorkerDescription) -> Void = { _ in }) -> WorkerDescription {
        var worker = describedWorker(architectures: ["dit", "mlp"])
        worker.contract = 2
        worker.keys = Self.keys
        change(&worker)
        return worker
    }

    private func expand(
        _ lines: String, _ overrides: [String] = [], by worker: WorkerDescription? = nil
    ) throws -> Expansion {
        let worker = worker ?? self.worker()
        return try SweepFile(
            text: sweep("dataset.size: 8\ntraining.steps: 1\n" + lines), file: "x.yaml", overrides: overrides,
            keys: KeyTable(worker)
        ).expand(worker: worker, identify: identity)
    }

    private func specs(_ lines: String, _ overrides: [String] = []) throws -> [[String: JSONValue]] {
        let sweep = try expand(lines, overrides).sweep
        return sweep.trials.compactMap { sweep.trainings[$0.training]?.spec }
    }

    private func complaint(
        _ lines: String, _ overrides: [String] = [], by worker: WorkerDescription? = nil
    ) -> String? {
        do {
            _ = try expand(lines, overrides, by: worker)
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// A spec has each key that its architecture reads, given or not, and none of the others.
    @Test func specsHaveWhatTheArchitectureReads() throws {
        let seen = try specs("model.rate: 0.25\ngrid: {model.architecture: [dit, mlp]}")
        #expect(seen.count == 2)
        for (spec, architecture) in zip(seen, ["dit", "mlp"]) {
            #expect(spec["model.architecture"] == .string(architecture))
            #expect(spec["model.rate"] == 0.25)
            #expect(spec["physics.free"] == false)
            #expect(spec["physics.law"] == "heat")
            #expect(spec["physics.widths"] == [8, 16])
            #expect(spec["model.patch"] == (architecture == "dit" ? 4 : nil))
            #expect(spec["training.kick"] == (architecture == "mlp" ? 0 : nil))
        }
        let alone = try specs("model.architecture: mlp")
        #expect(alone[0]["model.patch"] == nil && alone[0]["training.kick"] == 0)
        #expect(alone.count == 1)
    }

    /// The name of a training with keys of a worker's own is for ever.
    @Test func theyAreOfTheIdentity() throws {
        func id(_ lines: String) throws -> String {
            try #require(try expand("model.architecture: dit\n" + lines).sweep.trials.first).id.hex
        }
        let plain = try id("")
        #expect(plain == "ca1e0b61684dfee1aee5c5c0a6d342fc8ffe77f713519f3d9de8b4e3b4eec6ed")
        #expect(try id("model.patch: 4\nphysics: {widths: [8, 16], law: heat}") == plain)
        #expect(try id("model.patch: 2") != plain)
        #expect(try id("physics.widths: [16, 8]") != plain)
        let sweep = try expand("model.architecture: dit").sweep
        let training = try #require(sweep.trainings.values.first)
        #expect(try TrainingID(spec: training.spec) == training.id)
    }

    /// Axes, computed or listed, zips, exclusions, profiles and `--set` take them; so do sections of the worker's own.
    @Test func gridsVaryThem() throws {
        let patches = try specs(
            "model.architecture: dit\ngrid: {model.patch: {geometric: {from: 2, to: 8, factor: 2}}}")
        #expect(patches.map { $0["model.patch"] } == [2, 4, 8])
        let rates = try specs("model.architecture: dit\ngrid: {model.rate: {linear: {from: 0.25, to: 0.75, count: 3}}}")
        #expect(rates.map { $0["model.rate"] } == [0.25, 0.5, 0.75])
        let lists = try specs(
            "model.architecture: mlp\ngrid: {physics.widths: [[8], [8, 16]], physics.free: [true, false]}")
        #expect(lists.count == 4)
        #expect(lists[0]["physics.widths"] == [8])
        let zipped = try specs(
            "model.architecture: dit\n"
                + "grid: {zip: [{model.patch: [2, 4], physics.law: [wave, heat]}], exclude: \"model.patch > 3\"}")
        #expect(zipped.map { $0["physics.law"] } == ["wave"])
        let profiled = try specs(
            "model: {architecture: dit}\nphysics: {law: wave, words: [1, yes]}\nprofiles: {quick: {physics: {free: true}}}",
            ["profile=quick", "model.patch=8", "physics.law=heat"])
        #expect(profiled[0]["physics.free"] == true)
        #expect(profiled[0]["physics.words"] == ["1", "yes"])
        #expect(profiled[0]["physics.law"] == "heat" && profiled[0]["model.patch"] == 8)
    }

    @Test(
        arguments: [
            ("model.pach: 3", "x.yaml:6: model.pach: no such key; did you mean model.patch?"),
            ("grid: {pysics.law: [heat]}", "x.yaml:6: pysics.law: no such key; did you mean physics.law?"),
            ("physics: {low: heat}", "x.yaml:6: physics.low: no such key; did you mean physics.law?"),
            ("model.patch: 17", "x.yaml:6: model.patch: expected an integer from 1 to 16, got 17"),
            ("model.patch: 2.5", "expected an integer from 1 to 16, got 2.5"),
            ("model.rate: 1", "expected a number above 0 and below 1, got 1"),
            ("physics.law: wav", "expected one of heat, wave, got wav; did you mean wave?"),
            ("physics.law:", "expected one of heat, wave, got nothing"),
            ("physics.free: 1", "expected true or false, got 1"),
            ("physics.widths: [8, 8]", "expected a list of at most 3, none twice, each an integer of at least 1"),
            ("physics.widths: []", "expected a list of at most 3"),
            ("grid: {model.patch: {range: [14, 18]}}", "the axis reaches 17: expected an integer from 1 to 16"),
            ("grid: {physics.law: {range: [1, 2]}}", "expected a list of values, each one of heat, wave"),
            ("training.kick: 1", "training.kick: is read by the architecture mlp only, not by the architecture dit"),
            ("model.patch: 9007199254740993", "expected an integer from 1 to 16"),
        ])
    func wrongOnesAreNamed(lines: String, message: String) {
        let got = complaint("model.architecture: dit\n" + lines)
        #expect(got?.contains(message) == true, "\(got ?? "no complaint")")
    }

    @Test func anotherWorkersSweepsHaveNone() {
        let ours = SweepFilesTests.complaint(sweep("dataset.size: 8\ntraining.steps: 1\nmodel.patch: 4"))
        #expect(ours?.contains("model.patch: no such key") == true, "\(ours ?? "no complaint")")
        // Keys joined with version 2 of the contract.
        let old = complaint("model.architecture: dit\nmodel.patch: 4", by: worker { $0.contract = 1 })
        #expect(old?.contains("model.patch: no such key") == true, "\(old ?? "no complaint")")
    }

    @Test(
        arguments: [
            (KeyDeclaration("model.scale", .integer, 1, "m"), "model.scale is a key of Eigensweep's"),
            (KeyDeclaration("dataset.digest", .text, "", "m"), "dataset.digest is a key of Eigensweep's"),
            (KeyDeclaration("training.steps", .integer, 1, "m"), "training.steps is a key of Eigensweep's"),
            (KeyDeclaration("seed", .integer, 1, "m"), "seed is a key of Eigensweep's"),
            (KeyDeclaration("patch", .integer, 1, "m"), "patch is no name of a key: expected section.name"),
            (KeyDeclaration("model.a b", .integer, 1, "m"), "is no name of a key"),
            (KeyDeclaration("model.a.b", .integer, 1, "m"), "is no name of a key"),
            (KeyDeclaration("model.", .integer, 1, "m"), "is no name of a key"),
            (KeyDeclaration("worker.heads", .integer, 1, "m"), "stands in the section worker"),
            (KeyDeclaration("grid.heads", .integer, 1, "m"), "stands in the section grid"),
            (KeyDeclaration("memorization.x", .integer, 1, "m"), "named as the measure memorization"),
            (patch, "model.patch is declared twice"),
            (
                KeyDeclaration("model.h", .integer, 0, least: 1, "m"),
                "model.h has a default that is none of its values: expected an integer of at least 1"
            ),
            (KeyDeclaration("model.h", .text, 0, "m"), "a default that is none of its values: expected a text"),
            (
                KeyDeclaration("model.h", .integer, 1, architectures: ["dti"], "m"),
                "model.h is read by the architecture dti, which the worker has not; did you mean dit?"
            ),
            (KeyDeclaration("model.h", .integer, 1, architectures: [], "m"), "is read by no architecture"),
            (KeyDeclaration("model.h", .text, "a", most: 3, "m"), "has a bound, which text has none of"),
            (KeyDeclaration("model.h", .integer, 1, choices: ["a"], "m"), "has choices, which integer has none of"),
            (KeyDeclaration("model.h", .text, "a", choices: [], "m"), "has no choices"),
            (KeyDeclaration("model.h", .integer, 1, step: 0, "m"), "has the step 0"),
            (
                KeyDeclaration("model.h", .integer, [1], list: .init(least: 3, most: 2), "m"),
                "has lists of at least 3 and at most 2 elements"
            ),
        ])
    func badDeclarationsAreNamed(key: KeyDeclaration, message: String) {
        let error = #expect(throws: KeyTable.Fault.self) { try KeyTable(worker { $0.keys?.append(key) }) }
        #expect(error?.description.contains("keys: \(key.key)") == true)
        #expect(error?.description.contains(message) == true, "\(String(describing: error))")
    }

    @Test func badReadsAndImagesAreNamed() {
        let reads = #expect(throws: KeyTable.Fault.self) { try KeyTable(worker { $0.reads = ["training.bach"] }) }
        #expect(
            reads?.description
                == "reads: training.bach is no key of Eigensweep's specs; did you mean training.batch?")
        #expect(throws: KeyTable.Fault.self) { try KeyTable(worker { $0.reads = ["training.images"] }) }
        let edges = ImageDeclaration.Edges(least: 1, most: 1024)
        let images = #expect(throws: KeyTable.Fault.self) {
            try KeyTable(worker { $0.images = ImageDeclaration(resolution: edges) })
        }
        #expect(images?.description == "images: resolution from 1 to 1024: expected edges from 1 to 512")
        #expect(throws: KeyTable.Fault.self) { try KeyTable(worker { $0.images = ImageDeclaration(channels: [2]) }) }
    }

    /// A key of ours that the worker does not read may only have its default.
    @Test func keysThatAreNotHonouredKeepTheirDefaults() {
        let reader = worker { $0.reads = ["training.batch", "training.preconditioning"] }
        #expect(complaint("model.architecture: dit\ntraining.batch: 8\nseed: 3", by: reader) == nil)
        #expect(complaint("model.architecture: dit\ntraining.learning_rate: 1.0e-3", by: reader) == nil)
        for lines in ["training.learning_rate: 2.0e-3", "grid: {training.learning_rate: [1.0e-3, 2.0e-3]}"] {
            #expect(
                complaint("model.architecture: dit\n" + lines, by: reader)
                    == "x.yaml:6: training.learning_rate: is 0.002, and the worker golden does not read this key: "
                    + "expected 0.001")
        }
        // A default that follows from another key's value is not the default either.
        #expect(
            complaint("model.architecture: dit\ntraining.preconditioning: vp", by: reader)?
                .contains("training.noise: is vp") == true)
        #expect(complaint("model.architecture: dit\ntraining.learning_rate: 2.0e-3") == nil)
    }

    @Test func imagesAreThoseThatTheWorkerTakes() {
        let taker = worker {
            $0.images = ImageDeclaration(resolution: .init(least: 5, most: 300), channels: [1])
        }
        func complaint(_ lines: String, _ overrides: [String] = ["dataset.source=a.zip"]) -> String? {
            self.complaint("model.architecture: dit\n" + lines, overrides, by: taker)
        }
        #expect(complaint("dataset: {resolution: 299}") == nil)
        #expect(
            complaint("dataset: {resolution: 4}")?.contains("expected an integer from 5 to 300") == true)
        #expect(
            complaint("dataset: {channels: 3}")
                == "x.yaml:6: dataset.channels: the worker golden takes images of 1 channels: expected that, got 3")
        #expect(
            complaint("dataset.resolution: 300", [])
                == "x.yaml:6: dataset.resolution: the generator geometric makes no such images: expected an even integer "
                + "from 8 to 256")
        #expect(
            self.complaint("model.architecture: dit\ndataset: {resolution: 300}", ["dataset.source=a.zip"])?
                .contains("from 8 to 256") == true)
    }

    /// A worker that takes float32 gets it of arrays; specs say nothing of it, for the digest does.
    @Test func arraysOfFloat32AreForWorkersThatTakeThem() throws {
        func requests(_ source: String, float: Bool) throws -> [[String: JSONValue]] {
            let taker = worker { $0.images = ImageDeclaration(float: float) }
            let sweep = try expand("model.architecture: dit", ["dataset.source=/\(source)"], by: taker).sweep
            #expect(sweep.trainings.values.allSatisfy { $0.spec["dataset.float"] == nil })
            #expect(sweep.trainings.values.allSatisfy { sweep.datasets[$0.id]?.agrees(with: $0.spec) == true })
            return sweep.datasets.values.map(\.parameters)
        }
        for source in ["a.npy", "a.NPZ", "a.safetensors"] {
            #expect(try requests(source, float: true) == [["float": true]])
            #expect(try requests(source, float: false) == [[:]])
        }
        #expect(try requests("a.zip", float: true) == [[:]])
    }

    /// The worker is known from the file alone, with profiles and overrides, before its keys are.
    @Test func theHeadTellsTheWorker() throws {
        let text = """
            name: head
            worker: {command: [python3, dit.py], upload: [dit.py]}
            model.patch: 3
            profiles: {other: {worker: {command: [other]}}}
            """
        let head = try SweepHead(text: text, file: "x.yaml", folder: "/f")
        #expect(head.worker == WorkerCommand(command: ["python3", "dit.py"], upload: ["/f/dit.py"]))
        #expect(try head.name == "head")
        let other = try SweepHead(text: text, file: "x.yaml", folder: "/f", overrides: ["profile=other", "name=a=b"])
        #expect(other.worker.command == ["other"])
        #expect(try other.name == "a=b")
        let set = try SweepHead(text: text, file: "x.yaml", overrides: ["worker.command=[x]", "profile=other"])
        #expect(set.worker.command == ["x"])
        #expect(throws: SweepFileError.self) { try SweepHead(text: "a: 1", file: "x.yaml").name }
    }
}
