import ArgumentParser
import Reports
import ResultCatalogue
import ResultQueries

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show trials by state, how far they are, hosts, and why trials failed.",
        discussion: """
            eigensweep status demo
            eigensweep status --format json

            `done` is the share of all training and measuring that is recorded. Where no coordinator runs, what is said to \
            run goes on at its hosts at most, and `resume` hears of it.
            """)

    @Argument(help: "The sweep's name or file; without it, every sweep.", completion: .sweeps)
    var sweep: String?
    @OptionGroup var catalogue: CatalogueOptions
    @OptionGroup var output: FormatOptions

    func run() throws {
        let reader = try CatalogueReader(path: catalogue.path)
        let name = try sweep.map(reader.sweepName)
        let isRunning = ControlClient(catalogue: catalogue.path) != nil
        let tables = try StatusReport(reader).tables(sweep: name, isRunning: isRunning)
        if output.format == .table {
            Terminal.print(StatusText(tables).text(width: Terminal.outputWidth))
        } else {
            output.print(tables)
        }
        if !isRunning { try StatusText.sayWhatResumes(sweep: name, in: reader, isOpen: !tables[1].rows.isEmpty) }
    }
}
