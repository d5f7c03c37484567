import Foundation
import JobContract
import Tensors
import Testing

/// States that a training must not go on from are named before anything is computed.
@Suite(.serialized) struct WrongStateTests {
    private let sandbox: Sandbox
    private let dataset: Digest

    init() throws {
        sandbox = try Sandbox()
        dataset = try sandbox.keep(Sandbox.dataset())
    }

    private func start(
        _ task: TrainTask, changing changes: [String: JSONValue?] = [:], dataset: Digest? = nil
    ) throws -> RunningWorker {
        let dataset = dataset ?? self.dataset
        let spec = smallSpec(dataset: dataset, changing: changes)
        let job = JobDescription(.train(task), spec: spec, dataset: dataset, in: sandbox)
        return try WorkerProgram.ours.start(job, in: sandbox.newAttempt())
    }

    /// The state after two steps.
    private func state() throws -> SafetensorsFile {
        let worker = try start(.init(milestones: [2]))
        let file = try #require(try worker.finish().milestones.first?.state)
        let path = worker.directory.appendingPathComponent(file.path).path
        return try SafetensorsFile(bytes: sandbox.read(path), name: "state")
    }

    private static let parameter = "model.enc.8x8_conv.weight"

    private static let others: [(String, JSONValue)] = [
        ("training.learning_rate", 0.002), ("training.batch", 8), ("training.sigma_data", 1), ("seed", 4),
        ("model.scale", 8), ("model.dropout", 0.2), ("dataset.size", 5), ("dataset.subset_seed", 1),
        ("dataset.flip", true), ("training.noise_mean", 0), ("training.ema_ramp", 0.1),
    ]

    @Test func aStateOfAnotherTrainingIsRefusedByTheKeyThatDiffers() throws {
        let resume = ResumePoint(steps: 2, state: try sandbox.keep(state().serialized()))
        for (key, value) in Self.others {
            let found = try start(.init(milestones: [4], resume: resume), changing: [key: value]).failure()
            #expect(found.kind == .missingInput && found.message.contains(key), "\(key): \(found.message)")
        }
        let other = try sandbox.keep(Sandbox.dataset(count: 23))
        let found = try start(.init(milestones: [4], resume: resume), dataset: other).failure()
        #expect(found.message.contains("dataset.digest") && found.message.contains(dataset.hex), "\(found.message)")
        #expect(try start(.init(milestones: [4], resume: resume)).finish().milestones.count == 1)
    }

    @Test func aDamagedStateIsRefusedByTheTensor() throws {
        let whole = try state()
        let damages: [(String, (inout SafetensorsFile) throws -> Void)] = [
            (
                "param/\(Self.parameter)",
                { file in
                    var tensor: Tensor<Float> = try file.tensor("param/\(Self.parameter)")
                    tensor.values[3] = .nan
                    file.set("param/\(Self.parameter)", tensor)
                }
            ),
            ("adam_second/\(Self.parameter)", { $0.set("adam_second/\(Self.parameter)", Tensor<Float>(zeros: [1])) }),
            ("ema/stranger", { $0.set("ema/stranger", Tensor<Float>(zeros: [1])) }),
            ("images_seen", { $0.set("images_seen", [Int64(9)]) }), ("steps", { $0.set("steps", [Int64(-1)]) }),
            ("steps", { $0.set("steps", Tensor<Float>(shape: [1], values: [2])) }),
            ("which training", { $0.metadata["training"] = nil }), ("network", { $0.metadata["config"] = "{}" }),
        ]
        for (word, damage) in damages {
            var file = whole
            try damage(&file)
            let resume = ResumePoint(steps: 2, state: try sandbox.keep(file.serialized()))
            let found = try start(.init(milestones: [4], resume: resume)).failure()
            #expect(found.kind == .missingInput && found.message.contains(word), "\(word): \(found.message)")
        }
        let cut = try sandbox.keep(Array(whole.serialized().dropLast(7)))
        let found = try start(.init(milestones: [4], resume: .init(steps: 2, state: cut))).failure()
        #expect(found.kind == .missingInput && found.message.contains("truncated"))
        let sound = try sandbox.keep(whole.serialized())
        let late = try start(.init(milestones: [4], resume: .init(steps: 3, state: sound))).failure()
        #expect(late.kind == .missingInput && late.message.contains("step 2"))
    }

    /// By hand, too, and the state is the same as a job's.
    @Test func byHandTheSameIsRefused() throws {
        let state = try sandbox.write(state(), "state")
        let spec = sandbox.path("spec.json")
        try JSONEncoder().encode(smallSpec(dataset: dataset)).write(to: URL(fileURLWithPath: spec))
        func train(_ arguments: [String]) throws -> (status: Int32, output: String, errors: String) {
            try sandbox.run(
                ["train", "--spec", spec, "--output", sandbox.root.path, "--dataset", sandbox.path(of: dataset)]
                    + arguments)
        }
        let refused = try train(["--steps", "3", "--resume", state, "--set", "training.learning_rate=0.5"])
        #expect(refused.status == 1 && refused.errors.contains("training.learning_rate"), "\(refused)")
        #expect(refused.errors.contains(state))
        #expect(try train(["--steps", "2"]).status == 0)
        #expect(try sandbox.read(sandbox.path("state-2.safetensors")) == sandbox.read(state))
        let other = try sandbox.keep(Sandbox.dataset(count: 23))
        let wrong = try sandbox.run([
            "train", "--spec", spec, "--steps", "2", "--output", sandbox.root.path, "--dataset",
            sandbox.path(of: other),
        ])
        #expect(wrong.status == 1 && wrong.errors.contains("dataset.digest"), "\(wrong)")
    }
}
