import ArgumentParser
import Foundation
import ResultCatalogue
import SweepFiles

struct LaunchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "launch",
        abstract: "Train and measure what a sweep wants and the catalogue does not have.",
        discussion: """
            eigensweep launch sweeps/demo.yaml
            eigensweep launch sweeps/faces.yaml --set dataset.source=faces.zip --hosts hosts.yaml --detach

            The first Ctrl-C stops dispatching, leaves running jobs to their hosts and prints the command that \
            resumes; the second cancels them.

            Where a coordinator runs on the catalogue already, it takes the sweep up, on its own hosts, and this \
            command shows how it goes on; Ctrl-C then leaves the view alone.
            """)

    @Argument(help: "The sweep file.", completion: .file(extensions: ["yaml", "yml"]))
    var sweep: String
    @OptionGroup var background: BackgroundOptions
    @OptionGroup var running: RunOptions
    @OptionGroup var settings: SetOptions
    @OptionGroup var files: SameNumericsOptions
    @OptionGroup var catalogue: CatalogueOptions
    @OptionGroup var hosts: HostOptions

    func run() throws {
        let signals = SignalWatch.process
        signals.expectRun()
        try SweepFileArgument.require(sweep, in: catalogue.path) { name, option in
            "`eigensweep resume \(name)\(option)` goes on with it"
        }
        // Errors in the files are told before anything is made.
        let read = try ReadSweepFile(sweep, overrides: settings.overrides)
        let selection = try HostsSelection(hosts)
        let change = WishChange.launch(
            file: URL(fileURLWithPath: sweep).path, overrides: settings.overrides,
            folder: FileManager.default.currentDirectoryPath, sameNumerics: files.sameNumerics ? true : nil)
        try Coordinating(catalogue: catalogue, background: background, signals: signals, hosts: hosts.hosts)
            .perform(change) { workplace in
                try SweepRun.perform(
                    at: workplace, hosts: selection, options: hosts, run: running, signals: signals,
                    log: background.isInBackground ? catalogue.log : nil
                ) { run in
                    try run.launch(read, sameNumerics: files.sameNumerics)
                    try run.complete(started: StartReport { background.reportStart(awaiting: $0) })
                }
            }
    }
}
