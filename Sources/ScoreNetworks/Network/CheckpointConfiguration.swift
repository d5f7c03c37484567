import Diffusion
import JobContract
import Tensors

/// The metadata entry `config` of checkpoints, in the manner of the published networks' reference files.
package struct CheckpointConfiguration: Sendable, Hashable {
    package let network: NetworkConfiguration
    package let preconditioning: Preconditioning
    /// Whether reference values beside the network were computed in training mode.
    package let trainingMode: Bool

    package init(_ network: NetworkConfiguration, _ preconditioning: Preconditioning) {
        self.network = network
        self.preconditioning = preconditioning
        trainingMode = false
    }

    private struct Stored: Decodable {
        var preconditioning: String?
        var sigma_data: Double?
        var training_mode: Bool?
    }

    /// Reads `config` of `file`. Preconditioning and σ_data are "edm" and 0.5 where they are left out; blind networks have
    /// their own.
    package init(_ file: SafetensorsFile) throws(SafetensorsError) {
        let stored = try StoredNetwork(file)
        guard let network = try NetworkConfiguration(stored) else {
            throw file.error(
                nil,
                "holds a network of architecture '\(stored.architecture)', expected one of "
                    + NetworkConfiguration.architectures.joined(separator: ", "))
        }
        self.network = network
        let rest = try stored.read(Stored.self)
        trainingMode = rest.training_mode ?? true
        preconditioning = network.isBlind ? .blind : try Self.preconditioning(rest, file)
    }

    private static func preconditioning(
        _ stored: Stored, _ file: SafetensorsFile
    ) throws(SafetensorsError) -> Preconditioning {
        switch stored.preconditioning ?? "edm" {
        case "edm":
            let sigmaData = stored.sigma_data ?? 0.5
            guard sigmaData.isFinite, sigmaData > 0 else {
                throw file.error(nil, "has sigma_data \(sigmaData), which must be positive")
            }
            return .edm(sigmaData: sigmaData)
        case "vp": return .vp
        case "ve": return .ve
        case "none": return .none
        case let other:
            throw file.error(nil, "holds a network with preconditioning '\(other)', expected edm, vp, ve or none")
        }
    }

    /// One line of JSON; equal configurations give equal bytes.
    package var json: String {
        var fields = ["\"architecture\": \"\(network.architecture)\""] + network.stored
        if case .edm(let sigmaData) = preconditioning { fields.append("\"sigma_data\": \(sigmaData)") }
        fields.append("\"preconditioning\": \"\(preconditioning.name)\"")
        return "{\(fields.joined(separator: ", "))}"
    }

    /// The keys of a sweep that make this network.
    package var keys: [String: JSONValue] {
        let shape = network.imageShape
        var keys = network.keys
        keys["model.architecture"] = .string(network.architecture)
        keys["dataset.resolution"] = .integer(shape.height)
        keys["dataset.channels"] = .integer(shape.channels)
        keys["training.preconditioning"] = .string(preconditioning.name)
        if case .edm(let sigmaData) = preconditioning { keys["training.sigma_data"] = .number(sigmaData) }
        return keys
    }
}
