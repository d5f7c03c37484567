import ArgumentParser
import JobContract
import SweepFiles
import SweepModel

struct AdoptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt",
        abstract: "Record a network that was trained elsewhere as a trial of its own; then everything applies to it.",
        discussion: """
            eigensweep adopt edm-ffhq.safetensors --dataset ffhq.zip --images 200000000 --measure linearity,memorization
            eigensweep resume adopted

            The checkpoint is a safetensors file with the published parameter names and the metadata entry `config`. The \
            images are read at its size. Held-out images are the first of the sweep's permutation: whether the network was \
            kept from them nobody knows but you. What else is known of its training is said by --set: \
            --set dataset.flip=true --set training.batch=512. To adopt it again changes nothing, but may add measures.
            """)

    @Argument(help: "The checkpoint.", completion: .file(extensions: ["safetensors"]))
    var checkpoint: String

    @Option(help: "The images it was trained on: a path, or the name of a built-in generator.")
    var dataset: String

    @Option(help: "Its length in images seen; without it the trial counts one image.")
    var images: Int?

    @Option(help: "The sweep of adopted networks that it joins.")
    var sweep = "adopted"

    @Option(
        help: ArgumentHelp(
            "Measures to take of every network of that sweep: linearity,memorization, or 'memorization: {samples: 64}'.",
            valueName: "measures"))
    var measure: [String] = []

    @Option(
        name: [.customLong("set")],
        help: ArgumentHelp("What is known of its training: --set dataset.flip=true.", valueName: "key=value"))
    var settings: [String] = []

    @OptionGroup var catalogue: CatalogueOptions

    func run() throws {
        var known: [String: JSONValue] = [:]
        for text in settings {
            let (key, value) = try AdoptedSweep.setting(text)
            known[key] = value
        }
        if let images {
            guard known.keys.allSatisfy({ !SpecKey.lengthKeys.contains($0) }) else {
                throw CommandFailure(.usage, "the length is given by --images and by --set: expected one of the two")
            }
            known["training.images"] = .integer(Int64(images))
        }
        let inspection = try CheckpointInspection(of: checkpoint)
        let adoption = Adoption(
            checkpoint: checkpoint, inspection: inspection, dataset: dataset, known: known,
            workplace: try Workplace(catalogue))
        let trial = try adoption.join(sweep, measures: measure)
        Terminal.print("trial \(trial.id.short) of sweep \(sweep): \(Readable.count(inspection.parameters)) parameters")
        let option = CatalogueOptions.option(for: adoption.workplace.catalogue.path)
        Terminal.print("measure it with:\n  eigensweep resume \(ShellWord.quoted(sweep))\(option)")
    }
}
