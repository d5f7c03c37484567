import Diffusion
import JobContract
import ScoreNetworks
import Tensors

/// How far values agree with one tensor of a reference file.
struct ReferenceComparison {
    var tensor: String
    /// What was computed here.
    var values: [Double]
    /// The largest difference, divided by the tensor's largest magnitude.
    var error: Double
    var tolerance: Double
    var agrees: Bool { error <= tolerance }
    /// The kind of the tensor: the part of its name up to a slash.
    var group: String { tensor.firstIndex(of: "/").map { String(tensor[..<$0]) } ?? tensor }

    /// A digest of the values' bits.
    var bits: Digest {
        Digest(of: values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init) })
    }

    /// The largest errors allowed, as shares of a tensor's largest magnitude.
    struct Tolerance {
        /// For outputs, losses, gradients by the input, samples, and the state after training steps.
        var values: Double
        /// For gradients by parameters, which deep and narrow networks round more.
        var gradients: Double { 10 * values }
        /// For images that the published code computed in float32.
        var coarse: Double { max(values, 1e-5) }

        static let single = Tolerance(values: 1e-5)
        static let double = Tolerance(values: 1e-6)
    }

    /// Compares everything in `file` that this program can compute: a network's outputs and gradients, training steps,
    /// samples, or augmented images. Networks compute in `scalar`; samplers call them in float32. Throws SafetensorsError
    /// for a file of another kind, and NetworkError for a network that cannot be built.
    /// - Parameters:
    ///   - machine: makes what a network computes on, and `single` what one that samplers call does.
    static func all<S: LaneScalar>(
        in file: SafetensorsFile, _ scalar: S.Type, _ tolerance: Tolerance,
        on machine: @escaping () throws -> any LaneMachine<S> = { HostMachine<S>() },
        single: @escaping () throws -> any LaneMachine<Float> = { HostMachine<Float>() }
    ) throws -> [ReferenceComparison] {
        let reference = Reference<S>(file: file, tolerance: tolerance, machine: machine, single: single)
        let comparisons = try reference.all()
        let compared = Set(comparisons.map(\.tensor))
        let results = ["grad/", "final/", "ema/", "after/"]
        for name in file.names where results.contains(where: name.hasPrefix) && !name.hasSuffix("resample_filter") {
            guard compared.contains(name) else {
                throw file.error(name, "belongs to no parameter of the network that 'config' describes")
            }
        }
        return comparisons
    }

    init(_ tensor: String, _ values: [Double], _ file: SafetensorsFile, _ tolerance: Double) throws {
        self.values = values
        var expected = try file.tensor(tensor, as: Double.self).values
        var values = values
        guard values.count == expected.count else {
            throw file.error(tensor, "has \(expected.count) values, computed here were \(values.count)")
        }
        if tensor.hasSuffix("qkv.bias") {
            // The gradients by the keys' biases are zero in exact arithmetic: these entries hold rounding noise.
            for key in stride(from: 1, to: expected.count, by: 3) { (values[key], expected[key]) = (0, 0) }
        }
        var largest = 0.0
        var difference = 0.0
        for (value, reference) in zip(values, expected) {
            largest = max(largest, abs(reference))
            // A value or reference that is not finite counts as infinitely far.
            difference = value.isFinite && reference.isFinite ? max(difference, abs(value - reference)) : .infinity
            if difference == .infinity { break }
        }
        self.tensor = tensor
        self.tolerance = tolerance
        error = largest > 0 ? difference / largest : difference
    }
}

/// A reference file, with the precision and the tolerance with which it is compared.
struct Reference<S: LaneScalar> {
    let file: SafetensorsFile
    let tolerance: ReferenceComparison.Tolerance
    let machine: () throws -> any LaneMachine<S>
    let single: () throws -> any LaneMachine<Float>

    func all() throws -> [ReferenceComparison] {
        if file.contains("draws") { return try augmentation() }
        if file.contains("residual") { return try blind() }
        if file.contains("latents") { return try samples() }
        if file.contains("start") { return try blindSamples() }
        if file.contains("ema_beta") { return try training() }
        if file.contains("denoised") { return try network() }
        throw file.error(
            nil, "has neither denoised images, residuals, training steps, samples nor augmented images to compare with")
    }

    /// Compares with the tensor called `tensor`.
    func compare(_ tensor: String, _ values: [Double]) throws -> ReferenceComparison {
        try ReferenceComparison(tensor, values, file, tolerance.values)
    }

    func doubles(_ tensor: String) throws -> [Double] { try file.tensor(tensor, as: Double.self).values }

    /// The network with the file's parameters.
    func load(_ configuration: NetworkConfiguration) throws -> Network<S> {
        let network = try Network<S>(configuration, for: .training, on: machine())
        try network.load(file, prefix: "param/")
        return network
    }

    func compareGradients(_ network: Network<S>) throws -> [ReferenceComparison] {
        try network.gradients().filter { file.contains("grad/\($0.name)") }.map { parameter, gradient in
            try ReferenceComparison(
                "grad/\(parameter)", gradient.values.map { Double($0) }, file, tolerance.gradients)
        }
    }

    /// Compares with those tensors that both files have.
    func compare(_ after: SafetensorsFile) throws -> [ReferenceComparison] {
        try after.names.filter(file.contains).map { try compare($0, try after.tensor($0, as: Double.self).values) }
    }
}
