import Foundation
import Tensors
import Testing

/// Images, noise levels and latents that do not fit are named before anything is computed or written.
@Suite(.serialized) struct WrongInputTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    struct Input: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var word: String
        var x: Tensor<Float>?
        var sigma: [Float]?

        init(_ name: String, names word: String, x shape: [Int]?, value: Float = 0, sigma: [Float]?) {
            testDescription = name
            self.word = word
            x = shape.map { Tensor(shape: $0, values: [Float](repeating: value, count: $0.reduce(1, *))) }
            self.sigma = sigma
        }
    }

    static let inputs: [Input] = [
        .init("no images", names: "'x'", x: nil, sigma: [1]),
        .init("images of another size", names: "[1, 1, 8, 8]", x: [1, 1, 8, 8], sigma: [1]),
        .init("colour", names: "[1, 3, 16, 16]", x: [1, 3, 16, 16], sigma: [1]),
        .init("no batch", names: "[1, 16, 16]", x: [1, 16, 16], sigma: [1]),
        .init("an empty batch", names: "no images", x: [0, 1, 16, 16], sigma: []),
        .init("not a number", names: "image 0", x: [2, 1, 16, 16], value: .nan, sigma: [1, 1]),
        .init("infinite", names: "image 0", x: [2, 1, 16, 16], value: .infinity, sigma: [1, 1]),
        .init("no noise levels", names: "'sigma'", x: [2, 1, 16, 16], sigma: nil),
        .init("too few noise levels", names: "'sigma'", x: [2, 1, 16, 16], sigma: [1]),
        .init("no noise", names: "image 1", x: [2, 1, 16, 16], sigma: [1, 0]),
        .init("less than no noise", names: "image 1", x: [2, 1, 16, 16], sigma: [1, -1]),
        .init("noise that is no number", names: "image 1", x: [2, 1, 16, 16], sigma: [1, .nan]),
        .init("infinite noise", names: "image 1", x: [2, 1, 16, 16], sigma: [1, .infinity]),
    ]

    @Test(arguments: inputs) func whatCannotBeDenoisedIsNamed(input: Input) throws {
        var file = SafetensorsFile(name: "input")
        if let x = input.x { file.set("x", x) }
        if let sigma = input.sigma { file.set("sigma", Tensor(shape: [sigma.count], values: sigma)) }
        try refused("ddpmpp-c8-r16", ["denoise", "--input", sandbox.write(file, "input")], names: input.word)
    }

    @Test(arguments: [
        ("preconditioning-ve-ddpmpp-c4-r16", Float(0.01)), ("preconditioning-ve-ddpmpp-c4-r16", 101),
        ("preconditioning-vp-ddpmpp-c4-r16", 160), ("bf-cnn-k8-r16-eval", 2.5),
    ])
    func noiseThatANetworkIsNotForIsRefused(name: String, sigma: Float) throws {
        var file = SafetensorsFile(name: "input")
        file.set("x", Tensor<Float>(zeros: [1, 1, 16, 16]))
        file.set("sigma", Tensor<Float>(shape: [1], values: [sigma]))
        try refused(name, ["denoise", "--input", sandbox.write(file, "input")], names: "image 0")
    }

    @Test func latentsThatDoNotFitAreNamed() throws {
        let latents: [(Tensor<Float>, String)] = [
            (Tensor(zeros: [2, 1, 8, 8]), "[2, 1, 8, 8]"), (Tensor(zeros: [0, 1, 16, 16]), "no images"),
            (Tensor(shape: [1, 1, 16, 16], values: [Float](repeating: .nan, count: 256)), "image 0"),
        ]
        for (tensor, word) in latents {
            var file = SafetensorsFile(name: "latents")
            file.set("latents", tensor)
            try refused("ddpmpp-c8-r16", ["sample", "--latents", sandbox.write(file, "latents")], names: word)
        }
        var file = SafetensorsFile(name: "latents")
        file.set("latents", [Int64](repeating: 0, count: 256), shape: [1, 1, 16, 16])
        try refused("ddpmpp-c8-r16", ["sample", "--latents", sandbox.write(file, "latents")], names: "I64")
        try refused("ddpmpp-c8-r16", ["sample", "--latents", "/nowhere/latents"], names: "/nowhere/latents")
    }

    private func refused(_ network: String, _ arguments: [String], names word: String) throws {
        let output = sandbox.path("output")
        let checkpoint = try sandbox.write(Sandbox.weights(network), "weights")
        let result = try sandbox.run(arguments + ["--checkpoint", checkpoint, "--output", output])
        #expect([1, 64].contains(result.status) && result.errors.contains(word), "\(result)")
        #expect(!FileManager.default.fileExists(atPath: output))
    }
}
