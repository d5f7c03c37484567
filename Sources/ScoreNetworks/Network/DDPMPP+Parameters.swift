import Tensors

extension DDPMPPConfiguration {
    /// Trainable parameters of the network; impossible sizes are a `NetworkError` that names the layer.
    package func parameterCount() throws(NetworkError) -> Int { try DDPMPPLayout(self).plan.parameterCount }

    /// Floating-point operations of one forward pass for one image: 2 for every multiply-add of convolutions, linear
    /// layers and attention. A training step takes three times as many.
    package func forwardOperations() throws(NetworkError) -> Int { 2 * (try DDPMPPLayout(self).plan.multiplyAdds) }

    /// Names and shapes of all trainable tensors, in the order of the flat parameter vector.
    package func parameterShapes() throws(NetworkError) -> [(name: String, shape: [Int])] {
        try DDPMPPLayout(self).plan.parameters.map { ($0.name, $0.shape) }
    }
}

extension DDPMPP {
    /// Fresh parameters, keyed by `seed` and `sub`: element i of tensor t uses number t·2^32 + i of the stream.
    package func initialise(seed: UInt64, sub: UInt32) {
        let random = CounterRandom(seed: seed, purpose: .initialisation, sub: sub)
        for (number, spec) in layout.plan.parameters.enumerated() {
            let place = workspace.parameters + spec.offset
            switch spec.initialisation {
            case .constant(let value): place.update(repeating: S(value), count: spec.count)
            case .xavier(let fanIn, let fanOut, let gain):
                let bound = gain * (6 / Double(fanIn + fanOut)).squareRoot()
                for i in 0..<spec.count {
                    place[i] = S(bound * (2 * random.uniform(UInt64(number) << 32 | UInt64(i)) - 1))
                }
            }
        }
        parametersChanged()
    }

    /// Reads all parameters, called `prefix` + name in `file`. Missing, misshapen or non-finite ones are an error.
    package func load(_ file: SafetensorsFile, prefix: String) throws(SafetensorsError) {
        try load(file, prefix: prefix, into: workspace.parameters)
        parametersChanged()
    }

    /// The parameters as tensors called `prefix` + name.
    package func store(in file: inout SafetensorsFile, prefix: String) {
        store(workspace.parameters, in: &file, prefix: prefix)
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
        for spec in layout.plan.parameters {
            let tensor = try file.tensor(prefix + spec.name, as: S.self, shape: spec.shape)
            for (i, value) in tensor.values.enumerated() {
                guard value.isFinite else { throw file.error(prefix + spec.name, "holds a value that is not finite") }
                target[spec.offset + i] = value
            }
        }
    }

    /// Stores a vector with the parameters' layout.
    func store(_ source: UnsafePointer<S>, in file: inout SafetensorsFile, prefix: String) {
        for spec in layout.plan.parameters {
            let values = UnsafeBufferPointer(start: source + spec.offset, count: spec.count)
            file.set(prefix + spec.name, Tensor(shape: spec.shape, values: Array(values)))
        }
    }

    /// Stores the constant filters that readers of the published networks expect.
    func storeFilters(in file: inout SafetensorsFile, prefix: String) {
        for name in layout.plan.filters {
            file.set(prefix + name, Tensor<S>(shape: [1, 1, 2, 2], values: [0.25, 0.25, 0.25, 0.25]))
        }
    }
}
