import Foundation
import JobContract
import Tensors
import Testing

/// The commands for people.
@Suite(.serialized) struct CommandTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    private func run(_ arguments: [String]) throws -> (status: Int32, output: String, errors: String) {
        let worker = try WorkerProgram.ours.start(arguments: arguments, in: sandbox.newAttempt())
        let status = try worker.wait()
        func text(_ url: URL) throws -> String { try String(contentsOf: url, encoding: .utf8) }
        return (status, try text(worker.output), try text(worker.errors))
    }

    /// A reference file of the network's own tests.
    private func reference(_ name: String) -> URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("JobExecutionTests/Reference/\(name).safetensors")
    }

    /// The reference file without the prefix of its parameters and without anything else: a checkpoint.
    private func checkpoint(_ name: String) throws -> (path: String, reference: SafetensorsFile) {
        let file = try SafetensorsFile(bytes: [UInt8](Data(contentsOf: reference(name))), name: name)
        var weights = SafetensorsFile(name: "weights")
        weights.metadata = file.metadata
        for tensor in file.names where tensor.hasPrefix("param/") {
            let entry = try file.entry(tensor)
            weights.set(String(tensor.dropFirst(6)), type: entry.type, shape: entry.shape, bytes: entry.bytes)
        }
        return (try write(weights, "weights"), file)
    }

    private func write(_ file: SafetensorsFile, _ name: String) throws -> String {
        let url = sandbox.root.appendingPathComponent("\(name).safetensors")
        try Data(file.serialized()).write(to: url)
        return url.path
    }

    private func relativeError(_ a: [Float], _ b: [Float]) -> Float {
        let largest = b.reduce(0) { max($0, abs($1)) }
        return zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) } / largest
    }

    @Test func verifyAgreesWithAReferenceAndSeesAChange() throws {
        let path = reference("training-ddpmpp-c4-r16-10steps").path
        #expect(try run(["verify", path]).status == 0)

        var file = try SafetensorsFile(bytes: [UInt8](Data(contentsOf: URL(fileURLWithPath: path))), name: "changed")
        var losses: Tensor<Float> = try file.tensor("loss")
        losses.values[9] *= 1.001
        file.set("loss", losses)
        let changed = try run(["verify", write(file, "changed")])
        #expect(changed.status == 1 && changed.output.contains("loss") && changed.output.contains("DIFFERS"))
    }

    @Test func sampleDrawsWhatTheReferenceDrew() throws {
        let (weights, reference) = try checkpoint("sampler-ddpmpp-c4-r16")
        let output = sandbox.root.appendingPathComponent("samples.safetensors").path
        let latents = self.reference("sampler-ddpmpp-c4-r16").path
        for (tensor, sampler, steps) in [("heun18", "heun", "18"), ("euler10", "euler", "10")] {
            let result = try run([
                "sample", "--checkpoint", weights, "--latents", latents, "--sampler", sampler, "--steps", steps,
                "--output", output,
            ])
            #expect(result.status == 0, "\(result.errors)")
            let samples: Tensor<Float> = try SafetensorsFile(
                bytes: [UInt8](Data(contentsOf: URL(fileURLWithPath: output))), name: output
            ).tensor("samples")
            #expect(relativeError(samples.values, try reference.tensor(tensor).values) < 1e-5)
        }
        #expect(try run(["sample", "--checkpoint", weights, "--count", "2", "--output", output]).status == 0)
    }

    @Test func denoiseGivesTheReferencesImages() throws {
        let (weights, reference) = try checkpoint("ddpmpp-c8-r16")
        var noisy: Tensor<Float> = try reference.tensor("clean")
        let noise: Tensor<Float> = try reference.tensor("noise")
        let sigma: Tensor<Float> = try reference.tensor("sigma")
        for index in noisy.values.indices {
            noisy.values[index] += sigma.values[index / noisy.stride] * noise.values[index]
        }
        var input = SafetensorsFile(name: "input")
        input.set("x", noisy)
        input.set("sigma", sigma)
        let output = sandbox.root.appendingPathComponent("denoised.safetensors").path
        let result = try run([
            "denoise", "--checkpoint", weights, "--input", try write(input, "input"), "--output", output,
        ])
        #expect(result.status == 0, "\(result.errors)")
        let denoised: Tensor<Float> = try SafetensorsFile(
            bytes: [UInt8](Data(contentsOf: URL(fileURLWithPath: output))), name: output
        ).tensor("denoised")
        #expect(relativeError(denoised.values, try reference.tensor("denoised").values) < 1e-5)
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
