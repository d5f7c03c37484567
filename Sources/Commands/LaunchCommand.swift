import ArgumentParser
import ContentStore
import DatasetPreparation
import Foundation
import ResultCatalogue
import SweepFiles

struct LaunchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "launch",
        abstract: "Train and measure what a sweep wants and the catalogue does not have.",
        discussion: """
            The first Ctrl-C stops dispatching, leaves running jobs to their hosts and prints the command that \
            resumes; the second cancels them.
            """)

    @Argument(help: "The sweep file.")
    var sweep: String
    @OptionGroup var settings: SetOptions
    @OptionGroup var catalogue: CatalogueOptions
    @OptionGroup var hosts: HostOptions

    func run() throws {
        let signals = SignalWatch()
        let file = try SweepFile(contentsOf: sweep, overrides: settings.overrides)
        let worker = try WorkerProgram(file.worker)
        let specs = try HostsSelection(hosts).specs
        let workplace = try Workplace(catalogue)
        let expansion = try file.expand(worker: worker.description, identify: workplace.preparer.identify)
        if !expansion.merged.isEmpty {
            Terminal.note(
                "\(Readable.count(expansion.merged.count)) points equal others and are merged; `plan` shows which")
        }
        try workplace.store(expansion.sweep)
        let run = SweepRun(workplace: workplace, options: hosts, signals: signals)
        try run.complete([(expansion.sweep, worker)], on: specs)
    }
}
