import Foundation
import Tensors
import Testing

/// `sample` and `denoise`, called by hand, with every kind of network.
@Suite(.serialized) struct SampleTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    /// Runs `sample`, which has to succeed, and returns the samples and the file's bytes.
    private func sample(
        _ checkpoint: String, _ arguments: [String], to name: String = "samples"
    ) throws -> (samples: Tensor<Float>, bytes: [UInt8]) {
        let output = sandbox.path("\(name).safetensors")
        let result = try sandbox.run(["sample", "--checkpoint", checkpoint, "--output", output] + arguments)
        #expect(result.status == 0, "\(arguments): \(result.errors)")
        return (try sandbox.tensor("samples", of: output), try sandbox.read(output))
    }

    @Test func drawsWhatTheReferenceDrew() throws {
        let name = "sampler-ddpmpp-c4-r16"
        let reference = try Sandbox.reference(name)
        let checkpoint = try sandbox.write(Sandbox.weights(name), "weights")
        for (tensor, sampler, steps) in [("heun18", "heun", "18"), ("euler10", "euler", "10")] {
            let drawn = try sample(
                checkpoint, ["--latents", reference.name, "--sampler", sampler, "--steps", steps]
            ).samples
            #expect(relativeError(drawn.values, try reference.tensor(tensor).values) < 1e-5)
        }
    }

    private static let samplers: [[String]] = [
        ["heun", "--steps", "3"], ["heun", "--steps", "3", "--churn", "2", "--churn-noise", "1.003"],
        ["euler", "--steps", "4"],
        ["ddim", "--steps", "4"], ["ddpm", "--steps", "4"], ["gradient-estimation", "--steps", "4", "--gamma", "1.5"],
    ]

    /// Noise belongs to an image's number, not to its place in a batch or to whoever computes it.
    @Test(arguments: samplers) func aNumberedImageIsAlwaysTheSame(sampler: [String]) throws {
        let checkpoint = try sandbox.write(Sandbox.weights("sampler-ddpmpp-c4-r16"), "weights")
        try comparePlaces(checkpoint, ["--sampler"] + sampler)
    }

    @Test(arguments: ["bias-free-unet-k8-r16-eval", "bf-cnn-k8-r16-eval"])
    func aNumberedImageOfABlindNetworkToo(name: String) throws {
        let checkpoint = try sandbox.write(Sandbox.weights(name), "weights")
        try comparePlaces(checkpoint, ["--steps", "8"])
    }

    private func comparePlaces(_ checkpoint: String, _ sampler: [String]) throws {
        let seed = sampler + ["--seed", "3"]
        let (all, bytes) = try sample(checkpoint, seed + ["--count", "18"])
        #expect(all.shape == [18, 1, 16, 16])
        let (last, _) = try sample(checkpoint, seed + ["--first", "17", "--count", "1"])
        #expect(last.values == Array(all[row: 17]))
        let otherwise = ["--threads", "2", "--kernels", "avx2"]
        #expect(try sample(checkpoint, seed + ["--count", "18"] + otherwise).bytes == bytes)
        #expect(try sample(checkpoint, sampler + ["--seed", "4", "--count", "18"]).bytes != bytes)
    }

    @Test func everyArchitectureAndPreconditioningIsSampled() throws {
        for name in [
            "adm-c32-r16-small-gradients", "ncsnpp-c8-r16-three-levels", "preconditioning-none-ddpmpp-c4-r16",
            "preconditioning-ve-ddpmpp-c4-r16", "preconditioning-vp-ddpmpp-c4-r16", "ddpmpp-c4-r32-rgb-augment",
        ] {
            let checkpoint = try sandbox.write(Sandbox.weights(name), "weights")
            let drawn = try sample(checkpoint, ["--steps", "2", "--count", "2"]).samples
            #expect(drawn.shape[0] == 2 && drawn.values.allSatisfy(\.isFinite))
        }
    }

    @Test func samplersAreRefusedThatTheNetworkOrTheirSettingsDoNotFit() throws {
        let blind = try sandbox.write(Sandbox.weights("bf-cnn-k8-r16-eval"), "blind")
        let seeing = try sandbox.write(Sandbox.weights("ddpmpp-c8-r16"), "seeing")
        let cases = [
            (blind, ["--sampler", "heun"], "blind"), (blind, ["--sampler", "ddpm"], "blind"),
            (seeing, ["--sampler", "blind"], "told the noise level"),
            (seeing, ["--sampler", "ddim", "--churn", "1"], "--churn"), (seeing, ["--gamma", "2"], "--gamma"),
            (seeing, ["--beta", "0.5"], "--beta"), (seeing, ["--fixed-steps"], "--fixed-steps"),
            (blind, ["--gamma", "2"], "--gamma"), (seeing, ["--steps", "0"], "--steps"),
            (seeing, ["--sigma-min", "100"], "noise levels"), (seeing, ["--sampler", "magic"], "magic"),
            (seeing, ["--count", "0"], "--count"), (seeing, ["--threads", "0"], "--threads"),
            (seeing, ["--kernels", "neon"], "neon"),
        ]
        let output = sandbox.path("refused.safetensors")
        for (checkpoint, arguments, word) in cases {
            let result = try sandbox.run(["sample", "--checkpoint", checkpoint, "--output", output] + arguments)
            #expect(result.status == 64 && result.errors.contains(word), "\(arguments): \(result)")
            #expect(!FileManager.default.fileExists(atPath: output))
        }
    }

    /// Blind samples that need more steps say so.
    @Test func whatDidNotArriveIsNamed() throws {
        let blind = try sandbox.write(Sandbox.weights("bf-cnn-k8-r16-eval"), "blind")
        let result = try sandbox.run([
            "sample", "--checkpoint", blind, "--count", "2", "--steps", "1", "--output", sandbox.path("out"),
        ])
        #expect(result.status == 0 && result.errors.contains("image 1 "), "\(result)")
    }

    @Test(arguments: [("ddpmpp-c8-r16", UInt8(0)), ("ddpmpp-c4-r32-rgb-augment", 2)])
    func aGridIsAPictureOfTheSamples(name: String, colourType: UInt8) throws {
        let checkpoint = try sandbox.write(Sandbox.weights(name), "weights")
        let grid = sandbox.path("grid.png")
        let (samples, _) = try sample(checkpoint, ["--count", "4", "--steps", "2", "--grid", grid])
        let png = try sandbox.read(grid)
        let side = UInt8(2 * 65 + 1)
        #expect(png.prefix(8) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        #expect(Array(png[16..<26]) == [0, 0, 0, side, 0, 0, 0, side, 8, colourType])
        #expect(samples.shape[0] == 4)
    }

    private static let denoised = [
        "adm-c32-r16-small-gradients", "ncsnpp-c8-r16-three-levels", "preconditioning-none-ddpmpp-c4-r16",
        "preconditioning-ve-ddpmpp-c4-r16", "preconditioning-vp-ddpmpp-c4-r16", "ddpmpp-c8-r16",
    ]

    @Test(arguments: denoised) func denoiseGivesTheReferencesImages(name: String) throws {
        let reference = try Sandbox.reference(name)
        var noisy: Tensor<Float> = try reference.tensor("clean")
        let noise: Tensor<Float> = try reference.tensor("noise")
        let sigma: Tensor<Float> = try reference.tensor("sigma")
        for index in noisy.values.indices {
            noisy.values[index] += sigma.values[index / noisy.stride] * noise.values[index]
        }
        let denoised = try denoise(Sandbox.weights(name), noisy, sigma)
        #expect(relativeError(denoised.values, try reference.tensor("denoised").values) < 1e-5)
    }

    /// These networks' reference values are residuals of images in [0, 1].
    @Test(arguments: ["bias-free-unet-k8-r16-eval", "bf-cnn-k8-r16-eval"])
    func denoiseTakesBlindNetworksNoise(name: String) throws {
        let reference = try Sandbox.reference(name)
        var noisy: Tensor<Float> = try reference.tensor("clean")
        let noise: Tensor<Float> = try reference.tensor("noise")
        let sigma: Tensor<Float> = try reference.tensor("sigma")
        let residual: Tensor<Float> = try reference.tensor("residual")
        var expected: [Float] = []
        for index in noisy.values.indices {
            let x = noisy.values[index] + sigma.values[index / noisy.stride] * noise.values[index]
            noisy.values[index] = 2 * x - 1
            expected.append(2 * (x - residual.values[index]) - 1)
        }
        let denoised = try denoise(Sandbox.weights(name), noisy, nil)
        #expect(relativeError(denoised.values, expected) < 1e-5)
    }

    private func denoise(
        _ weights: SafetensorsFile, _ noisy: Tensor<Float>, _ sigma: Tensor<Float>?
    ) throws -> Tensor<Float> {
        var input = SafetensorsFile(name: "input")
        input.set("x", noisy)
        if let sigma { input.set("sigma", sigma) }
        let output = sandbox.path("denoised.safetensors")
        let arguments = try [
            "denoise", "--checkpoint", sandbox.write(weights, "weights"), "--input", sandbox.write(input, "input"),
            "--output", output,
        ]
        let result = try sandbox.run(arguments)
        #expect(result.status == 0, "\(result.errors)")
        let once = try sandbox.read(output)
        #expect(try sandbox.run(arguments + ["--threads", "2", "--kernels", "avx2"]).status == 0)
        #expect(try sandbox.read(output) == once)
        return try sandbox.tensor("denoised", of: output)
    }
}
