import Diffusion
import JobContract
import Tensors

extension BlindConfiguration: NetworkSizes {
    private enum Name: String, CaseIterable, Decodable {
        case unet = "bias-free-unet"
        case cnn = "bf-cnn"
    }

    static var architectures: [String] { Name.allCases.map(\.rawValue) }

    var name: String {
        switch kind {
        case .unet: Name.unet.rawValue
        case .cnn: Name.cnn.rawValue
        }
    }

    private struct Stored: Decodable {
        var architecture: Name
        var num_kernels: Int?
        var num_blocks: Int?
        var convs_per_block: Int?
        var num_layers: Int?
        var first_layer_linear: Bool?
        var receptive_field: Int?
    }

    init(_ stored: StoredNetwork) throws(SafetensorsError) {
        let sizes = try stored.read(Stored.self)
        let kind: Kind
        switch sizes.architecture {
        case .unet:
            guard (sizes.convs_per_block ?? 2) == 2 else {
                throw stored.file.error(
                    nil, "has \(sizes.convs_per_block ?? 0) convolutions per block; bias-free U-Nets have 2 here")
            }
            kind = .unet(blocks: try stored.wanted(sizes.num_blocks, "num_blocks"))
        case .cnn:
            kind = .cnn(
                layers: try stored.wanted(sizes.num_layers, "num_layers"),
                linearFirstLayer: try stored.wanted(sizes.first_layer_linear, "first_layer_linear"),
                receptiveField: sizes.receptive_field)
        }
        self.init(
            kind: kind, kernels: try stored.wanted(sizes.num_kernels, "num_kernels"), resolution: stored.shape.height,
            imageChannels: stored.shape.channels)
    }

    init(_ architecture: String, shape: ImageShape, _ keys: inout some SizeKeys) throws {
        guard let name = Name(rawValue: architecture) else {
            throw NetworkError("architecture", "\(architecture) is no blind network")
        }
        let kind: Kind
        switch name {
        case .unet: kind = .unet(blocks: try keys.integer("model.blocks"))
        case .cnn:
            let field = try keys.integer("model.receptive_field")
            kind = .cnn(
                layers: try keys.integer("model.layers"), linearFirstLayer: try keys.flag("model.linear_first_layer"),
                receptiveField: field == 0 ? nil : field)
        }
        self.init(
            kind: kind, kernels: try keys.integer("model.scale"), resolution: shape.height,
            imageChannels: shape.channels)
    }

    var stored: [String] {
        let own: [String]
        switch kind {
        case .unet(let blocks): own = ["\"num_blocks\": \(blocks)", "\"convs_per_block\": 2"]
        case .cnn(let layers, let linearFirst, let field):
            own =
                ["\"num_layers\": \(layers)", "\"first_layer_linear\": \(linearFirst)"]
                + (field.map { ["\"receptive_field\": \($0)"] } ?? [])
        }
        return own + [
            "\"num_kernels\": \(kernels)", "\"resolution\": \(resolution)", "\"image_channels\": \(imageChannels)",
        ]
    }

    var keys: [String: JSONValue] {
        var keys: [String: JSONValue] = ["model.scale": .integer(kernels)]
        switch kind {
        case .unet(let blocks): keys["model.blocks"] = .integer(blocks)
        case .cnn(let layers, let linearFirst, let field):
            keys["model.layers"] = .integer(layers)
            keys["model.linear_first_layer"] = .bool(linearFirst)
            keys["model.receptive_field"] = .integer(field ?? 0)
        }
        return keys
    }

    var isBlind: Bool { true }

    var narrower: BlindConfiguration? {
        var half = self
        half.kernels /= 2
        return half
    }

    func plan() throws(NetworkError) -> NetworkPlan { try BlindLayout(self, for: .inference).plan }

    func core<S: LaneScalar>(
        of scalar: S.Type, for use: NetworkUse, on machine: any LaneMachine<S>, team: ThreadTeam
    ) throws(NetworkError) -> any NetworkCore<S> { try BlindNetwork<S>(self, for: use, on: machine, team: team) }
}

extension NetworkConfiguration {
    package static func blind(_ sizes: BlindConfiguration) -> NetworkConfiguration { NetworkConfiguration(sizes) }
}
