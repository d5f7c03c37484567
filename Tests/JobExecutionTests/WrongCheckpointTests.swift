import Foundation
import JobContract
import SweepFiles
import Tensors
import Testing

/// Checkpoints are not what they should be: every command and job that reads one says what is wrong with it, before
/// anything is computed or written.
@Suite(.serialized) struct WrongCheckpointTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    /// A store names the file by its digest, so its name tells of any change.
    @Test func aFileNamedByItsDigestMustHaveIt() throws {
        var bytes = try Sandbox.weights("ddpmpp-c8-r16").serialized()
        let name = Digest(of: bytes).hex
        let path = try sandbox.write(bytes, name)
        #expect(try sandbox.run(["inspect", path]).status == 0)
        bytes[bytes.count - 3] ^= 1
        try sandbox.write(bytes, name)
        for arguments in [
            ["inspect", path], ["sample", "--checkpoint", path, "--output", sandbox.path("out"), "--steps", "2"],
        ] {
            let said = try sandbox.run(arguments)
            #expect(said.status != 0 && said.errors.contains("is damaged"), "\(said)")
        }
    }

    struct Damage: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// Words that the message must have.
        var word: String
        var apply: @Sendable (inout SafetensorsFile) throws -> [UInt8]

        init(_ name: String, names word: String, _ change: @escaping @Sendable (inout SafetensorsFile) throws -> Void) {
            testDescription = name
            self.word = word
            apply = { file in
                try change(&file)
                return file.serialized()
            }
        }

        init(_ name: String, bytesNaming word: String, _ change: @escaping @Sendable ([UInt8]) -> [UInt8]) {
            testDescription = name
            self.word = word
            apply = { change($0.serialized()) }
        }

        /// Another value of a key of `config`.
        static func config(_ old: String, _ new: String, names word: String) -> Damage {
            Damage("config with \(new) for \(old)", names: word) { file in
                let text = try #require(file.metadata["config"])
                try #require(text.contains(old), "\(text)")
                file.metadata["config"] = text.replacingOccurrences(of: old, with: new)
            }
        }

        static func changing(_ name: String, value: Float) -> Damage {
            Damage("\(value)", names: name) { file in
                var tensor: Tensor<Float> = try file.tensor(name)
                tensor.values[tensor.values.count / 2] = value
                file.set(name, tensor)
            }
        }
    }

    private static let first = "model.enc.16x16_conv.weight"

    static let damages: [Damage] = [
        .init("empty", bytesNaming: "safetensors") { _ in [] },
        .init("no checkpoint", bytesNaming: "safetensors") { _ in [UInt8]("no checkpoint at all".utf8) },
        .init("cut in the header", bytesNaming: "truncated") { Array($0.prefix(500)) },
        .init("cut in the data", bytesNaming: "truncated") { Array($0.dropLast(10)) },
        .init("more data", bytesNaming: "no tensor uses") { $0 + [0, 0, 0, 0] },
        .init("header that is no JSON", bytesNaming: "header") { bytes in
            bytes.enumerated().map { $0.offset == 8 ? UInt8(ascii: "[") : $0.element }
        },
        .init("missing", names: first) { file in
            var rest = SafetensorsFile(name: file.name)
            rest.metadata = file.metadata
            for name in file.names where name != first {
                let entry = try file.entry(name)
                rest.set(name, type: entry.type, shape: entry.shape, bytes: entry.bytes)
            }
            file = rest
        },
        .init("misshapen", names: first) { file in
            let entry = try file.entry(first)
            file.set(first, type: entry.type, shape: entry.shape.reversed(), bytes: entry.bytes)
        },
        .init("integers", names: first) { file in
            let shape = try file.entry(first).shape
            file.set(first, [Int64](repeating: 1, count: shape.reduce(1, *)), shape: shape)
        },
        .changing(first, value: .nan), .changing(first, value: -.infinity),
        .init("beyond float32", names: first) { file in
            var tensor: Tensor<Double> = try file.tensor(first)
            tensor.values[0] = 1e200
            file.set(first, tensor)
        },
        .init("another tensor", names: "stranger") { $0.set("stranger", Tensor<Float>(zeros: [3])) },
        .init("another filter", names: "resample_filter") { file in
            let name = try #require(file.names.first { $0.hasSuffix("resample_filter") })
            file.set(name, Tensor<Float>(shape: [1, 1, 2, 2], values: [1, 0, 0, 0]))
        },
        .init("no config", names: "config") { $0.metadata = [:] },
        .init("config that is no JSON", names: "config") { $0.metadata["config"] = "ddpmpp" },
        .config(#""architecture": "ddpmpp""#, #""architecture": "adm""#, names: "model."),
        .config(#""architecture": "ddpmpp""#, #""architecture": "ncsnpp""#, names: "model."),
        .config(#""architecture": "ddpmpp""#, #""architecture": "linear""#, names: "linear"),
        .config(#""architecture": "ddpmpp""#, #""architecture": "transformer""#, names: "transformer"),
        .config(#""model_channels": 8"#, #""model_channels": 1024"#, names: "model."),
        .config(#""model_channels": 8"#, #""model_channels": 7"#, names: "scale"),
        .config(#""resolution": 16"#, #""resolution": 1024"#, names: "model."),
        .config(#""resolution": 16"#, #""resolution": -16"#, names: "resolution"),
        .config(#""image_channels": 1"#, #""image_channels": 3"#, names: "model."),
        .config(#""num_blocks": 1"#, #""num_blocks": 64"#, names: "model."),
        .config(#""num_blocks": 1"#, #""num_blocks": 1000000000"#, names: "blocks"),
        .config(#""preconditioning": "edm""#, #""preconditioning": "magic""#, names: "magic"),
        .config(#""sigma_data": 0.5"#, #""sigma_data": -1"#, names: "sigma_data"),
    ]

    @Test(arguments: damages) func everyCommandNamesIt(damage: Damage) throws {
        var weights = try Sandbox.weights("ddpmpp-c8-r16")
        let checkpoint = try sandbox.write(damage.apply(&weights), "weights")
        var input = SafetensorsFile(name: "input")
        input.set("x", Tensor<Float>(zeros: [1, 1, 16, 16]))
        input.set("sigma", Tensor<Float>(shape: [1], values: [1]))
        let output = sandbox.path("output")
        let spec = sandbox.path("spec.json")
        let dataset = try sandbox.keep(Sandbox.dataset(side: 16))
        try JSONEncoder().encode(Self.spec(dataset)).write(to: URL(fileURLWithPath: spec))
        let commands = try [
            ["sample", "--checkpoint", checkpoint, "--output", output],
            ["denoise", "--checkpoint", checkpoint, "--input", sandbox.write(input, "input"), "--output", output],
            ["measure", "--checkpoint", checkpoint, "--spec", spec, "--dataset", sandbox.path(of: dataset)],
            ["inspect", checkpoint],
        ]
        for command in commands {
            let result = try sandbox.run(command)
            #expect([1, 64].contains(result.status) && result.output.isEmpty, "\(command[0]): \(result)")
            #expect(result.errors.contains(checkpoint) && result.errors.contains(damage.word), "\(result.errors)")
            #expect(!FileManager.default.fileExists(atPath: output))
        }
        let digest = try sandbox.keep(sandbox.read(checkpoint))
        let task = MeasureTask(
            trial: TrialID(Digest(of: "trial".utf8)), steps: 1, checkpoint: digest, measures: [Self.request])
        let job = JobDescription(.measure(task), spec: Self.spec(dataset), dataset: dataset, in: sandbox)
        let failure = try WorkerProgram.ours.start(job, in: sandbox.newAttempt()).failure()
        #expect(failure.kind == .missingInput && failure.message.contains(damage.word), "\(failure)")
    }

    /// The checkpoint is sound, but of another network than the spec describes.
    @Test func anotherNetworkThanTheSpecsIsNamed() throws {
        let weights = try Sandbox.weights("ddpmpp-c8-r16")
        let checkpoint = try sandbox.write(weights, "weights")
        let dataset = try sandbox.keep(Sandbox.dataset(side: 16))
        let digest = try sandbox.keep(weights.serialized())
        let task = MeasureTask(
            trial: TrialID(Digest(of: "trial".utf8)), steps: 1, checkpoint: digest, measures: [Self.request])
        let changes: [[String: JSONValue?]] = [
            ["model.scale": 4], ["training.sigma_data": 0.25], ["model.multipliers": [2, 2]],
        ]
        for change in changes {
            let spec = Self.spec(dataset).merging(change.compactMapValues { $0 }) { _, new in new }
            let job = JobDescription(.measure(task), spec: spec, dataset: dataset, in: sandbox)
            let failure = try WorkerProgram.ours.start(job, in: sandbox.newAttempt()).failure()
            #expect(failure.kind == .unsupported && failure.message.contains("ddpmpp"), "\(failure)")
            try JSONEncoder().encode(spec).write(to: URL(fileURLWithPath: sandbox.path("spec.json")))
            let result = try sandbox.run([
                "measure", "--checkpoint", checkpoint, "--spec", sandbox.path("spec.json"), "--dataset",
                sandbox.path(of: dataset),
            ])
            #expect(result.status == 1 && result.errors.contains(checkpoint), "\(result)")
        }
        // How much was dropped in training does not matter.
        let dropping = Self.spec(dataset).merging(["model.dropout": 0.3]) { _, new in new }
        let job = JobDescription(.measure(task), spec: dropping, dataset: dataset, in: sandbox)
        #expect(try WorkerProgram.ours.start(job, in: sandbox.newAttempt()).finish().measurements.count == 1)
    }

    /// The values that describe a sound checkpoint make the network that it holds.
    @Test func inspectionGivesTheKeysOfTheNetwork() throws {
        let weights = try Sandbox.weights("ddpmpp-c8-r16")
        let result = try sandbox.run(["inspect", try sandbox.write(weights, "weights")])
        #expect(result.status == 0, "\(result)")
        let found = try JSONDecoder().decode(CheckpointInspection.self, from: Data(result.output.utf8))
        #expect(found.weights == Digest(of: weights.serialized()) && found.bytes == weights.serialized().count)
        let dataset = try sandbox.keep(Sandbox.dataset(side: 16))
        for (key, value) in found.keys { #expect(Self.spec(dataset)[key]?.canonical == value.canonical, "\(key)") }
        #expect(found.keys.count == 10 && found.parameters > 1000)
    }

    /// Nobody here can go on with a training that began elsewhere.
    @Test func anAdoptedNetworkIsNotTrained() throws {
        let dataset = try sandbox.keep(Sandbox.dataset())
        let spec = smallSpec(dataset: dataset, changing: ["model.weights": .string(dataset.hex)])
        let job = JobDescription(.train(.init(milestones: [1])), spec: spec, dataset: dataset, in: sandbox)
        let failure = try WorkerProgram.ours.start(job, in: sandbox.newAttempt()).failure()
        #expect(failure.kind == .unsupported && failure.message.contains("model.weights"), "\(failure)")
    }

    private static let request = MeasureRequest(
        measure: "memorization", version: 2, parameters: ["samples": 2, "steps": 2])

    /// The configuration of the reference's network.
    private static func spec(_ dataset: Digest) -> [String: JSONValue] {
        smallSpec(
            dataset: dataset,
            changing: [
                "dataset.resolution": 16, "model.scale": 8, "model.multipliers": [1, 2], "model.attention": [8],
                "model.dropout": 0,
            ])
    }
}
