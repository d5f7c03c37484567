import Foundation
import JobContract
import Tensors
import Testing

/// The worker's commands for people.
@Suite(.serialized) struct CommandTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    private func run(_ arguments: [String]) throws -> (status: Int32, output: String, errors: String) {
        try sandbox.run(arguments)
    }

    @Test func verifyAgreesWithAReferenceAndSeesAChange() throws {
        var file = try Sandbox.reference("training-ddpmpp-c4-r16-10steps")
        #expect(try run(["verify", file.name]).status == 0)

        var losses: Tensor<Float> = try file.tensor("loss")
        losses.values[9] *= 1.001
        file.set("loss", losses)
        let changed = try run(["verify", sandbox.write(file, "changed")])
        #expect(changed.status == 1 && changed.output.contains("loss") && changed.output.contains("DIFFERS"))
    }

    @Test func trainingAndMeasuringByHandEqualAJob() throws {
        let content = Sandbox.dataset()
        let digest = try sandbox.keep(content)
        let job = JobDescription(
            .train(.init(milestones: [3])), spec: smallSpec(dataset: digest), dataset: digest, in: sandbox)
        let event = try #require(try WorkerProgram.ours.start(job, in: sandbox.newAttempt()).finish().milestones.first)

        let spec = sandbox.root.appendingPathComponent("spec.json")
        try JSONEncoder().encode(smallSpec(dataset: digest, changing: ["model.scale": 8])).write(to: spec)
        let common = ["--spec", spec.path, "--set", "model.scale=4", "--dataset", sandbox.path(of: digest)]
        let output = ["--output", sandbox.root.path]
        #expect(try run(["train", "--steps", "2"] + common + output).status == 0)
        let state = sandbox.root.appendingPathComponent("state-2.safetensors").path
        #expect(try run(["train", "--steps", "3", "--resume", state] + common + output).status == 0)
        let weights = sandbox.root.appendingPathComponent("weights-3.safetensors")
        #expect(Digest(of: try Data(contentsOf: weights)) == event.weights?.digest)

        let measured = try run(
            ["measure", "--checkpoint", weights.path, "--measure", #"memorization {"samples": 8}"#] + common)
        #expect(measured.status == 0, "\(measured.errors)")
        #expect(measured.output.contains(#""quantity":"copy_auc""#))
        #expect(measured.output.split(separator: "\n").count == 8)
    }

    /// The memory of a network too large to be tried is told by a narrower one.
    @Test func whatTrainingsWillTakeIsTried() throws {
        let specs = [4, 8, 512].map { scale in
            smallSpec(dataset: Digest(of: []), changing: ["model.scale": .number(scale), "model.dropout": 0])
        }
        let file = sandbox.path("specs.json")
        try JSONEncoder().encode(specs).write(to: URL(fileURLWithPath: file))
        let found = try run(["forecast", "--seconds", "0.5", "--specs", file])
        #expect(found.status == 0, "\(found.errors)")
        let seconds = found.output.split(separator: "\n").compactMap { Double($0) }
        try #require(seconds.count == 3)
        #expect(seconds[0] > 0 && seconds[1] > seconds[0] && seconds[2] > 100 * seconds[1], "\(seconds)")
    }

    private func yaml(_ lines: String) throws -> String {
        let file = sandbox.root.appendingPathComponent("small.yaml")
        try Data(lines.utf8).write(to: file)
        return file.path
    }

    private static let small = """
        dataset: {size: 6, held_out: 8}
        model: {multipliers: [2, 2], blocks: 1, attention: [4], dropout: 0.1}
        training: {batch: 4, epochs: 100}
        seed: 3
        """

    /// A few lines, completed by the defaults of sweeps, are the training that a job would have.
    @Test func aSmallFileIsTheJobOfItsKeys() throws {
        let digest = try sandbox.keep(Sandbox.dataset())
        let job = JobDescription(
            .train(.init(milestones: [3])), spec: smallSpec(dataset: digest), dataset: digest, in: sandbox)
        let event = try #require(try WorkerProgram.ours.start(job, in: sandbox.newAttempt()).finish().milestones.first)
        let result = try run([
            "train", yaml(Self.small), "--set", "model.scale=4", "--steps", "3", "--dataset", sandbox.path(of: digest),
            "--output", sandbox.root.path,
        ])
        #expect(result.status == 0, "\(result.errors)")
        let weights = sandbox.root.appendingPathComponent("weights-3.safetensors")
        #expect(Digest(of: try Data(contentsOf: weights)) == event.weights?.digest)
        #expect(result.output.contains("state-3.safetensors") && result.output.contains("weights-3.safetensors"))
        let measured = try run([
            "measure", yaml(Self.small), "--set", "model.scale=4", "--dataset", sandbox.path(of: digest),
            "--checkpoint", weights.path, "--measure", #"memorization {"samples": 4}"#,
        ])
        #expect(measured.status == 0, "\(measured.errors)")
        #expect(measured.output.contains("gl_score"))
    }

    @Test(
        arguments: [
            ("modle: {scale: 4}", [], "small.yaml:5: modle: no such key; did you mean model?"),
            ("model.scal: 4", [], "small.yaml:5: model.scal: no such key; did you mean model.scale?"),
            ("", ["--set", "model.scal=8"], "--set model.scal=8: model.scal: no such key; did you mean model.scale?"),
            ("", ["--set", "model.scale=5"], "--set model.scale=5: model.scale: expected an even integer"),
            ("", ["--set", "dataset.size=17"], "--set dataset.size=17: dataset.size: 17 images are asked for"),
            ("", ["--set", "seed=[1, 2]"], "small.yaml: asks for 2 trials: expected one"),
            ("model.layers: 3", [], "small.yaml:5: model.layers: is read by the architecture bf-cnn only"),
            ("dataset.resolution: 16", [], "dataset.resolution"),
        ] as [(String, [String], String)])
    func aWrongKeyIsRefusedWithItsLine(line: String, arguments: [String], message: String) throws {
        let digest = try sandbox.keep(Sandbox.dataset())
        let result = try run(
            ["train", yaml("\(Self.small)\n\(line)"), "--dataset", sandbox.path(of: digest)] + arguments)
        #expect(result.status != 0)
        #expect(result.errors.contains(message), "\(result.errors)")
    }

    /// A generator's images are there for anybody who has prepared nothing.
    @Test func generatedImagesNeedNoFile() throws {
        let lines =
            "dataset: {source: geometric, resolution: 8, size: 6, held_out: 4, count: 16}\n"
            + "model: {architecture: linear}\ntraining: {batch: 4, steps: 2}"
        let trained = try run(["train", yaml(lines), "--output", sandbox.root.path])
        #expect(trained.status == 0, "\(trained.errors)")
        let weights = sandbox.root.appendingPathComponent("weights-2.safetensors").path
        let measured = try run([
            "measure", yaml(lines), "--checkpoint", weights, "--measure", #"gaussian-distance {"samples": 4}"#,
        ])
        #expect(measured.status == 0, "\(measured.errors)")
        let pictures = try run([
            "train", yaml(lines.replacing("geometric", with: "z.zip").replacing(", count: 16", with: "")),
        ])
        #expect(pictures.status != 0 && pictures.errors.contains("small.yaml:1: dataset.source: expected a built-in"))
    }

    @Test func aTrainingByHandThatDivergesLeavesItsLastState() throws {
        let digest = try sandbox.keep(Sandbox.dataset())
        let result = try run([
            "train", yaml(Self.small), "--set", "training.preconditioning=ve", "--set", "training.noise=lognormal",
            "--set", "training.noise_mean=0", "--set", "training.noise_std=40", "--set", "seed=6", "--steps", "500",
            "--dataset",
            sandbox.path(of: digest), "--output", sandbox.root.path, "--state-seconds", "0",
        ])
        let files = try FileManager.default.contentsOfDirectory(atPath: sandbox.root.path).filter {
            $0.hasPrefix("state-")
        }
        #expect(result.status == 1 && files.count == 1)
        #expect(files.first.map { result.errors.contains("the last state is \(sandbox.root.path)/\($0)") } == true)
    }

    @Test func wrongUsageIsExplained() throws {
        #expect(try run(["sample", "--checkpoint", "x"]).status == 64)
        let picture = try run(["sample", "--checkpoint", "x", "--output", "z.png"])
        #expect(picture.status == 64 && picture.errors.contains("--grid z.png"))
        let missing = try run(["verify", "nowhere.safetensors"])
        #expect(missing.status == 1 && missing.errors.contains("nowhere.safetensors"))
        #expect(try run(["paint"]).status == 64)
    }
}
