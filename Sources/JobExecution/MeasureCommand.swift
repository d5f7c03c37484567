import ArgumentParser
import JobContract
import Measures

struct MeasureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure", abstract: "Measure a checkpoint by hand.",
        discussion: "Prints one JSON object per number, as in the catalogue.")

    @OptionGroup var options: SpecOptions

    @Option(help: "The checkpoint: safetensors with the published parameter names.")
    var checkpoint: String

    @Option(
        help: "Which measure (default: every one), with parameters: memorization or 'memorization {\"samples\": 64}'.")
    var measure: [String] = []

    @OptionGroup var compute: ComputeOptions

    private struct Line: Encodable {
        var measure: String
        var row: MeasureRow
    }

    func run() throws {
        try compute.prepare()
        let values = try options.training(steps: 1).spec
        let spec = try JobSpec(values)
        let requests = try measure.isEmpty ? KnownMeasures.requests : measure.map(Self.request)
        let measures = try requests.map { ($0.measure, try KnownMeasures.measure(for: $0)) }
        let images = try JobImages(byHand: options.dataset, spec: values, network: spec.network)
        let denoiser = try Checkpoints.denoiser(checkpoint, threads: compute.threads)
        try spec.require(denoiser, from: checkpoint)
        denoiser.levels = spec.training.levels
        let subject = MeasureSubject(
            denoiser: denoiser, training: try images.training(), heldOut: try images.heldOut(),
            flips: spec.training.flip, source: { try images.all() })
        for (name, measure) in measures {
            for row in try measure.taken(of: subject, progress: { _, _ in }).rows {
                print(try jsonLine(Line(measure: name, row: row)))
            }
        }
    }

    private static func request(_ text: String) throws -> MeasureRequest {
        let name = String(text.prefix { $0 != " " && $0 != "{" })
        let rest = Array(text.dropFirst(name.count).utf8)
        let parameters: [String: JSONValue]
        do {
            parameters = rest.isEmpty ? [:] : try decodeJSON([String: JSONValue].self, from: rest)
        } catch {
            throw ValidationError("--measure \(text): \(error)")
        }
        let version = KnownMeasures.requests.first { $0.measure == name }?.version ?? 1
        return MeasureRequest(measure: name, version: version, parameters: parameters)
    }
}
