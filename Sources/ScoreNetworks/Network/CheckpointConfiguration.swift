import Diffusion
import FoundationEssentials
import Tensors

/// The metadata entry `config` of checkpoints, in the manner of the published networks' reference files.
struct CheckpointConfiguration {
    let network: UNetConfiguration
    let preconditioning: Preconditioning

    init(_ network: UNetConfiguration, _ preconditioning: Preconditioning) {
        self.network = network
        self.preconditioning = preconditioning
    }

    private struct Stored: Decodable {
        var architecture: String
        var model_channels: Int
        var resolution: Int
        var image_channels: Int
        var channel_mult: [Int]
        var num_blocks: Int
        var attn_resolutions: [Int]
        var dropout: Double?
        var augment_dim: Int?
        var preconditioning: String?
        var sigma_data: Double?
    }

    /// Reads `config` of `file`. Preconditioning and σ_data are "edm" and 0.5 where they are left out.
    init(_ file: SafetensorsFile) throws(SafetensorsError) {
        guard let text = file.metadata["config"] else {
            throw file.error(nil, "has no metadata entry 'config' that says which network it holds")
        }
        let stored: Stored
        do {
            stored = try JSONDecoder().decode(Stored.self, from: Data(text.utf8))
        } catch {
            throw file.error(
                nil, "has a metadata entry 'config' that lacks sizes of a U-Net: \(text.prefix(200))")
        }
        guard let architecture = UNetArchitecture(rawValue: stored.architecture) else {
            let known = UNetArchitecture.allCases.map(\.rawValue).joined(separator: ", ")
            throw file.error(
                nil, "holds a network of architecture '\(stored.architecture)', expected one of \(known)")
        }
        switch stored.preconditioning ?? "edm" {
        case "edm":
            let sigmaData = stored.sigma_data ?? 0.5
            guard sigmaData.isFinite, sigmaData > 0 else {
                throw file.error(nil, "has sigma_data \(sigmaData), which must be positive")
            }
            preconditioning = .edm(sigmaData: sigmaData)
        case "vp": preconditioning = .vp
        case "ve": preconditioning = .ve
        case "none": preconditioning = .none
        case let other:
            throw file.error(nil, "holds a network with preconditioning '\(other)', expected edm, vp, ve or none")
        }
        network = UNetConfiguration(
            architecture: architecture, modelChannels: stored.model_channels, resolution: stored.resolution,
            imageChannels: stored.image_channels,
            multipliers: stored.channel_mult, blocks: stored.num_blocks,
            attentionResolutions: stored.attn_resolutions, dropout: stored.dropout ?? 0,
            augmentLabels: stored.augment_dim ?? 0)
    }

    /// One line of JSON; equal configurations give equal bytes.
    var json: String {
        var fields = [
            "\"architecture\": \"\(network.architecture.rawValue)\"",
            "\"model_channels\": \(network.modelChannels)",
            "\"resolution\": \(network.resolution)",
            "\"image_channels\": \(network.imageChannels)",
            "\"channel_mult\": \(network.multipliers)",
            "\"num_blocks\": \(network.blocks)",
            "\"attn_resolutions\": \(network.attentionResolutions)",
            "\"dropout\": \(network.dropout)",
            "\"augment_dim\": \(network.augmentLabels)",
        ]
        if case .edm(let sigmaData) = preconditioning { fields.append("\"sigma_data\": \(sigmaData)") }
        fields.append("\"preconditioning\": \"\(preconditioning.name)\"")
        return "{\(fields.joined(separator: ", "))}"
    }
}
