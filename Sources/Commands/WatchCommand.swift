import ArgumentParser
import Reports
import ResultCatalogue
import ResultQueries

struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Show a run that goes on elsewhere, until it ends; Ctrl-C leaves the view alone.",
        discussion: """
            eigensweep watch
            eigensweep watch demo
            """)

    @Argument(help: "The sweep's name or file: watch until it is finished.", completion: .sweeps)
    var sweep: String?
    @OptionGroup var catalogue: CatalogueOptions

    func run() throws {
        let signals = SignalWatch.process
        let reader = try CatalogueReader(path: catalogue.path)
        let sweeps = try sweep.map { [try reader.sweepName($0)] } ?? []
        guard let client = ControlClient(catalogue: catalogue.path) else {
            Terminal.note("no coordinator runs on \(catalogue.path); this is what it holds:")
            let tables = try StatusReport(reader, most: StatusText.most).tables(sweep: sweeps.first, isRunning: false)
            Terminal.print(StatusText(tables).text(width: Terminal.outputWidth))
            return try StatusText.sayWhatResumes(sweep: sweeps.first, in: reader, isOpen: !tables[1].rows.isEmpty)
        }
        try RunViewer(client: client, reader: reader, sweeps: sweeps, signals: signals).follow()
    }
}
