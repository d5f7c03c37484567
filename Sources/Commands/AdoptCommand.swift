import ArgumentParser
import JobContract
import ResultQueries
import SweepFiles
import SweepModel

struct AdoptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt",
        abstract: "Record a network that was trained elsewhere as a trial of its own; then everything applies to it.",
        discussion: """
            eigensweep adopt network.safetensors --training seen --held-out unseen --measure linearity,memorization
            eigensweep adopt edm-ffhq.safetensors --dataset ffhq.zip --training-index seen.txt --images 200000000
            eigensweep resume adopted

            The checkpoint is a safetensors file with the published parameter names and the metadata entry `config`. The \
            images are read at its size. Which of them it was trained on only you know: they and others lie in two places \
            (--training, --held-out), or a file names them, a line a file name or a number from 0 (--training-index), and \
            all others are held out. With --dataset alone measures that speak of training images are refused; for a network \
            that was trained on the subset that this program draws of them, give --set dataset.split=drawn, with \
            dataset.size and dataset.held_out. --set tells what else is known of its training: --set dataset.flip=true \
            --set training.batch=512. To adopt it again changes nothing, but may add measures.
            """)

    @Argument(help: "The checkpoint.", completion: .file(extensions: ["safetensors"]))
    var checkpoint: String

    @Option(help: "The images that it was trained on: a zip or folder, IDX or CIFAR files.", completion: .file())
    var training: String?

    @Option(help: "Images that it never saw, in the same forms.", completion: .file())
    var heldOut: String?

    @Option(help: "Images of which it was trained on some: a path, or the name of a built-in generator.")
    var dataset: String?

    @Option(
        help: "Which of --dataset's images these are: a file with a line for each, a file name or a number from 0.",
        completion: .file())
    var trainingIndex: String?

    @Option(
        parsing: .unconditional, help: "Its length in images seen; without it the trial counts one image.")
    var images: Int?

    @Option(help: "The sweep of adopted networks that it joins.")
    var sweep = "adopted"

    @Option(
        help: ArgumentHelp(
            "Measures to take of every network of that sweep: linearity,memorization, or 'memorization: {samples: 64}'.",
            valueName: "measures"), completion: .measureNames)
    var measure: [String] = []

    @Option(
        name: [.customLong("set")],
        help: ArgumentHelp("What is known of its training: --set dataset.flip=true.", valueName: "key=value"),
        completion: .settings)
    var settings: [String] = []

    @OptionGroup var catalogue: CatalogueOptions

    func validate() throws { _ = try adoptedImages() }

    private func adoptedImages() throws -> AdoptedImages {
        switch (training, heldOut, dataset, trainingIndex) {
        case (let training?, let heldOut?, nil, nil): .apart(training: training, heldOut: heldOut)
        case (nil, nil, let dataset?, let index?): .indexed(dataset, by: index)
        case (nil, nil, let dataset?, nil): .mixed(dataset)
        default:
            throw ValidationError(
                "expected --training IMAGES --held-out IMAGES, --dataset IMAGES --training-index FILE, or --dataset IMAGES"
            )
        }
    }

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
            checkpoint: checkpoint, inspection: inspection, images: try adoptedImages(), known: known,
            workplace: try Workplace(catalogue))
        let trial = try adoption.join(sweep, measures: measure)
        Terminal.print(
            "sweep \(sweep): \(PointNames(adoption.workplace.catalogue.reader).name(trial.id, in: sweep)), "
                + "\(Readable.count(inspection.parameters)) parameters")
        let option = CatalogueOptions.option(for: adoption.workplace.catalogue.path)
        Terminal.print("measure it with:\n  eigensweep resume \(ShellWord.quoted(sweep))\(option)")
    }
}
