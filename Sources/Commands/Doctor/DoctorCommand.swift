import ArgumentParser
import ContentStore
import Foundation
import JobContract
import RemoteHosts
import ResultCatalogue
import ResultQueries

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look for what is not as it should be, and on request mend it.",
        discussion: """
            eigensweep doctor
            eigensweep doctor --repair

            Looks at the catalogue, its lock and socket, the files beside it, and what hosts hold, and changes nothing \
            there. While a coordinator runs, it looks only at what can be seen beside it: hosts and repairs need the \
            catalogue's lock.

            A copied catalogue has its original's id, so hosts take both for one and serve one of them: --separate makes \
            the copy a catalogue of its own. What the original has running stays with it and waits here again.

            Exit codes: 0 nothing is wrong or everything was mended, 5 something is left.
            """)

    @Flag(name: .long, help: "Mend what can be mended.")
    var repair = false
    @Flag(name: .long, help: "Make this copy of a catalogue one of its own; looks at nothing.")
    var separate = false
    @Flag(name: .long, help: "Read every stored file, here and on hosts, however long it takes; else 4 GiB of a store.")
    var thorough = false
    @OptionGroup var catalogue: CatalogueOptions
    @OptionGroup var hosts: HostOptions
    @OptionGroup var output: FormatOptions

    func validate() throws {
        if separate, repair { throw ValidationError("expected --separate or --repair, one after the other; got both") }
    }

    func run() throws {
        try catalogue.requireCatalogue()
        if separate { return try makeSeparate() }
        let selection = try HostsSelection(hosts)
        let findings = try repair ? examineForRepair(selection) : look(selection)
        var table = ResultTable(name: "findings", columns: ["about", "problem", "remedy", "state"])
        var left = 0
        for finding in findings {
            var state = "found"
            if repair, let mend = finding.repair {
                do {
                    try mend()
                    state = "mended"
                } catch { state = "could not be mended: \(explanation(of: error))" }
            }
            if state != "mended", !finding.isHarmless { left += 1 }
            table.rows.append([.text(finding.about), .text(finding.problem), .text(finding.remedy), .text(state)])
        }
        output.print(table)
        Terminal.note(
            findings.isEmpty
                ? "nothing is wrong"
                : Readable.counted(findings.count, "finding") + (repair || left > 0 ? ", \(left) left" : ", of no harm")
        )
        guard left == 0 else { throw ExitStatusError(status: .catalogue) }
    }

    private func makeSeparate() throws {
        let given = try Catalogue(path: catalogue.path).separate()
        let attempts = given == 1 ? "one attempt" : "\(given) attempts"
        Terminal.note(
            "\(catalogue.path) is a catalogue of its own now"
                + (given == 0 ? "" : "; \(attempts) stayed with the original, and what they were to do waits here"))
    }

    /// Looks without changing anything, here or on hosts.
    private func look(_ selection: HostsSelection) throws -> [Finding] {
        let reader = try CatalogueReader(path: catalogue.path)
        let isLocked = CatalogueFile.isLocked(reader.path)
        let beside = try CatalogueCheckup(reader: reader, writer: nil).findings(
            listed: isLocked ? nil : selection.specs.map(\.name))
        let stored = try storeFindings(reader)
        guard isLocked else {
            return try beside + staleSockets(of: reader) + stored
                + HostsLook(reader: reader, options: hosts).findings(selection.specs.gates)
                + HostStoresCheckup(visits: HostVisits(hosts), specs: selection.specs.gates, isThorough: thorough)
                .findings()
        }
        let holder = CatalogueFile.lockHolder(reader.path)?.pid.map { "process \($0)" } ?? "a process"
        Terminal.note("\(holder) is writing \(catalogue.path): only what can be seen beside it is looked at")
        guard ControlClient(catalogue: catalogue.path) == nil else { return beside + stored }
        let silent = Finding(
            about: catalogue.path, problem: "its writer answers at no socket",
            remedy: "end that process: it can be resumed")
        return [silent] + beside + stored
    }

    private func examineForRepair(_ selection: HostsSelection) throws -> [Finding] {
        let workplace = try Workplace(catalogue)
        let reader = workplace.catalogue.reader
        try reader.requireOriginal()
        let recovery = FileRecovery(
            store: workplace.store, hosts: selection.specs, options: hosts.connection,
            agent: AgentProgram(path: try Programs.bundled("eigensweep-agent"))
        ) { Terminal.note($0) }
        return try CatalogueCheckup(reader: reader, writer: workplace.catalogue)
            .findings(listed: selection.specs.map(\.name)) + staleSockets(of: reader)
            + storeFindings(reader, mending: StoreMending(workplace, recovery))
            + HostsCheckup(
                workplace: workplace, options: hosts, specs: selection.specs.filter { $0.seat == nil }
            ).findings()
            + HostStoresCheckup(visits: HostVisits(hosts), specs: selection.specs.gates, isThorough: thorough)
            .findings()
    }

    private func storeFindings(_ reader: CatalogueReader, mending: StoreMending? = nil) throws -> [Finding] {
        guard FileManager.default.fileExists(atPath: catalogue.store) || mending != nil else { return [] }
        return try Waiting.during("reading \(catalogue.store)") {
            try StoreCheckup(
                reader: reader, store: ContentStore(directory: catalogue.store),
                cache: catalogue.store + "/datasets.json",
                programs: try Programs.workers(), isThorough: thorough, mending: mending
            ).findings()
        }
    }

    /// Sockets of coordinators that died: no process has the lock, so none listens there.
    private func staleSockets(of catalogue: CatalogueReader) -> [Finding] {
        RuntimeDirectory.sockets(catalogue: catalogue.id, at: catalogue.path).filter {
            var status = stat()
            return lstat($0, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
        }.map { socket in
            Finding(
                about: socket, problem: "the socket of a coordinator that died", remedy: "removed by --repair",
                isHarmless: true,
                repair: {
                    guard unlink(socket) == 0 || errno == ENOENT else {
                        throw CommandFailure(.catalogue, "\(socket): \(String(cString: strerror(errno)))")
                    }
                })
        }
    }
}
