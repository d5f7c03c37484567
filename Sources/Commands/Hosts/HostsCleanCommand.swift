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
            What attempts of any catalogue hold, running, waiting or not yet collected, always stays. So does what is \
            younger than 14 days, because the next sweep may want it, unless --all is given, and what this catalogue \
            keeps on the host alone.
            """)

    @Argument(help: "Names of hosts; without any, all of the hosts file.", completion: .hostNames)
    var names: [String] = []
    @Flag(help: "Also remove what is recent; it is brought again when it is needed.")
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
        let specs = try HostsSelection(hosts).named(names)
        let visits = try HostVisits(hosts)
        let kept = try keptStates()
        if all, !yes, !dryRun { try confirm(specs, visits, kept) }
        let outcomes = clean(specs, visits, kept, isRehearsal: dryRun)
        format.print(Self.table(outcomes.compactMap { name, result in (try? result.get()).map { (name, $0) } }))
        var failed = 0
        for case (_, .failure(let failure)) in outcomes {
            Terminal.note("error: \(failure.message)")
            failed += 1
        }
        if failed > 0 { throw ExitStatusError(status: failed == outcomes.count ? .noUsableHost : .someFailed) }
    }

    /// Recovery points of this catalogue whose only copy is on a host.
    private func keptStates() throws -> [Digest] {
        guard FileManager.default.fileExists(atPath: catalogue.path) else { return [] }
        return try CatalogueReader(path: catalogue.path).statesOnHosts()
    }

    private func clean(
        _ specs: [HostSpec], _ visits: HostVisits, _ kept: [Digest], isRehearsal: Bool
    ) -> [(HostName, Result<CleaningReport, HostFailure>)] {
        let age = all ? 0 : Self.recentSeconds
        return visits.together(specs) { spec in
            do throws(HostFailure) {
                return (spec.name, .success(try visits.clean(spec, age: age, keep: kept, isRehearsal: isRehearsal)))
            } catch {
                return (spec.name, .failure(error))
            }
        }
    }

    /// Removing everything is agreed to by a person or by --yes.
    private func confirm(_ specs: [HostSpec], _ visits: HostVisits, _ kept: [Digest]) throws {
        let bytes = clean(specs, visits, kept, isRehearsal: true).reduce(0) { sum, outcome in
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
                "recent_bytes", "attempts",
            ],
            rows: reports.map { name, report in
                [.text(name)]
                    + [
                        report.files, report.bytes, report.leftovers, report.leftoverBytes, report.neededFiles,
                        report.neededBytes, report.youngFiles, report.youngBytes, report.attempts,
                    ].map { .integer(Int64($0)) }
            })
    }
}
