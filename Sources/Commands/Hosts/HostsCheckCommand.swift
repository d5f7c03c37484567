import ArgumentParser
import Foundation
import JobContract
import RemoteHosts
import ResultQueries
import SweepFiles
import SweepModel

struct HostsCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Connect to each host and name what will not do there.",
        discussion: """
            eigensweep hosts check
            eigensweep hosts check node01 sweeps/demo.yaml --hosts hosts.yaml

            Tries out what jobs need: it writes, locks and runs programs in the host's directory, has the worker compute \
            there what it computes here, and looks whether processes outlive the login. One line says one finding; a \
            host with a problem cannot be used. With a sweep's file, which ends in .yaml, it is the sweep's worker that is \
            tried: which interpreter a host has for it, and which import fails. Of a queue host it asks on the login node, submitting nothing, whether the \
            queue would take such an allocation, and whether its nodes may see the directory.

            Exit codes: 0 every host can be used, 1 some cannot, 4 none can.
            """)

    @Argument(
        help: "Names of hosts; without any, all of the hosts file. A sweep's file among them: for its worker.",
        completion: .hostNames)
    var names: [String] = []
    @OptionGroup var hosts: HostOptions
    @OptionGroup var format: FormatOptions

    func run() throws {
        let files = names.filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }
        guard files.count <= 1 else {
            throw CommandFailure(.usage, "expected one sweep's file, got \(files.joined(separator: " and "))")
        }
        let named = try HostsSelection(hosts).named(names.filter { !files.contains($0) })
        let specs = named.gates
        let seats = Dictionary(
            named.compactMap { spec in spec.seat.map { ($0.queue, $0) } }, uniquingKeysWith: { first, _ in first })
        let program = try files.first.map { try WorkerProgram(SweepHead(contentsOf: $0).worker) } ?? .ours()
        let visits = try HostVisits(hosts)
        let worker = try program.check()
        var examinations = try program.tried { trial in
            visits.together(specs) { visits.examine($0, queue: seats[$0.name], worker: worker, trial: trial) }
        }
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

extension WorkerProgram {
    /// Calls `body` with what hosts are to try of a worker of the user's own; nil for ours, which is checked otherwise.
    fileprivate func tried<Result>(_ body: (WorkerTrial?) throws -> Result) throws -> Result {
        guard !isOurs else { return try body(nil) }
        return try withTemporaryDirectory { directory in
            var files: [String: (digest: Digest, path: String)] = [:]
            for upload in uploads {
                try upload.copy(to: directory)
                let path = directory.appendingPathComponent(upload.name).path
                files[upload.name] = (try Digest(ofFile: path), path)
            }
            return try body(WorkerTrial(command: command, uploads: files, description: description))
        }
    }
}
