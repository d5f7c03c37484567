import ArgumentParser
import ContentStore
import Foundation
import ResultCatalogue
import ResultQueries

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look for what is not as it should be, and on request mend it.",
        discussion: """
            Looks at the catalogue, its lock and socket, the files beside it, and what hosts hold. While a coordinator \
            runs, only what can be seen beside it; hosts and repairs need the catalogue's lock.

            Exit codes: 0 nothing is wrong or everything was mended, 5 something is left.
            """)

    @Flag(name: .long, help: "Mend what can be mended.")
    var repair = false
    @Flag(name: .long, help: "Read every stored file and check its content; takes long.")
    var thorough = false
    @OptionGroup var catalogue: CatalogueOptions
    @OptionGroup var hosts: HostOptions
    @OptionGroup var output: FormatOptions

    func run() throws {
        try catalogue.requireCatalogue()
        let selection = try HostsSelection(hosts)
        let findings = try examine(selection)
        var table = ResultTable(name: "findings", columns: ["about", "problem", "remedy", "state"])
        var left = 0
        for finding in findings {
            var state = "found"
            if repair, let mend = finding.repair {
                do {
                    try mend()
                    state = "mended"
                } catch { state = "could not be mended: \(error)" }
            }
            if state != "mended", !finding.isHarmless { left += 1 }
            table.rows.append([.text(finding.about), .text(finding.problem), .text(finding.remedy), .text(state)])
        }
        output.print(table)
        Terminal.note(findings.isEmpty ? "nothing is wrong" : "\(findings.count) findings, \(left) left")
        guard left == 0 else { throw ExitStatusError(status: .catalogue) }
    }

    private func examine(_ selection: HostsSelection) throws -> [Finding] {
        do {
            let workplace = try Workplace(catalogue)
            let checkup = CatalogueCheckup(reader: workplace.catalogue.reader, writer: workplace.catalogue)
            let store = StoreCheckup(
                reader: workplace.catalogue.reader, store: workplace.store, cache: catalogue.store + "/datasets.json",
                isThorough: thorough, mayRepair: true)
            return try checkup.findings(listed: selection.specs.map(\.name)) + staleSockets(of: workplace.catalogue)
                + store.findings()
                + HostsCheckup(workplace: workplace, options: hosts, specs: selection.specs).findings()
        } catch let error as CatalogueError {
            guard case .locked = error.kind else { throw error }
            Terminal.note("\(error.description)\nOnly what can be seen beside it is looked at.")
            let reader = try CatalogueReader(path: catalogue.path)
            let store = StoreCheckup(
                reader: reader, store: try ContentStore(directory: catalogue.store),
                cache: catalogue.store + "/datasets.json", isThorough: thorough, mayRepair: false)
            let silent =
                ControlClient(catalogue: catalogue.path) == nil
                ? [
                    Finding(
                        about: catalogue.path, problem: "its writer answers at no socket",
                        remedy: "end that process: it can be resumed")
                ] : []
            return try silent + CatalogueCheckup(reader: reader, writer: nil).findings(listed: nil) + store.findings()
        }
    }

    /// Sockets of coordinators that died: nobody listens there, for the lock is this process's.
    private func staleSockets(of catalogue: Catalogue) -> [Finding] {
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
