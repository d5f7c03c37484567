import ArgumentParser
import JobContract
import Measures
import ScoreNetworks
import SweepFiles

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Read a checkpoint as measures do, and say which network it holds.",
        discussion: """
            Prints one JSON object: the keys of a sweep that make this network, the file's SHA-256 and size, and the number \
            of parameters; how the file has them, in half precision or behind the prefix of a wrapper; and with the images \
            of a training whether they fit. Refuses, by name, an unknown architecture, and tensors that are missing, unknown, misshapen or \
            not finite. `eigensweep adopt` asks this before it records a network that was trained elsewhere.
            """)

    @Argument(help: "The checkpoint: safetensors with the published parameter names.")
    var checkpoint: String

    @Option(help: "A JSON file with every key of its training, as in the catalogue's column trials.spec.")
    var spec: String?

    @Option(help: "The prepared dataset file of that training; without it a built-in generator makes the images.")
    var dataset: String?

    func run() throws {
        let bytes = try InputFile.read(named: checkpoint, what: "the checkpoint")
        try Pickle.refuse(bytes, name: checkpoint)
        do {
            let network = try NetworkDenoiser(weights: bytes, name: checkpoint)
            var inspection = CheckpointInspection(
                keys: try CheckpointConfiguration(network.configuration, network.preconditioning).keys,
                weights: Digest(of: bytes), bytes: bytes.count, parameters: try network.configuration.parameterCount())
            inspection.prefix = network.form?.prefix
            inspection.elements = network.form?.elements
            inspection.leftAside = network.form?.leftAside
            if let spec { inspection.fit = try fit(network, spec) }
            print(try jsonLine(inspection))
        } catch let error as NetworkError {
            throw JobFailure(.unsupported, "\(checkpoint): its network cannot be built: \(error)")
        }
    }

    private func fit(_ network: NetworkDenoiser, _ path: String) throws -> CheckpointInspection.Fit? {
        let text = try InputFile.read(path, what: "the spec")
        let values = try decodeJSON([String: JSONValue].self, from: text)
        let spec = try JobSpec(values)
        try spec.require(network, from: checkpoint)
        let images = try JobImages(byHand: dataset, spec: values, network: spec.network)
        let subject = try MeasureSubject(denoiser: network, images: images, spec)
        return try TrainingFit(of: subject).map {
            CheckpointInspection.Fit(sigma: $0.sigma, decibels: $0.network, ofFilter: $0.filter)
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
                // How much was augmented no checkpoint says; 0.12 is EDM's own.
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
