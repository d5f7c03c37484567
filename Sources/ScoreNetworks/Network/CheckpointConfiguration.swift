import Diffusion
import FoundationEssentials
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

    /// The keys of all architectures. Each architecture reads its own.
    private struct Stored: Decodable {
        var architecture: String
        var resolution: Int
        var image_channels: Int
        var model_channels: Int?
        var channel_mult: [Int]?
        var num_blocks: Int?
        var attn_resolutions: [Int]?
        var dropout: Double?
        var augment_dim: Int?
        var preconditioning: String?
        var sigma_data: Double?
        var num_kernels: Int?
        var num_layers: Int?
        var first_layer_linear: Bool?
        var receptive_field: Int?
        var convs_per_block: Int?
        var training_mode: Bool?
    }

    /// Reads `config` of `file`. Preconditioning and σ_data are "edm" and 0.5 where they are left out.
    package init(_ file: SafetensorsFile) throws(SafetensorsError) {
        guard let text = file.metadata["config"] else {
            throw file.error(nil, "has no metadata entry 'config' that says which network it holds")
        }
        let stored: Stored
        do {
            stored = try JSONDecoder().decode(Stored.self, from: Data(text.utf8))
        } catch {
            throw file.error(
                nil, "has a metadata entry 'config' that does not say which network it holds: \(text.prefix(200))")
        }
        func wanted<T>(_ value: T?, _ key: String) throws(SafetensorsError) -> T {
            guard let value else {
                throw file.error(nil, "has a metadata entry 'config' that lacks \(key): \(text.prefix(200))")
            }
            return value
        }
        trainingMode = stored.training_mode ?? true
        switch stored.architecture {
        case "bias-free-unet":
            guard (stored.convs_per_block ?? 2) == 2 else {
                throw file.error(
                    nil, "has \(stored.convs_per_block ?? 0) convolutions per block; bias-free U-Nets have 2 here")
            }
            network = .blind(
                BlindConfiguration(
                    kind: .unet(blocks: try wanted(stored.num_blocks, "num_blocks")),
                    kernels: try wanted(stored.num_kernels, "num_kernels"), resolution: stored.resolution,
                    imageChannels: stored.image_channels))
            preconditioning = .blind
        case "bf-cnn":
            network = .blind(
                BlindConfiguration(
                    kind: .cnn(
                        layers: try wanted(stored.num_layers, "num_layers"),
                        linearFirstLayer: try wanted(stored.first_layer_linear, "first_layer_linear"),
                        receptiveField: stored.receptive_field),
                    kernels: try wanted(stored.num_kernels, "num_kernels"), resolution: stored.resolution,
                    imageChannels: stored.image_channels))
            preconditioning = .blind
        case "linear":
            let side = stored.resolution
            guard (1...1024).contains(side), (1...1024).contains(stored.image_channels) else {
                throw file.error(nil, "has images of \(stored.image_channels) channels of \(side)x\(side)")
            }
            network = .linear(ImageShape(channels: stored.image_channels, height: side, width: side))
            preconditioning = try Self.preconditioning(stored, file)
        case let name:
            guard let architecture = UNetArchitecture(rawValue: name) else {
                throw file.error(
                    nil, "holds a network of architecture '\(name)', expected one of \(Self.known)")
            }
            network = .unet(
                UNetConfiguration(
                    architecture: architecture, modelChannels: try wanted(stored.model_channels, "model_channels"),
                    resolution: stored.resolution, imageChannels: stored.image_channels,
                    multipliers: try wanted(stored.channel_mult, "channel_mult"),
                    blocks: try wanted(stored.num_blocks, "num_blocks"),
                    attentionResolutions: try wanted(stored.attn_resolutions, "attn_resolutions"),
                    dropout: stored.dropout ?? 0, augmentLabels: stored.augment_dim ?? 0))
            preconditioning = try Self.preconditioning(stored, file)
        }
    }

    private static var known: String {
        (UNetArchitecture.allCases.map(\.rawValue) + ["bias-free-unet", "bf-cnn", "linear"]).joined(separator: ", ")
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
        var fields = ["\"architecture\": \"\(network.architecture)\""]
        let shape = network.imageShape
        switch network {
        case .unet(let sizes):
            fields += [
                "\"model_channels\": \(sizes.modelChannels)", "\"resolution\": \(sizes.resolution)",
                "\"image_channels\": \(sizes.imageChannels)", "\"channel_mult\": \(sizes.multipliers)",
                "\"num_blocks\": \(sizes.blocks)", "\"attn_resolutions\": \(sizes.attentionResolutions)",
                "\"dropout\": \(sizes.dropout)", "\"augment_dim\": \(sizes.augmentLabels)",
            ]
        case .blind(let sizes):
            switch sizes.kind {
            case .unet(let blocks): fields += ["\"num_blocks\": \(blocks)", "\"convs_per_block\": 2"]
            case .cnn(let layers, let linearFirst, let field):
                fields += ["\"num_layers\": \(layers)", "\"first_layer_linear\": \(linearFirst)"]
                if let field { fields.append("\"receptive_field\": \(field)") }
            }
            fields += [
                "\"num_kernels\": \(sizes.kernels)", "\"resolution\": \(sizes.resolution)",
                "\"image_channels\": \(sizes.imageChannels)",
            ]
        case .linear:
            fields += ["\"resolution\": \(shape.height)", "\"image_channels\": \(shape.channels)"]
        }
        if case .edm(let sigmaData) = preconditioning { fields.append("\"sigma_data\": \(sigmaData)") }
        fields.append("\"preconditioning\": \"\(preconditioning.name)\"")
        return "{\(fields.joined(separator: ", "))}"
    }
}
