import Diffusion
import ScoreNetworks
import Tensors
import Testing

/// For every kind of network one training has one state, whatever vectors the CPU has and wherever the training was cut.
/// (`ThreadTests` shows the same for threads.)
@Suite(.serialized) struct SameBitsTests {
    @Test(arguments: SmallNetworks.all) func everyVariantTrainsAndDenoisesAlike(subject: SmallNetworks.Subject) throws {
        let selected = NumericThread.variant
        defer { NumericThread.select(selected) }
        var found: Set<[UInt8]> = []
        for variant in NumericThread.Variant.allCases where NumericThread.supports(variant) {
            NumericThread.select(variant)
            let training = try subject.trained()
            let denoiser = try NetworkDenoiser(weights: training.weights(), name: "weights")
            let x = Latents.draw(seed: 4, count: 18, shape: denoiser.imageShape)
            var denoised = SafetensorsFile()
            denoised.set("denoised", denoiser.denoise(x, sigma: [Double](repeating: 0.7, count: 18)))
            found.insert(training.state() + training.weights() + denoised.serialized())
        }
        #expect(found.count == 1)
    }

    @Test(arguments: SmallNetworks.all) func aTrainingGoesOnFromAnyStep(subject: SmallNetworks.Subject) throws {
        let steps = 4
        let whole = try subject.trained(steps: steps)
        for cut in 1..<steps {
            let resumed = try TrainingRun(
                restoring: subject.trained(steps: cut).state(), name: "state", configuration: whole.configuration,
                settings: whole.settings, images: SmallNetworks.Subject.pixels)
            for _ in cut..<steps { _ = try resumed.step() }
            #expect(resumed.state() == whole.state() && resumed.weights() == whole.weights())
        }
    }
}
