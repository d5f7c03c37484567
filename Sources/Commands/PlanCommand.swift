import ArgumentParser
import ContentStore
import DatasetPreparation
import Foundation
import ResultCatalogue
import SweepFiles
import SweepModel

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what a sweep would do: trials, shared trainings, images to train. Creates and changes nothing."
    )

    @Argument(help: "The sweep file.", completion: .file(extensions: ["yaml", "yml"]))
    var sweep: String
    @OptionGroup var settings: SetOptions
    @OptionGroup var catalogue: CatalogueOptions
    @OptionGroup var hosts: HostOptions

    func run() throws {
        let file = try SweepFile(contentsOf: sweep, overrides: settings.overrides)
        let worker = try WorkerProgram(file.worker)
        let expansion = try withTemporaryDirectory { directory in
            // Images that were never prepared must be decoded to know their digest; what that makes goes away again.
            let depot = try ContentStore(directory: directory.path)
            let preparer = DatasetPreparer(depot: depot, knows: catalogue.datasets, progress: PreparationLine.show)
            return try file.expand(worker: worker.description, identify: preparer.identify)
        }
        let hosts = try HostsSelection(hosts).specs
        let reader =
            FileManager.default.fileExists(atPath: catalogue.path) ? try CatalogueReader(path: catalogue.path) : nil
        let holdings = try reader?.holdings(of: expansion.sweep.trainings.keys) ?? Holdings()
        let graph = JobGraph(sweeps: [expansion.sweep], holdings: holdings)
        let report = PlanReport(
            expansion: expansion, plan: PlanSummary(of: expansion.sweep, given: holdings, by: graph), graph: graph,
            holdings: holdings, hosts: hosts, reader: reader, hasOurWorker: try worker.check() != nil)
        try report.lines().forEach(Terminal.print)
    }
}
