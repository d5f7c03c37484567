import Diffusion
import JobContract
import Measures
import Tensors
import Testing

struct MutualInformationMeasureTests {
    private let training = randomImages(20, side: 4)

    private func rows(of denoiser: any Denoiser) throws -> [MeasureRow] {
        try MutualInformationMeasure(parameters: ["samples": 40, "steps": 12, "sigmas": [10, 0.5]]).evaluate(
            MeasureSubject(
                denoiser: denoiser, training: training, heldOut: randomImages(0, side: 4), flips: false)
        ) { _, _ in }.rows
    }

    @Test func theOptimumTellsAllOfItsImages() throws {
        let found = try rows(of: MultiDeltaDenoiser(images: training, flips: false))
        for sigma in [10, 0.5] { #expect(found.value("epsilon_error", at: sigma) == 0) }
        #expect(found.value("output_distance") == 0 && found.value("same_nearest") == 1)
        #expect(found.value("output_distance_other") > 0.3)
        #expect(found.value("nearest_network") < 0.01)
        #expect(found.value("same_nearest_chance") == 0.05)
        #expect(found.value("nearest_network") == found.value("nearest_optimum"))
    }

    /// D = 0 estimates ε = x/σ and draws black images, of which the nearest training image is always the same.
    @Test func blackTellsNothing() throws {
        let found = try rows(of: Affine(slope: 0))
        #expect(found.value("output_distance") > 0.3)
        #expect(abs(found.value("output_distance") - found.value("output_distance_other")) < 1e-9)
        #expect(found.value("same_nearest") < 0.5)
        // E ‖D_M‖²/(σ²d): little of the mean image where noise is much, the image's power where there is little.
        let power = training.values.reduce(0) { $0 + Double($1) * Double($1) } / Double(training.values.count)
        #expect(abs(found.value("epsilon_error", at: 0.5) - power / 0.25) < 0.3 * power / 0.25)
        #expect(found.value("epsilon_error", at: 10) < 0.1 * power)
    }
}
