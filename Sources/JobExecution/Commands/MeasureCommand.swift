import ArgumentParser
import JobContract
import Measures

struct MeasureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure", abstract: "Measure a checkpoint by hand.",
        discussion: """
            eigensweep-worker measure small.yaml --checkpoint weights-2000.safetensors --measure memorization

            Prints one JSON object per number, as in the catalogue.
            """)

    @OptionGroup var options: SpecOptions

    @Option(help: "The checkpoint: safetensors with the published parameter names.", completion: .tensors)
    var checkpoint: String

    @Option(
        help: "Which measure (default: every one), with parameters: memorization or 'memorization {\"samples\": 64}'.",
        completion: .measures)
    var measure: [String] = []

    @Option(
        help: "A second checkpoint, for measures that compare two: safetensors like the first.", completion: .tensors)
    var other: String?

    @Option(
        help: "KEY=VALUE in which the second checkpoint's training differs: dataset.part={index: 1, of: 2}.",
        completion: .settings)
    var otherSet: [String] = []

    @OptionGroup var compute: ComputeOptions

    private struct Line: Encodable {
        var measure: String
        var row: MeasureRow
    }

    func run() throws {
        try compute.prepare()
        let requests =
            try measure.isEmpty
            ? KnownMeasures.requests.filter { !$0.isOfTraining && (!$0.isComparison || other != nil) }
            : measure.map(Self.request)
        let measures = try requests.map { ($0.measure, try KnownMeasures.measure(for: $0)) }
        var subject = try subject(checkpoint, options)
        if let other {
            var theirs = options
            theirs.settings += otherSet
            subject.others = [try self.subject(other, theirs)]
        }
        var failure: MeasureError?
        for (name, measure) in measures {
            do {
                for row in try measure.taken(of: subject, progress: { _, _ in }).rows {
                    print(try jsonLine(Line(measure: name, row: row)))
                }
            } catch let error as MeasureError {
                // The other measures are taken all the same.
                if failure != nil { Diagnostics.write(explanation(of: error)) }
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }

    private func subject(_ checkpoint: String, _ options: SpecOptions) throws -> MeasureSubject {
        let values = try options.training(steps: 1).spec
        let spec = try JobSpec(values)
        let images = try JobImages(byHand: options.dataset, spec: values, shape: spec.network.imageShape)
        let denoiser = try Checkpoints.denoiser(checkpoint, threads: compute.threads)
        try spec.require(denoiser, from: checkpoint)
        return try MeasureSubject(denoiser: denoiser, images: images, spec)
    }

    private static func request(_ text: String) throws -> MeasureRequest {
        let name = String(text.prefix { $0 != " " && $0 != "{" })
        let rest = Array(text.dropFirst(name.count).utf8)
        let parameters: [String: JSONValue]
        do {
            parameters = rest.isEmpty ? [:] : try decodeJSON([String: JSONValue].self, from: rest)
        } catch {
            throw ValidationError("--measure \(text): \(explanation(of: error))")
        }
        let version = KnownMeasures.requests.first { $0.measure == name }?.version ?? 1
        return MeasureRequest(measure: name, version: version, parameters: parameters)
    }
}
