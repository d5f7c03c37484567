import Diffusion
import ScoreNetworks
import Tensors

/// Agreement with one tensor of a reference file.
struct ReferenceComparison {
    var tensor: String
    /// The largest difference over the tensor's largest magnitude.
    var error: Double
    var tolerance: Double
    var agrees: Bool { error <= tolerance }

    /// Compares everything in `file` that this program can compute: a network's outputs and gradients, training steps,
    /// samples, or augmented images. Throws SafetensorsError for a file of another kind.
    static func all(in file: SafetensorsFile) throws -> [ReferenceComparison] {
        if file.contains("draws") { return try augmentation(file) }
        if file.contains("residual") { return try blind(file) }
        if file.contains("latents") { return try samples(file) }
        if file.contains("start") { return try blindSamples(file) }
        if file.contains("ema_beta") { return try training(file) }
        if file.contains("denoised") { return try network(file) }
        throw file.error(
            nil, "has neither denoised images, residuals, training steps, samples nor augmented images to compare with")
    }

    init(_ tensor: String, _ values: [Double], _ file: SafetensorsFile, _ tolerance: Double) throws {
        var expected = try file.tensor(tensor, as: Double.self).values
        var values = values
        guard values.count == expected.count else {
            throw file.error(tensor, "has \(expected.count) values, computed here were \(values.count)")
        }
        if tensor.hasSuffix("qkv.bias") {
            // The key entries' gradient is zero in exact arithmetic: what they hold is rounding noise.
            for key in stride(from: 1, to: expected.count, by: 3) { (values[key], expected[key]) = (0, 0) }
        }
        var largest = 0.0
        var difference = 0.0
        for (value, reference) in zip(values, expected) {
            largest = max(largest, abs(reference))
            // Not a number counts as infinitely far, whichever side it is on.
            difference = value.isFinite && reference.isFinite ? max(difference, abs(value - reference)) : .infinity
            if difference == .infinity { break }
        }
        self.tensor = tensor
        self.tolerance = tolerance
        error = largest > 0 ? difference / largest : difference
    }
}
