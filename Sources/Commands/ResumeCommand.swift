import ArgumentParser
import Foundation
import ResultCatalogue
import SweepModel

struct ResumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Go on with an interrupted sweep: collect what hosts finished, re-attach to what runs, do the rest.")

    @Argument(help: "The sweep's name or file; without it, every unfinished sweep.")
    var sweep: String?
    @OptionGroup var catalogue: CatalogueOptions
    @OptionGroup var hosts: HostOptions

    func run() throws {
        let signals = SignalWatch()
        guard FileManager.default.fileExists(atPath: catalogue.path) else {
            throw CommandFailure(
                .catalogue, "\(catalogue.path): there is no catalogue here; `eigensweep launch` makes one")
        }
        let specs = try HostsSelection(hosts).specs
        let workplace = try Workplace(catalogue)
        let reader = workplace.catalogue.reader
        let names = try sweep.map { [try reader.sweepName($0)] } ?? reader.sweeps().filter(\.isUnfinished).map(\.name)
        if names.isEmpty {
            Terminal.note("every sweep of \(catalogue.path) is finished")
            return
        }
        let run = SweepRun(workplace: workplace, options: hosts, signals: signals)
        var sweeps: [(ExpandedSweep, WorkerProgram)] = []
        var refusals: [CommandFailure] = []
        for name in names {
            do throws(CommandFailure) { sweeps.append(try Self.load(name, from: reader)) } catch {
                Terminal.note("error: \(error.description)")
                refusals.append(error)
            }
        }
        if !sweeps.isEmpty { try run.complete(sweeps, on: specs) }
        if let refusal = refusals.first { throw ExitStatusError(status: refusal.status) }
    }

    /// A stored sweep and its worker, which must be the one that its trials are named with: another version would
    /// give them other bits.
    private static func load(
        _ name: String, from reader: CatalogueReader
    ) throws(CommandFailure) -> (ExpandedSweep, WorkerProgram) {
        do {
            guard let sweep = try reader.sweep(named: name) else {
                throw CommandFailure(.usage, "the catalogue has no sweep \"\(name)\"")
            }
            let worker = try WorkerProgram(sweep.worker)
            let spec = sweep.trainings.values.first?.spec ?? [:]
            let known = spec["worker.name"]?.stringValue ?? ""
            let numerics = spec["worker.numerics"]?.integerValue ?? 0
            guard known == worker.description.name, numerics == worker.description.numerics else {
                throw CommandFailure(
                    .invalidInput,
                    "sweep \(name) was launched with \(known), numerics \(numerics); the worker here is "
                        + "\(worker.description.name), numerics \(worker.description.numerics). Launch its file again: "
                        + "what the new worker makes are other trials")
            }
            return (sweep, worker)
        } catch {
            throw CommandFailure(describing: error) ?? CommandFailure(.internalError, "sweep \(name): \(error)")
        }
    }
}
