import Diffusion
import JobContract
import Tensors
import Testing

@testable import Measures

/// A training that mirrors images is measured as a training on these images and their mirror images. No measure forgets the
/// latter.
struct MirrorImagesTests {
    private static let count = 9

    private let training = randomImages(count, side: 4)
    private let others = randomImages(count, side: 4, seed: 5)
    private let heldOut = randomImages(8, side: 4, seed: 2)
    private let source = randomImages(20, side: 4, seed: 3)

    private func subject(_ images: Tensor<Float>, flips: Bool) -> MeasureSubject {
        let source = source
        return MeasureSubject(
            denoiser: WaveletDenoiser(images: images, flips: false), training: flips ? images : images.withFlips,
            heldOut: heldOut, flips: flips, source: { flips ? source : source.withFlips },
            loss: .edm)
    }

    private static let cases: [(measure: String, parameters: [String: JSONValue])] = [
        ("gaussian-distance", [:]), ("linearity", ["pairs": 4, "mixtures": [0.5]]), ("denoising", [:]), ("loss", [:]),
        (
            "distances",
            [
                "inputs": 400,
                "pairs": [
                    "network gaussian", "network multi_delta", "network source_gaussian", "network stationary",
                    "network wavelet", "network distilled",
                ],
            ]
        ),
        ("distillation", ["inputs": 400, "vectors": 0]),
        ("distillation", ["inputs": 400, "vectors": 0, "images": "source"]), ("posterior", [:]), ("projection", [:]),
        ("jacobian", ["images": 2, "vectors": 1]), ("jacobian", ["images": 2, "vectors": 1, "affine": "distilled"]),
        (
            "trajectories",
            ["steps": 3, "inputs": 400, "sides": ["network", "gaussian", "multi_delta", "distilled"]]
        ),
        ("memorization", ["steps": 3]), ("modes", ["steps": 3]), ("own-trajectory", ["steps": 3]),
        ("mutual-information", ["steps": 3]), ("agreement", ["steps": 3]),
        ("subset-information", ["steps": 3]),
    ]

    /// Measures that count images, look at the second nearest of different ones, or mirror held-out images too: these are
    /// other numbers by their definitions.
    private static let counting = [
        "copied", "copied_held_out", "copy_auc_gaussian", "same_nearest", "same_nearest_chance",
        "mean_distance_expected", "covariance_distance_expected", "cosine_held_out", "cosine_held_out_uncentred",
    ]

    private func rows(_ request: MeasureRequest, flips: Bool) throws -> [MeasureRow] {
        var first = subject(training, flips: flips)
        if request.isComparison { first.others = [subject(others, flips: flips)] }
        return try KnownMeasures.measure(for: request).evaluate(first) { _, _ in }.rows.filter { row in
            !Self.counting.contains(row.quantity) && !row.quantity.contains("as_many")
                && !row.quantity.hasSuffix("_histogram")
        }
    }

    @Test(arguments: cases.indices) func aTrainingThatMirrorsIsOneOnBoth(number: Int) throws {
        let given = Self.cases[number]
        var request = try #require(KnownMeasures.requests.first { $0.measure == given.measure })
        if request.parameters["sigmas"] != nil { request.parameters["sigmas"] = [1.5, 0.5] }
        if request.parameters["samples"] != nil { request.parameters["samples"] = 8 }
        request.parameters.merge(given.parameters) { $1 }
        let (mirrored, both) = (try rows(request, flips: true), try rows(request, flips: false))
        #expect(mirrored.map(\.quantity) == both.map(\.quantity) && !mirrored.isEmpty)
        for (one, other) in zip(mirrored, both) {
            guard let found = one.value, let wanted = other.value else {
                #expect(one.value == other.value, "\(one.quantity)")
                continue
            }
            #expect(abs(found - wanted) <= 1e-4 * max(abs(wanted), 0.1), "\(one.quantity) at \(one.sigma ?? 0)")
        }
    }
}
