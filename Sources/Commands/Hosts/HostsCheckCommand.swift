import ArgumentParser
import RemoteHosts
import ResultQueries
import SweepModel

struct HostsCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Connect to each host and name what will not do there.",
        discussion: """
            Tries out what jobs need: it writes, locks and runs programs in the host's directory, has the worker compute \
            there what it computes here, and looks whether processes outlive the login. One line says one finding; a \
            host with a problem cannot be used. Of a queue host it asks on the login node, submitting nothing, whether the \
            queue would take such an allocation, and whether its nodes may see the directory.

            Exit codes: 0 every host can be used, 1 some cannot, 4 none can.
            """)

    @Argument(help: "Names of hosts; without any, all of the hosts file.", completion: .hostNames)
    var names: [String] = []
    @OptionGroup var hosts: HostOptions
    @OptionGroup var format: FormatOptions

    func run() throws {
        let named = try HostsSelection(hosts).named(names)
        let specs = named.gates
        let seats = Dictionary(
            named.compactMap { spec in spec.seat.map { ($0.queue, $0) } }, uniquingKeysWith: { first, _ in first })
        let worker = try WorkerProgram.ours().check()
        let visits = try HostVisits(hosts)
        var examinations = visits.together(specs) { visits.examine($0, queue: seats[$0.name], worker: worker) }
        HostExamination.refuseTwins(&examinations)
        format.print(Self.table(examinations))
        let unusable = examinations.count { !$0.isUsable }
        guard unusable > 0 else { return }
        throw ExitStatusError(status: unusable == examinations.count ? .noUsableHost : .someFailed)
    }

    static func table(_ examinations: [HostExamination]) -> ResultTable {
        let findings = examinations.flatMap { $0.findings.sorted { $0.level > $1.level } }
        return ResultTable(
            name: "hosts", columns: ["host", "level", "subject", "finding", "advice"],
            rows: findings.map { finding in
                [
                    .text(finding.host), .text(finding.level.rawValue), .text(finding.subject), .text(finding.words),
                    .text(finding.advice),
                ]
            })
    }
}
