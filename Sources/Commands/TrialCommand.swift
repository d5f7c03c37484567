import ArgumentParser
import Foundation
import JobContract
import ResultCatalogue
import ResultQueries

struct TrialCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trial",
        abstract: "Show all of one trial: settings, attempts, measurements, files; bring its files out.",
        discussion: """
            eigensweep trial 3f2a91bc
            eigensweep trial '@demo: dataset.size=256, model.scale=8, seed=0' --copy-to found
            eigensweep trial 3f2a91bc --format json

            --copy-to makes a folder that is called by the trial's place, with weights.safetensors and what measures left, \
            such as samples.png. Quantities of which a trial has many are counted; `eigensweep query` lists them.
            """)

    @Argument(help: "\(TrialNaming.help)", completion: .trials)
    var trial: String
    @Option(
        help: ArgumentHelp("Copy the trial's files into a folder of this directory.", valueName: "directory"),
        completion: .directory)
    var copyTo: String?
    @OptionGroup var catalogue: CatalogueOptions
    @OptionGroup var output: FormatOptions

    func run() throws {
        let reader = try CatalogueReader(path: catalogue.path)
        let naming = TrialNaming(reader)
        let story = try TrialStory(
            try naming.trial(trial), in: reader, names: naming.names, store: catalogue.store)
        // Whoever reads only the first lines of what is printed has the files all the same.
        let copied = try copyTo.map { try TrialFiles(story).copy(to: $0) }
        if output.format == .table {
            Terminal.print(story.text(width: Terminal.outputWidth))
        } else {
            output.print(story.tables)
        }
        guard let copied else { return }
        Terminal.note("copied \(Readable.counted(copied.count, "file")) to \(copied.folder)")
        if !copied.missing.isEmpty {
            throw CommandFailure(
                .catalogue,
                "not copied, as the store does not have them whole: \(copied.missing.joined(separator: ", ")); "
                    + "`eigensweep doctor` says more")
        }
    }
}
