import ArgumentParser
import JobContract
import Measures
import ScoreNetworks
import SweepFiles

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Read a checkpoint as measures do, and say which network it holds.",
        discussion: """
            eigensweep-worker inspect edm-cifar10.safetensors

            Prints one JSON object: the keys of a sweep that make this network, the file's SHA-256 and size, and the number \
            of parameters; how the file has them, in half precision or behind the prefix of a wrapper; and with the images \
            of a training whether they fit. Refuses, by name, an unknown architecture, and tensors that are missing, \
            unknown, misshapen or not finite. `eigensweep adopt` asks this before it records a network that was trained \
            elsewhere.
            """)

    @Argument(help: "The checkpoint: safetensors with the published parameter names.", completion: .tensors)
    var checkpoint: String

    @Option(
        help: "A JSON file with every key of its training, as in the catalogue's column trials.spec.",
        completion: .file(extensions: ["json"]))
    var spec: String?

    @Option(
        help: "The prepared dataset file of that training; without it a built-in generator makes the images.",
        completion: .file())
    var dataset: String?

    func run() throws {
        let bytes = try InputFile.read(named: checkpoint, what: "the checkpoint")
        try Pickle.refuse(bytes, name: checkpoint)
        do {
            let network = try NetworkDenoiser(weights: bytes, name: checkpoint)
            var inspection = CheckpointInspection(
                keys: CheckpointConfiguration(network.configuration, network.preconditioning).keys,
                weights: Digest(of: bytes), bytes: bytes.count, parameters: try network.configuration.parameterCount())
            inspection.prefix = network.form?.prefix
            inspection.elements = network.form?.elements
            inspection.leftAside = network.form?.leftAside
            if let spec { inspection.fit = try fit(network, spec) }
            print(try jsonLine(inspection))
        } catch let error as NetworkError {
            throw JobFailure(.unsupported, "\(checkpoint): its network cannot be built: \(explanation(of: error))")
        }
    }

    private func fit(_ network: NetworkDenoiser, _ path: String) throws -> CheckpointInspection.Fit? {
        let text = try InputFile.read(path, what: "the spec")
        let values = try decodeJSON([String: JSONValue].self, from: text)
        let spec = try JobSpec(values)
        try spec.require(network, from: checkpoint)
        let images = try JobImages(byHand: dataset, spec: values, shape: spec.network.imageShape)
        let subject = try MeasureSubject(denoiser: network, images: images, spec)
        return try TrainingFit(of: subject).map {
            CheckpointInspection.Fit(sigma: $0.sigma, decibels: $0.network, ofFilter: $0.filter)
        }
    }
}
