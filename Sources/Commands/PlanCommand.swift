import ArgumentParser
import Foundation
import ResultCatalogue
import SweepFiles
import SweepModel

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what a sweep would do: trials, shared trainings, images to train. Creates and changes nothing.",
        discussion: """
            eigensweep plan sweeps/demo.yaml
            eigensweep plan sweeps/faces.yaml --set dataset.source=faces.zip --set profile=paper
            eigensweep plan sweeps/demo.yaml --format json

            A worker of the sweep's own is run to say what it can do, which is said before.
            """)

    @Argument(help: "The sweep file.", completion: .file(extensions: ["yaml", "yml"]))
    var sweep: String
    @OptionGroup var settings: SetOptions
    @OptionGroup var files: SameNumericsOptions
    @OptionGroup var catalogue: CatalogueOptions
    @OptionGroup var hosts: HostOptions
    @OptionGroup var output: FormatOptions

    func run() throws {
        try SweepFileArgument.require(sweep, in: catalogue.path) { name, option in
            "`eigensweep status \(name)\(option)` says how far it is, and `eigensweep resume \(name)\(option)` goes on with it"
        }
        let read = try ReadSweepFile(sweep, overrides: settings.overrides)
        let reader =
            FileManager.default.fileExists(atPath: catalogue.path) ? try CatalogueReader(path: catalogue.path) : nil
        if let reader, !files.sameNumerics {
            try read.worker.requireSameFiles(as: reader, sweep: read.file.name)
        }
        let expansion = try Waiting.during(read.file.expanding) { try read.expandAside(in: catalogue) }
        let hosts = try HostsSelection(hosts).specs
        let holdings = try reader?.holdings(of: expansion.sweep.trainings.keys) ?? Holdings()
        let graph = JobGraph(sweeps: [expansion.sweep], holdings: holdings)
        let report = PlanReport(
            expansion: expansion, plan: PlanSummary(of: expansion.sweep, given: holdings, by: graph), graph: graph,
            holdings: holdings, hosts: hosts, reader: reader, hasOurWorker: read.worker.isOurs,
            workers: read.worker.names, programBytes: try read.worker.bytes)
        if output.format == .table {
            try report.lines().forEach(Terminal.print)
        } else {
            output.print(try report.table())
        }
    }
}
