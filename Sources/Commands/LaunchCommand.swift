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
        let overrides = settings.overrides.map(Self.withAbsoluteSource)
        let file = try SweepFile(contentsOf: sweep, overrides: overrides)
        let worker = try WorkerProgram(file.worker)
        let specs = try HostsSelection(hosts).specs
        let workplace = try Workplace(catalogue)
        let expansion = try file.expand(worker: worker.description, identify: workplace.preparer.identify)
        if !expansion.merged.isEmpty {
            Terminal.note(
                "\(Readable.count(expansion.merged.count)) points equal others and are merged; `plan` names them")
        }
        try workplace.store(expansion.sweep)
        let run = SweepRun(workplace: workplace, hosts: specs, connection: hosts.connection)
        try run.complete([(expansion.sweep, worker)])
    }

    /// `dataset.source=faces.zip` as a path that still holds when the sweep is resumed from another directory.
    private static func withAbsoluteSource(_ override: String) -> String {
        let key = "dataset.source="
        guard override.hasPrefix(key) else { return override }
        let path = String(override.dropFirst(key.count))
        guard FileManager.default.fileExists(atPath: path) else { return override }
        return key + URL(fileURLWithPath: path).standardizedFileURL.path
    }
}
