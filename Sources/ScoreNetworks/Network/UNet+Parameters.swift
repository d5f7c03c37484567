import Tensors

extension UNetConfiguration {
    /// Trainable parameters of the network; impossible sizes are a `NetworkError` that names the layer.
    package func parameterCount() throws(NetworkError) -> Int { try UNetLayout(self).plan.parameterCount }

    /// Floating-point operations of one forward pass for one image: 2 for every multiply-add of convolutions, linear
    /// layers and attention. A training step takes three times as many.
    package func forwardOperations() throws(NetworkError) -> Int { 2 * (try UNetLayout(self).plan.multiplyAdds) }

    /// Names and shapes of all trainable tensors, in the order of the flat parameter vector.
    package func parameterShapes() throws(NetworkError) -> [(name: String, shape: [Int])] {
        try UNetLayout(self).plan.parameters.map { ($0.name, $0.shape) }
    }
}

extension UNet {
    /// Fresh parameters, keyed by `seed` and `sub`: element i of tensor t uses number t·2^32 + i of the stream.
    package func initialise(seed: UInt64, sub: UInt32) {
        let random = CounterRandom(seed: seed, purpose: .initialisation, sub: sub)
        let constants = workspace.constants
        // Streams of constants follow those of parameters.
        let tensors =
            layout.plan.parameters.map { ($0, workspace.parameters) } + layout.plan.constants.map { ($0, constants) }
        for (number, (spec, values)) in tensors.enumerated() {
            let place = values + spec.offset
            let first = UInt64(number) << 32
            switch spec.initialisation {
            case .constant(let value): place.update(repeating: S(value), count: spec.count)
            case .uniform(let bound):
                for i in 0..<spec.count { place[i] = S(bound * (2 * random.uniform(first | UInt64(i)) - 1)) }
            case .normal(let deviation):
                // Checkpoints hold what the network computes with.
                for (i, normal) in random.normals(from: first, count: spec.count).enumerated() {
                    place[i] = S(Float(deviation * normal))
                }
            }
        }
        parametersChanged()
    }

    /// Reads all parameters, called `prefix` + name in `file`. Missing, misshapen or non-finite ones are an error.
    package func load(_ file: SafetensorsFile, prefix: String) throws(SafetensorsError) {
        try load(file, prefix: prefix, into: workspace.parameters)
        try Self.load(layout.plan.constants, file, prefix: prefix, into: workspace.constants)
        parametersChanged()
    }

    /// The parameters and constants as tensors called `prefix` + name.
    package func store(in file: inout SafetensorsFile, prefix: String) {
        store(workspace.parameters, in: &file, prefix: prefix)
        storeConstants(in: &file, prefix: prefix)
    }

    /// The gradients of the last evaluation, by name.
    package func gradients() -> [(name: String, gradient: Tensor<S>)] {
        layout.plan.parameters.map { spec in
            let start = workspace.gradients + spec.offset
            return (spec.name, Tensor(shape: spec.shape, values: (0..<spec.count).map { start[$0] }))
        }
    }

    /// Reads a vector with the parameters' layout.
    func load(
        _ file: SafetensorsFile, prefix: String, into target: UnsafeMutablePointer<S>
    ) throws(SafetensorsError) {
        try Self.load(layout.plan.parameters, file, prefix: prefix, into: target)
    }

    private static func load(
        _ specs: [TensorSpec], _ file: SafetensorsFile, prefix: String, into target: UnsafeMutablePointer<S>
    ) throws(SafetensorsError) {
        for spec in specs {
            let tensor = try file.tensor(prefix + spec.name, as: S.self, shape: spec.shape)
            for (i, value) in tensor.values.enumerated() {
                guard value.isFinite else { throw file.error(prefix + spec.name, "holds a value that is not finite") }
                target[spec.offset + i] = value
            }
        }
    }

    /// Stores a vector with the parameters' layout.
    func store(_ source: UnsafePointer<S>, in file: inout SafetensorsFile, prefix: String) {
        Self.store(layout.plan.parameters, source, in: &file, prefix: prefix)
    }

    private static func store(
        _ specs: [TensorSpec], _ source: UnsafePointer<S>, in file: inout SafetensorsFile, prefix: String
    ) {
        for spec in specs {
            let values = UnsafeBufferPointer(start: source + spec.offset, count: spec.count)
            file.set(prefix + spec.name, Tensor(shape: spec.shape, values: Array(values)))
        }
    }

    /// Stores what is drawn once and not trained.
    func storeConstants(in file: inout SafetensorsFile, prefix: String) {
        Self.store(layout.plan.constants, workspace.constants, in: &file, prefix: prefix)
    }

    /// Stores the constant filters that readers of the published networks expect.
    func storeFilters(in file: inout SafetensorsFile, prefix: String) {
        for (name, filter) in layout.plan.filters {
            let side = filter.side
            file.set(prefix + name, Tensor<S>(shape: [1, 1, side, side], values: filter.matrix.map { S($0) }))
        }
    }

    /// Names of all tensors that a checkpoint of the network holds.
    var tensorNames: [String] {
        layout.plan.parameters.map(\.name) + layout.plan.constants.map(\.name) + layout.plan.filters.map(\.name)
    }
}
