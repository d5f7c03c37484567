import ArgumentParser
import Reports
import ResultCatalogue

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show trials by state, hosts, and why trials failed.")

    @Argument(help: "The sweep's name or file; without it, every sweep.", completion: .sweeps)
    var sweep: String?
    @OptionGroup var catalogue: CatalogueOptions
    @OptionGroup var output: FormatOptions

    func run() throws {
        let reader = try CatalogueReader(path: catalogue.path)
        output.print(try StatusReport(reader).tables(sweep: try sweep.map(reader.sweepName)))
    }
}
