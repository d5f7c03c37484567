import Diffusion
import JobContract
import Measures
import Tensors
import Testing

struct MemorizationMeasureTests {
    private func rows(
        _ denoiser: any Denoiser, training: Tensor<Float>, heldOut: Tensor<Float>, flips: Bool = false,
        samples: Int = 40
    ) throws -> [String: MeasureRow] {
        let measure = try MemorizationMeasure(parameters: ["samples": .integer(Int64(samples))])
        let result = try measure.evaluate(
            MeasureSubject(denoiser: denoiser, training: training, heldOut: heldOut, flips: flips)
        ) { _, _ in }
        return Dictionary(uniqueKeysWithValues: result.rows.map { ($0.quantity, $0) })
    }

    @Test(arguments: [false, true]) func theMultiDeltaDenoiserCopies(flips: Bool) throws {
        let training = randomImages(12, side: 4)
        let heldOut = randomImages(300, side: 4, seed: 2)
        let found = try rows(
            MultiDeltaDenoiser(images: training, flips: flips), training: training, heldOut: heldOut, flips: flips,
            samples: 256)
        #expect(found["copied"]?.value == 1)
        #expect(found["copied"]?.n == 256)
        #expect(found["copy_auc"]?.value == 1 && found["copy_auc"]?.n == 256)
        #expect((found["gl_score"]?.value ?? 1) < 1e-3)
        #expect((found["gl_relative"]?.value ?? 1) < 1e-3)
        // The network copies, and the Gaussian of its images does not.
        #expect((found["gl_gaussian"]?.value ?? 0) > 0.2 && (found["copy_auc_gaussian"]?.value ?? 1) < 0.999)
        #expect((found["gl_held_out"]?.value ?? 0) > 0.4)
        #expect(found["gl_held_out"]?.n == 300)
        #expect(found["copied_held_out"]?.value == 0)
    }

    @Test func theGaussianDenoiserDrawsFromTheDistribution() throws {
        let training = randomImages(300, side: 4)
        let heldOut = randomImages(256, side: 4, seed: 2)
        let found = try rows(
            GaussianDenoiser(images: training, flips: false), training: training, heldOut: heldOut, samples: 300)
        #expect(found["copied"]?.value == 0)
        // Samples and held-out images have the same distribution, so the chance is ½ within five standard errors.
        let chance = try #require(found["copy_auc"])
        #expect(abs((chance.value ?? 0) - 0.5) < 5 * (chance.stderr ?? 0))
        // The closed form's samples are of the same latents, so the sampler's samples of the same Gaussian are as near.
        let (own, closed) = (try #require(found["gl_score"]), try #require(found["gl_gaussian"]))
        #expect(abs((own.value ?? 0) - (closed.value ?? 0)) < 0.02 * (own.value ?? 0))
        #expect(abs((found["copy_auc_gaussian"]?.value ?? 0) - (chance.value ?? 0)) < 0.1)
        let relative = try #require(found["gl_relative"])
        #expect(abs((relative.value ?? 0) - 1) < 5 * (relative.stderr ?? 0))
    }

    @Test(arguments: [(255, 256), (256, 255)]) func copyAUCNeeds256OfEach(samples: Int, heldOut: Int) throws {
        let training = randomImages(3, side: 2)
        let found = try rows(
            MultiDeltaDenoiser(images: training, flips: false), training: training,
            heldOut: randomImages(heldOut, side: 2, seed: 2), samples: samples)
        let chance = try #require(found["copy_auc"])
        #expect(chance.value == nil && chance.n == 255)
    }

    @Test func oneTrainingImageLeavesCopiedUndefined() throws {
        let training = randomImages(1, side: 4)
        let found = try rows(
            MultiDeltaDenoiser(images: training, flips: true), training: training,
            heldOut: randomImages(9, side: 4, seed: 2), flips: true)
        let copied = try #require(found["copied"])
        #expect(copied.value == nil && copied.n == 40)
        #expect((found["gl_score"]?.value ?? 1) < 1e-3)
    }

    @Test func withoutHeldOutImagesTheirBaselinesAreUndefined() throws {
        let training = randomImages(12, side: 4)
        let found = try rows(
            MultiDeltaDenoiser(images: training, flips: false), training: training, heldOut: randomImages(0, side: 4))
        for quantity in ["gl_held_out", "gl_relative", "copied_held_out", "copy_auc", "copy_auc_gaussian"] {
            #expect(found[quantity] != nil && found[quantity]?.value == nil)
        }
        #expect(found["copied"]?.value == 1)
    }

    @Test func theArtifactHoldsSamplesAndTheirNeighbours() throws {
        let training = randomImages(12, side: 4)
        let measure = try MemorizationMeasure(parameters: ["samples": 5, "sampler": "euler", "steps": 10, "seed": 3])
        let result = try measure.evaluate(
            MeasureSubject(
                denoiser: MultiDeltaDenoiser(images: training, flips: false), training: training,
                heldOut: randomImages(3, side: 4, seed: 2), flips: false)
        ) { _, _ in }
        let bytes = try #require(result.artifacts.first).bytes
        let file = try SafetensorsFile(bytes: bytes, name: "samples")
        let samples: Tensor<Float> = try file.tensor("samples", shape: [5, 1, 4, 4])
        for (image, nearest) in try file.integers("nearest").enumerated() {
            #expect(isClose(Array(samples[row: image]), training[row: Int(nearest)].map { Double($0) }, 0.02))
        }
    }
}
