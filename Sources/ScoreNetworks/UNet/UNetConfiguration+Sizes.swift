import Diffusion
import JobContract
import Tensors

extension UNetConfiguration: NetworkSizes {
    static var architectures: [String] { UNetArchitecture.allCases.map(\.rawValue) }

    private struct Stored: Decodable {
        var architecture: UNetArchitecture
        var model_channels: Int?
        var channel_mult: [Int]?
        var num_blocks: Int?
        var attn_resolutions: [Int]?
        var dropout: Double?
        var augment_dim: Int?
    }

    init(_ stored: StoredNetwork) throws(SafetensorsError) {
        let sizes = try stored.read(Stored.self)
        self.init(
            architecture: sizes.architecture,
            modelChannels: try stored.wanted(sizes.model_channels, "model_channels"),
            resolution: stored.shape.height, imageChannels: stored.shape.channels,
            multipliers: try stored.wanted(sizes.channel_mult, "channel_mult"),
            blocks: try stored.wanted(sizes.num_blocks, "num_blocks"),
            attentionResolutions: try stored.wanted(sizes.attn_resolutions, "attn_resolutions"),
            dropout: sizes.dropout ?? 0, augmentLabels: sizes.augment_dim ?? 0)
    }

    init(_ architecture: String, shape: ImageShape, _ keys: inout some SizeKeys) throws {
        guard let architecture = UNetArchitecture(rawValue: architecture) else {
            throw NetworkError("architecture", "\(architecture) is no U-Net of this family")
        }
        self.init(
            architecture: architecture, modelChannels: try keys.integer("model.scale"), resolution: shape.height,
            imageChannels: shape.channels, multipliers: try keys.integers("model.multipliers"),
            blocks: try keys.integer("model.blocks"), attentionResolutions: try keys.integers("model.attention"),
            dropout: try keys.number("model.dropout"),
            augmentLabels: try keys.number("training.augment") > 0 ? Self.labels : 0)
    }

    /// Augmentation labels of EDM's pipe.
    private static let labels = 9

    var name: String { architecture.rawValue }

    var stored: [String] {
        [
            "\"model_channels\": \(modelChannels)", "\"resolution\": \(resolution)",
            "\"image_channels\": \(imageChannels)", "\"channel_mult\": \(multipliers)", "\"num_blocks\": \(blocks)",
            "\"attn_resolutions\": \(attentionResolutions)", "\"dropout\": \(dropout)",
            "\"augment_dim\": \(augmentLabels)",
        ]
    }

    var keys: [String: JSONValue] {
        var keys: [String: JSONValue] = [
            "model.scale": .integer(modelChannels), "model.multipliers": .integers(multipliers),
            "model.blocks": .integer(blocks), "model.attention": .integers(attentionResolutions),
            "model.dropout": .number(dropout),
        ]
        // No checkpoint says how much was augmented; 0.12 is EDM's own probability.
        if augmentLabels > 0 { keys["training.augment"] = 0.12 }
        return keys
    }

    var narrower: UNetConfiguration? {
        var half = self
        half.modelChannels /= 2
        return half
    }

    func plan() throws(NetworkError) -> NetworkPlan { try UNetLayout(self).plan }

    func core<S: LaneScalar>(
        of scalar: S.Type, for use: NetworkUse, on machine: any LaneMachine<S>, team: ThreadTeam
    ) throws(NetworkError) -> any NetworkCore<S> { try UNet<S>(self, for: use, on: machine) }
}

extension NetworkConfiguration {
    package static func unet(_ sizes: UNetConfiguration) -> NetworkConfiguration { NetworkConfiguration(sizes) }
}
