import Diffusion
import JobContract
import Measures
import Tensors
import Testing

struct DistancesMeasureTests {
    private let training = randomImages(30, side: 4)
    private let heldOut = randomImages(10, side: 4, seed: 2)
    private let source = randomImages(200, side: 4, seed: 3)

    private func rows(of denoiser: any Denoiser, source: Tensor<Float>? = nil) throws -> [MeasureRow] {
        let measure = try DistancesMeasure(parameters: ["samples": 40, "sigmas": [20, 1, 0.05]])
        let source = source ?? self.source
        return try measure.evaluate(
            MeasureSubject(denoiser: denoiser, training: training, heldOut: heldOut, flips: false) { source }
        ) { _, _ in }.rows
    }

    @Test func aDenoiserIsNoDistanceFromItself() throws {
        let ofDelta = try rows(of: MultiDeltaDenoiser(images: training, flips: false))
        let ofGaussian = try rows(of: try GaussianDenoiser(images: source, flips: false))
        for sigma in [20, 1, 0.05] {
            for quantity in ["rmse", "rmse_pooled", "nrmse"] {
                #expect(ofDelta.value("\(quantity)_network_multi_delta", at: sigma) == 0)
                #expect(ofGaussian.value("\(quantity)_network_source_gaussian", at: sigma) == 0)
                // The pair is the same, whichever of the two is called the network.
                #expect(
                    ofGaussian.value("\(quantity)_gaussian_multi_delta", at: sigma)
                        == ofDelta.value("\(quantity)_gaussian_multi_delta", at: sigma))
            }
            #expect(
                ofDelta.value("rmse_network_gaussian", at: sigma)
                    == ofDelta.value("rmse_gaussian_multi_delta", at: sigma))
        }
        #expect(ofDelta.value("rmse_network_gaussian", at: 1) > 0.01)
    }

    @Test func theyAgreeWithGaussianDistance() throws {
        let denoiser = MultiDeltaDenoiser(images: training, flips: false)
        let found = try rows(of: denoiser)
        let other = try GaussianDistanceMeasure(parameters: ["samples": 40, "sigmas": [20, 1, 0.05]])
            .evaluate(MeasureSubject(denoiser: denoiser, training: training, heldOut: heldOut, flips: false)) { _, _ in
            }
        for row in other.rows {
            #expect(row.value == found.value("\(row.quantity)_network_gaussian", at: row.sigma))
        }
    }

    @Test func theSourceIsReadOnlyWhereItIsNeeded() throws {
        struct Unread: Error {}
        let subject = MeasureSubject(
            denoiser: MultiDeltaDenoiser(images: training, flips: false), training: training, heldOut: heldOut,
            flips: false
        ) { throw Unread() }
        let some: [String: JSONValue] = ["samples": 8, "sigmas": [1], "pairs": ["network gaussian"]]
        #expect(try DistancesMeasure(parameters: some).evaluate(subject) { _, _ in }.rows.count == 3)
        #expect(throws: Unread.self) {
            try DistancesMeasure(parameters: ["samples": 8, "sigmas": [1]]).evaluate(subject) { _, _ in }
        }
    }

    private func rows(
        of denoiser: any Denoiser, _ pairs: [String], _ more: [String: JSONValue] = [:]
    ) throws -> [MeasureRow] {
        let parameters: [String: JSONValue] = [
            "samples": 20, "sigmas": [2, 0.3], "pairs": .array(pairs.map { .string($0) }),
        ]
        return try DistancesMeasure(parameters: parameters.merging(more) { $1 }).evaluate(
            MeasureSubject(denoiser: denoiser, training: training, heldOut: heldOut, flips: false) { source }
        ) { _, _ in }.rows
    }

    /// Each exact denoiser in the network's place is at no distance from itself, and at some from the Gaussian.
    @Test func everyExactDenoiserKnowsItself() throws {
        let exact: [(String, any Denoiser)] = [
            ("stationary", try GaussianDenoiser(stationary: training, flips: false)),
            ("wavelet", WaveletDenoiser(images: training, flips: false)),
            (
                "local_patches",
                LocalPatchDenoiser(images: training.entries(0..<7), flips: false, patch: 3, isEquivariant: false)
            ),
            (
                "equivariant_patches",
                LocalPatchDenoiser(images: training.entries(0..<7), flips: false, patch: 3, isEquivariant: true)
            ),
        ]
        for (name, denoiser) in exact {
            // The measure finds the size of patches that the network has.
            let found = try rows(
                of: denoiser, ["network \(name)", "network gaussian"], ["patches": [1, 3, 5], "patch_images": 7])
            for sigma in [2, 0.3] {
                #expect(found.value("rmse_network_\(name)", at: sigma) == 0, "\(name) at \(sigma)")
                #expect(found.value("rmse_network_gaussian", at: sigma) > 1e-3)
                if name.hasSuffix("patches") { #expect(found.value("patch_\(name)", at: sigma) == 3) }
            }
        }
    }

    /// The affine fit to an affine denoiser is that denoiser, up to the noise of the moments.
    @Test func theDistilledDenoiserIsTheNetworksAffineFit() throws {
        let found = try rows(
            of: Affine(slope: 0.4, offset: 0.3), ["network distilled", "network gaussian"], ["inputs": 20_000])
        for sigma in [2, 0.3] {
            #expect(
                found.value("rmse_network_distilled", at: sigma)
                    < 0.1 * found.value("rmse_network_gaussian", at: sigma))
        }
    }
}
