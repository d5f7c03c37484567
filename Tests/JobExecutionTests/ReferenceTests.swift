import Foundation
import Tensors
import Testing

@testable import JobExecution

/// Compares networks, trainings, samplers and augmentation with values of the published ones, computed in float64.
struct ReferenceTests {
    static let files = [
        "adm-c32-r16-small-gradients", "augmentation-pipe", "bf-cnn-k8-r16-eval", "bf-cnn-k8-r16-train",
        "bias-free-unet-k8-r16-eval", "bias-free-unet-k8-r16-train", "ddpmpp-c4-r32-rgb-augment", "ddpmpp-c8-r16",
        "ncsnpp-c8-r16-three-levels", "preconditioning-none-ddpmpp-c4-r16", "preconditioning-ve-ddpmpp-c4-r16",
        "preconditioning-vp-ddpmpp-c4-r16", "sampler-blind-bias-free-unet-k8-r16", "sampler-churn-ddpmpp-c4-r16",
        "sampler-ddpmpp-c4-r16", "training-ddpmpp-c4-r16-10steps", "training-warmup-ddpmpp-c4-r16-12steps",
    ]

    static func load(_ name: String) throws -> SafetensorsFile {
        let url = try #require(
            Bundle.module.url(forResource: name, withExtension: "safetensors", subdirectory: "Reference"))
        return try SafetensorsFile(bytes: [UInt8](try Data(contentsOf: url)), name: "\(name).safetensors")
    }

    @Test(arguments: files) func agreesInFloat32(name: String) throws { try compare(name, Float.self, .single) }

    @Test(arguments: files) func agreesInFloat64(name: String) throws { try compare(name, Double.self, .double) }

    private func compare<S: LaneScalar>(
        _ name: String, _ scalar: S.Type, _ tolerance: ReferenceComparison.Tolerance
    ) throws {
        let file = try Self.load(name)
        let comparisons = try ReferenceComparison.all(in: file, scalar, tolerance)
        for comparison in comparisons {
            #expect(comparison.agrees, "\(comparison.tensor): \(comparison.error) of \(comparison.tolerance)")
        }
        // Everything in the file is an input, or was compared.
        let inputs = [
            "clean", "noise", "sigma", "augment_labels", "latents", "noises", "start", "images", "draws", "weight",
            "noise_label",
        ]
        let compared = Set(comparisons.map(\.tensor))
        let left = file.names.filter {
            !compared.contains($0) && !inputs.contains($0) && !$0.hasPrefix("param/")
                && !$0.hasSuffix("resample_filter")
        }
        #expect(left.isEmpty, "not compared: \(left)")
    }

    @Test func aChangedParameterIsFound() throws {
        var file = try Self.load("ncsnpp-c8-r16-three-levels")
        let name = "param/model.enc.4x4_aux_residual.weight"
        var weights = try file.tensor(name, as: Float.self)
        weights.values[0] += 0.1
        file.set(name, weights)
        let comparisons = try ReferenceComparison.all(in: file, Float.self, .single)
        #expect(comparisons.contains { !$0.agrees })
    }
}
