import ArgumentParser
import Foundation
import JobContract
import RemoteHosts
import ResultCatalogue
import ResultQueries
import SweepModel

struct HostsCleanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clean",
        abstract: "Remove from hosts what no attempt needs: datasets, workers and checkpoints of finished work.",
        discussion: """
            eigensweep hosts clean
            eigensweep hosts clean node01

            What attempts of any catalogue hold, running, waiting or not yet collected, always stays. So does what is \
            younger than 14 days, because the next sweep may want it, unless --all is given, and what this catalogue \
            keeps on the host alone. With --all, where none of that is left, idle agents end and the directory goes with \
            them; what was not brought there by Eigensweep stays.

            Of a queue host the allocations of this catalogue are ended too, unless a run goes on: what waits never begins, \
            what runs saves its work, which the next run collects.
            """)

    @Argument(help: "Names of hosts; without any, all of the hosts file.", completion: .hostNames)
    var names: [String] = []
    @Flag(
        help: "Also remove what is recent, the agent, and its directory; they are brought again when they are needed.")
    var all = false
    @Flag(help: "Do not ask.")
    var yes = false
    @Flag(help: "Only say what would be removed.")
    var dryRun = false
    @OptionGroup var catalogue: CatalogueOptions
    @OptionGroup var hosts: HostOptions
    @OptionGroup var format: FormatOptions

    private static let recentSeconds = 14 * 86_400

    func run() throws {
        let named = try HostsSelection(hosts).named(names)
        let specs = named.gates
        let queues = try queues(of: named)
        let visits = try HostVisits(hosts)
        if all, !yes, !dryRun { try confirm(specs, visits) }
        let outcomes = clean(specs, visits, queues, isRehearsal: dryRun)
        format.print(Self.table(outcomes.compactMap { name, result in (try? result.get()).map { (name, $0) } }))
        var failed = 0
        for case (_, .failure(let failure)) in outcomes {
            Terminal.note("error: \(failure.message)")
            failed += 1
        }
        if failed > 0 { throw ExitStatusError(status: failed == outcomes.count ? .noUsableHost : .someFailed) }
    }

    private typealias Queue = (catalogue: String, kind: QueueSettings.Kind)

    /// Queues whose allocations are to end, by the names of their login nodes.
    private func queues(of specs: [HostSpec]) throws -> [HostName: Queue] {
        let seats = specs.compactMap(\.seat)
        guard !seats.isEmpty, FileManager.default.fileExists(atPath: catalogue.path) else { return [:] }
        guard ControlClient(catalogue: catalogue.path)?.look() == nil else {
            Terminal.note("a run goes on: its allocations are left to it")
            return [:]
        }
        let id = try CatalogueReader(path: catalogue.path).id
        return Dictionary(seats.map { ($0.queue, (id, $0.settings.kind)) }, uniquingKeysWith: { first, _ in first })
    }

    /// Recovery points of the catalogue whose only copy is on a host.
    private static func keptStates(_ path: String) throws -> [Digest] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        return try CatalogueReader(path: path).statesOnHosts()
    }

    /// The kept states are read anew for each host: a run that goes on beside this keeps more and more of them.
    private func clean(
        _ specs: [HostSpec], _ visits: HostVisits, _ queues: [HostName: Queue] = [:], isRehearsal: Bool
    ) -> [(HostName, Result<CleaningReport, HostFailure>)] {
        let age = all ? 0 : Self.recentSeconds
        return visits.together(specs) { [path = catalogue.path] spec in
            do {
                let kept = try Self.keptStates(path)
                let report = try visits.clean(
                    spec, age: age, keep: kept, isRehearsal: isRehearsal, queue: queues[spec.name])
                return (spec.name, .success(report))
            } catch let failure as HostFailure {
                return (spec.name, .failure(failure))
            } catch {
                return (spec.name, .failure(HostFailure(.configuration, explanation(of: error))))
            }
        }
    }

    /// Asks a person before everything is removed; --yes answers for those who are not there.
    private func confirm(_ specs: [HostSpec], _ visits: HostVisits) throws {
        let bytes = clean(specs, visits, isRehearsal: true).reduce(0) { sum, outcome in
            sum + ((try? outcome.1.get()).map { $0.bytes + $0.leftoverBytes } ?? 0)
        }
        let question =
            "Remove \(Readable.bytes(bytes)) from \(specs.count) host\(specs.count == 1 ? "" : "s")? Type yes"
        guard let answer = TerminalInteraction().ask(question, isShown: true) else {
            throw CommandFailure(.usage, "--all removes \(Readable.bytes(bytes)): say --yes where nobody can be asked")
        }
        guard answer == "yes" else { throw CommandFailure(.usage, "nothing was removed") }
    }

    static func table(_ reports: [(HostName, CleaningReport)]) -> ResultTable {
        ResultTable(
            name: "cleaned",
            columns: [
                "host", "files", "bytes", "leftovers", "leftover_bytes", "needed_files", "needed_bytes", "recent_files",
                "recent_bytes", "attempts", "allocations",
            ],
            rows: reports.map { name, report in
                [.text(name)]
                    + [
                        report.files, report.bytes, report.leftovers, report.leftoverBytes, report.neededFiles,
                        report.neededBytes, report.youngFiles, report.youngBytes, report.attempts, report.allocations,
                    ].map { .integer(Int64($0)) }
            })
    }
}
