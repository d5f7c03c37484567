import Diffusion
import ScoreNetworks
import Tensors

/// A network whose every parameter is drawn, since published starts have gradients that vanish.
package func drawnNetwork(
    _ configuration: NetworkConfiguration, _ preconditioning: Preconditioning, threads: Int = 1
) throws -> NetworkDenoiser {
    let network = try Network<Float>(configuration, for: .inference)
    network.initialise(seed: 1, sub: 0)
    var file = SafetensorsFile(name: "drawn")
    file.metadata["config"] = CheckpointConfiguration(configuration, preconditioning).json
    network.store(in: &file, prefix: "")
    let random = CounterRandom(seed: 3, purpose: .generator)
    for (number, (name, shape)) in try configuration.parameterShapes().enumerated() {
        let count = shape.reduce(1, *)
        let width = 0.7 / Double(max(count / max(shape[0], 1), 1)).squareRoot()
        let offset = name.contains("norm") && name.hasSuffix("weight") || name.hasSuffix("gammas") ? 1.0 : 0
        let values = random.normals(from: UInt64(number) << 32, count: count).map { Float(offset + width * $0) }
        file.set(name, Tensor(shape: shape, values: values))
    }
    return try NetworkDenoiser(weights: file.serialized(), name: "drawn", threads: threads)
}
