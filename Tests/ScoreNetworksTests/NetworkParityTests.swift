import Diffusion
import ScoreNetworks
import Tensors
import Testing

/// The network against values of the published one, in float32 and float64.
struct NetworkParityTests {
    struct Tolerance {
        var output: Double
        var gradient: Double
        static let single = Tolerance(output: 1e-5, gradient: 1e-4)
        /// The published attention computes its softmax and its gradient in float32, also where the rest is float64.
        static let double = Tolerance(output: 1e-6, gradient: 1e-5)
    }

    static let files = ["ddpmpp-c8-r16", "ddpmpp-c4-r32-rgb-augment"]

    @Test(arguments: files) func agreesInFloat32(name: String) throws { try compare(name, Float.self, .single) }

    @Test(arguments: files) func agreesInFloat64(name: String) throws { try compare(name, Double.self, .double) }

    private func compare<S: LaneScalar>(_ name: String, _ scalar: S.Type, _ tolerance: Tolerance) throws {
        let file = try ReferenceFiles.load(name)
        let network = try Network<S>(try ReferenceFiles.configuration(file), training: true)
        try network.load(file, prefix: "param/")
        let objective = DenoisingObjective(network: network, preconditioning: Preconditioning.edm())
        let labels = file.contains("augment_labels") ? try ReferenceFiles.doubles(file, "augment_labels") : nil
        let result = objective.evaluate(
            clean: try ReferenceFiles.doubles(file, "clean"), noise: try ReferenceFiles.doubles(file, "noise"),
            sigma: try ReferenceFiles.doubles(file, "sigma"), labels: labels, details: true)

        func check(_ values: [Double], _ tensor: String) throws {
            let error = relativeError(values, try ReferenceFiles.doubles(file, tensor))
            #expect(error <= tolerance.output, "\(tensor): \(error)")
        }
        try check(result.networkOutput, "network_output")
        try check(result.denoised, "denoised")
        try check([result.loss], "loss")
        try check(result.inputGradient, "input_gradient")
        let gradients = network.gradients()
        let stored = file.names.filter { $0.hasPrefix("grad/") }
        #expect(stored.count == gradients.count)
        for (parameter, gradient) in gradients {
            let expected = try file.tensor("grad/\(parameter)", as: Double.self, shape: gradient.shape).values
            var actual = gradient.values.map { Double($0) }
            var reference = expected
            if parameter.hasSuffix("qkv.bias") {
                // The key part is zero in exact arithmetic: rounding noise, compared with nothing.
                for key in stride(from: 1, to: actual.count, by: 3) {
                    actual[key] = 0
                    reference[key] = 0
                }
            }
            let error = relativeError(actual, reference)
            #expect(error <= tolerance.gradient, "\(parameter): \(error)")
        }
    }
}
