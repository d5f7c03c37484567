import ArgumentParser
import Foundation
import ResultCatalogue
import SweepModel

struct ResumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Go on with an interrupted sweep: collect what hosts finished, re-attach to what runs, do the rest.")

    @Argument(help: "The sweep's name; without it, every unfinished sweep.")
    var sweep: String?
    @OptionGroup var catalogue: CatalogueOptions
    @OptionGroup var hosts: HostOptions

    func run() throws {
        guard FileManager.default.fileExists(atPath: catalogue.path) else {
            throw CommandFailure(
                .catalogue, "\(catalogue.path): there is no catalogue here; `eigensweep launch` makes one")
        }
        let specs = try HostsSelection(hosts).specs
        let workplace = try Workplace(catalogue)
        let sweeps = try wanted(in: workplace.catalogue.reader).map { sweep in
            let worker = try WorkerProgram(sweep.worker)
            try Self.check(sweep, against: worker)
            return (sweep, worker)
        }
        if sweeps.isEmpty {
            Terminal.note("every sweep of \(catalogue.path) is finished")
            return
        }
        let run = SweepRun(workplace: workplace, hosts: specs, connection: hosts.connection)
        try run.complete(sweeps)
    }

    private func wanted(in reader: CatalogueReader) throws -> [ExpandedSweep] {
        let known = try reader.sweeps()
        guard let sweep else {
            return try known.filter(\.isUnfinished).compactMap { try reader.sweep(named: $0.name) }
        }
        let name =
            sweep.hasSuffix(".yaml") || sweep.hasSuffix(".yml")
            ? URL(fileURLWithPath: sweep).deletingPathExtension().lastPathComponent : sweep
        guard let found = try reader.sweep(named: name) else {
            let names = known.map(\.name).joined(separator: ", ")
            throw CommandFailure(
                .usage, "the catalogue has no sweep \"\(name)\"; it has \(names.isEmpty ? "none" : names)")
        }
        return [found]
    }

    /// Trials are named with the worker's numerics: another version would give them other bits.
    private static func check(_ sweep: ExpandedSweep, against worker: WorkerProgram) throws {
        guard let spec = sweep.trainings.values.first?.spec else { return }
        let name = spec["worker.name"]?.stringValue ?? ""
        let numerics = spec["worker.numerics"]?.integerValue ?? 0
        guard name == worker.description.name, numerics == worker.description.numerics else {
            throw CommandFailure(
                .invalidInput,
                "sweep \(sweep.name) was launched with \(name), numerics \(numerics); the worker here is "
                    + "\(worker.description.name), numerics \(worker.description.numerics). Launch its file again: "
                    + "what the new worker makes are other trials")
        }
    }
}
