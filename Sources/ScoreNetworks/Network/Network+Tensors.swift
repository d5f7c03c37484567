import Tensors

extension Network {
    /// Fresh parameters, keyed by `seed` and `sub`: element i of tensor t uses number t·2^32 + i of the stream.
    package func initialise(seed: UInt64, sub: UInt32) {
        let random = CounterRandom(seed: seed, purpose: .initialisation, sub: sub)
        // The streams of untrained tensors follow those of parameters.
        let tensors =
            plan.parameters.map { ($0, workspace.parameters) } + plan.untrained.map { ($0, workspace.untrained) }
        for (number, (spec, values)) in tensors.enumerated() {
            let first = UInt64(number) << 32
            let start: [S]
            switch spec.initialisation {
            case .constant(let value): start = [S](repeating: S(value), count: spec.count)
            case .uniform(let bound):
                start = (0..<spec.count).map { S(bound * (2 * random.uniform(first | UInt64($0)) - 1)) }
            case .normal(let deviation):
                // Checkpoints hold what the network computes with.
                start = random.normals(from: first, count: spec.count).map { S(Float(deviation * $0)) }
            }
            workspace.machine.write(start, to: values + spec.offset)
        }
        parametersChanged()
    }

    /// Reads all parameters, called `prefix` + name in `file`. Missing, misshapen or non-finite ones are an error.
    package func load(_ file: SafetensorsFile, prefix: String) throws(SafetensorsError) {
        try load(file, prefix: prefix, into: workspace.parameters)
        try load(plan.untrained, file, prefix: prefix, into: workspace.untrained)
        parametersChanged()
    }

    /// The parameters and constants as tensors called `prefix` + name.
    package func store(in file: inout SafetensorsFile, prefix: String) {
        store(workspace.parameters, in: &file, prefix: prefix)
        storeUntrained(in: &file, prefix: prefix)
    }

    /// The gradients of the last evaluation, by name.
    package func gradients() -> [(name: String, gradient: Tensor<S>)] {
        plan.parameters.map { spec in
            let values = workspace.machine.read(workspace.gradients + spec.offset, spec.count)
            return (spec.name, Tensor(shape: spec.shape, values: values))
        }
    }

    /// Reads a vector with the parameters' layout.
    func load(
        _ file: SafetensorsFile, prefix: String, into target: UnsafeMutablePointer<S>
    ) throws(SafetensorsError) {
        try load(plan.parameters, file, prefix: prefix, into: target)
    }

    private func load(
        _ specs: [TensorSpec], _ file: SafetensorsFile, prefix: String, into target: UnsafeMutablePointer<S>
    ) throws(SafetensorsError) {
        for spec in specs {
            let tensor = try file.tensor(prefix + spec.name, as: S.self, shape: spec.shape)
            guard tensor.values.allSatisfy(\.isFinite) else {
                throw file.error(prefix + spec.name, "holds a value that is not finite")
            }
            workspace.machine.write(tensor.values, to: target + spec.offset)
        }
    }

    /// Stores a vector with the parameters' layout.
    func store(_ source: UnsafePointer<S>, in file: inout SafetensorsFile, prefix: String) {
        store(plan.parameters, source, in: &file, prefix: prefix)
    }

    private func store(
        _ specs: [TensorSpec], _ source: UnsafePointer<S>, in file: inout SafetensorsFile, prefix: String
    ) {
        for spec in specs {
            let values = workspace.machine.read(source + spec.offset, spec.count)
            file.set(prefix + spec.name, Tensor(shape: spec.shape, values: values))
        }
    }

    /// Stores the values that are not trained.
    func storeUntrained(in file: inout SafetensorsFile, prefix: String) {
        store(plan.untrained, workspace.untrained, in: &file, prefix: prefix)
    }

    /// Stores the constant filters that readers of the published networks expect.
    func storeFilters(in file: inout SafetensorsFile, prefix: String) {
        for (name, filter) in plan.filters {
            let side = filter.side
            file.set(prefix + name, Tensor<S>(shape: [1, 1, side, side], values: filter.matrix.map { S($0) }))
        }
    }

}

extension NetworkConfiguration {
    /// Throws, naming the tensor, where the tensors called `prefix` + name are not those of a checkpoint of this network.
    /// With `isAlone`, other tensors in the file are an error too. The values of parameters are not checked.
    func check(_ file: SafetensorsFile, prefix: String, isAlone: Bool) throws {
        let plan = try plan()
        for spec in plan.parameters + plan.untrained {
            _ = try file.entry(prefix + spec.name, shape: spec.shape)
        }
        for (name, filter) in plan.filters where file.contains(prefix + name) {
            let stored = try file.tensor(prefix + name, as: Double.self, shape: [1, 1, filter.side, filter.side])
            // Published filters are float32.
            guard stored.values == filter.matrix.map({ Double(Float($0)) }) else {
                throw file.error(prefix + name, "holds another filter than networks of this architecture have")
            }
        }
        guard isAlone else { return }
        let known = Set(plan.parameters.map(\.name) + plan.untrained.map(\.name) + plan.filters.map(\.name))
        if let stranger = file.names.first(where: { !known.contains($0) }) {
            throw file.error(stranger, "is not part of the network that 'config' describes")
        }
    }
}
