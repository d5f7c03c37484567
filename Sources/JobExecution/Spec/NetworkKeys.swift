import Diffusion
import JobContract
import ScoreNetworks
import SweepFiles

/// Networks from the keys of a sweep.
extension NetworkConfiguration {
    /// Reads the keys. Throws JobFailure `unsupported` for an architecture that this worker does not have.
    init(_ keys: inout SpecReader) throws {
        let resolution = try keys.integer("dataset.resolution")
        let channels = try keys.integer("dataset.channels")
        let name = try keys.text("model.architecture")
        switch name {
        case "linear": self = .linear(ImageShape(channels: channels, height: resolution, width: resolution))
        case "bias-free-unet":
            self = .blind(
                BlindConfiguration(
                    kind: .unet(blocks: try keys.integer("model.blocks")), kernels: try keys.integer("model.scale"),
                    resolution: resolution, imageChannels: channels))
        case "bf-cnn":
            let field = try keys.integer("model.receptive_field")
            self = .blind(
                BlindConfiguration(
                    kind: .cnn(
                        layers: try keys.integer("model.layers"),
                        linearFirstLayer: try keys.flag("model.linear_first_layer"),
                        receptiveField: field == 0 ? nil : field),
                    kernels: try keys.integer("model.scale"), resolution: resolution, imageChannels: channels))
        default:
            guard let architecture = UNetArchitecture(rawValue: name) else {
                throw JobFailure(
                    .unsupported,
                    "model.architecture is \(name): this worker has \(SpecKey.architectures.joined(separator: ", "))")
            }
            self = .unet(
                UNetConfiguration(
                    architecture: architecture, modelChannels: try keys.integer("model.scale"), resolution: resolution,
                    imageChannels: channels, multipliers: try keys.integers("model.multipliers"),
                    blocks: try keys.integer("model.blocks"),
                    attentionResolutions: try keys.integers("model.attention"),
                    dropout: try keys.number("model.dropout")))
        }
    }
}

extension CheckpointConfiguration {
    /// The keys of a sweep that make this network. Throws JobFailure for a network that no keys make.
    var keys: [String: JSONValue] {
        get throws {
            let shape = network.imageShape
            var keys: [String: JSONValue] = [
                "model.architecture": .string(network.architecture),
                "dataset.resolution": .integer(Int64(shape.height)),
                "dataset.channels": .integer(Int64(shape.channels)),
                "training.preconditioning": .string(preconditioning.name),
            ]
            func integers(_ values: [Int]) -> JSONValue { .array(values.map { .integer(Int64($0)) }) }
            switch network {
            case .linear: break
            case .unet(let sizes):
                keys["model.scale"] = .integer(Int64(sizes.modelChannels))
                keys["model.multipliers"] = integers(sizes.multipliers)
                keys["model.blocks"] = .integer(Int64(sizes.blocks))
                keys["model.attention"] = integers(sizes.attentionResolutions)
                keys["model.dropout"] = .number(sizes.dropout)
                guard sizes.augmentLabels == 0 || sizes.augmentLabels == 9 else {
                    throw JobFailure(
                        .unsupported,
                        "its config says augment_dim \(sizes.augmentLabels): expected 0, or the 9 labels of EDM's pipe")
                }
                // No checkpoint says how much was augmented; 0.12 is EDM's own probability.
                if sizes.augmentLabels > 0 { keys["training.augment"] = 0.12 }
            case .blind(let sizes):
                keys["model.scale"] = .integer(Int64(sizes.kernels))
                switch sizes.kind {
                case .unet(let blocks): keys["model.blocks"] = .integer(Int64(blocks))
                case .cnn(let layers, let linearFirst, let field):
                    keys["model.layers"] = .integer(Int64(layers))
                    keys["model.linear_first_layer"] = .bool(linearFirst)
                    keys["model.receptive_field"] = .integer(Int64(field ?? 0))
                }
            }
            if case .edm(let sigmaData) = preconditioning { keys["training.sigma_data"] = .number(sigmaData) }
            return keys
        }
    }
}
