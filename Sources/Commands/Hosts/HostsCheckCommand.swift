import ArgumentParser
import Foundation
import JobContract
import RemoteHosts
import ResultCatalogue
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
            host with a problem cannot be used. With a sweep, by its file, which ends in .yaml, or by its name in the catalogue, \
            it is the sweep's worker that is tried: which interpreter a host has for it, and which import fails. Of a \
            queue host it asks on the login node, submitting nothing, whether the queue would take such an allocation, and \
            whether its nodes may see the directory.

            Exit codes: 0 every host can be used, 1 some cannot, 4 none can.
            """)

    @Argument(
        help: "Names of hosts; without any, all of the hosts file. A sweep's file or name among them: for its worker.",
        completion: .hostsAndSweeps)
    var names: [String] = []
    @OptionGroup var catalogue: CatalogueOptions
    @OptionGroup var hosts: HostOptions
    @OptionGroup var format: FormatOptions

    func run() throws {
        let selection = try HostsSelection(hosts)
        let sweeps = try names.filter { try isFile($0) || isStored($0, beside: selection) }
        guard sweeps.count <= 1 else {
            throw CommandFailure(.usage, "expected one sweep, got \(sweeps.joined(separator: " and "))")
        }
        let named = try selection.named(names.filter { !sweeps.contains($0) })
        let specs = named.gates
        let seats = Dictionary(
            named.compactMap { spec in spec.seat.map { ($0.queue, $0) } }, uniquingKeysWith: { first, _ in first })
        let program = try sweeps.first.map { try WorkerProgram(command(of: $0)) } ?? .ours()
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

    private func isFile(_ name: String) -> Bool { name.hasSuffix(".yaml") || name.hasSuffix(".yml") }

    /// Whether no host has the name, and a sweep of the catalogue does.
    private func isStored(_ name: String, beside selection: HostsSelection) throws -> Bool {
        guard !selection.specs.contains(where: { $0.name == name || $0.seat?.queue == name }),
            FileManager.default.fileExists(atPath: catalogue.path)
        else { return false }
        return try CatalogueReader(path: catalogue.path).sweepNames().contains(name)
    }

    private func command(of sweep: String) throws -> WorkerCommand {
        if isFile(sweep) { return try SweepHead(contentsOf: sweep).worker }
        guard let worker = try CatalogueReader(path: catalogue.path).sweep(named: sweep)?.worker else {
            throw CommandFailure(.usage, "the catalogue has no sweep \"\(sweep)\"")
        }
        guard TrustedWorkers.ours.contains(worker) else {
            throw CommandFailure(
                .usage,
                "this account has launched no sweep with the worker of \(sweep), \(worker.command.joined(separator: " ")); "
                    + "name the sweep's file if it may be run")
        }
        return worker
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
