import Diffusion
import JobContract
import ScoreNetworks

extension SpecReader: SizeKeys {}

extension NetworkConfiguration {
    /// Reads the keys of a sweep. Throws JobFailure `unsupported` for an architecture that this worker does not have.
    init(_ keys: inout SpecReader) throws {
        let side = try keys.integer("dataset.resolution")
        let shape = ImageShape(channels: try keys.integer("dataset.channels"), height: side, width: side)
        let name = try keys.text("model.architecture")
        guard let network = try NetworkConfiguration(name, shape: shape, &keys) else {
            throw JobFailure(
                .unsupported,
                "model.architecture is \(name): this worker has \(Self.architectures.joined(separator: ", "))")
        }
        self = network
    }
}
