import Foundation
import JobContract
import Tensors
import Testing

/// The commands for people.
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
        #expect(measured.output.split(separator: "\n").count == 6)
    }

    @Test func wrongUsageIsExplained() throws {
        #expect(try run(["sample", "--checkpoint", "x"]).status == 64)
        let missing = try run(["verify", "nowhere.safetensors"])
        #expect(missing.status == 1 && missing.errors.contains("nowhere.safetensors"))
        #expect(try run(["paint"]).status == 64)
    }
}
