import ArgumentParser
import Foundation
import JobContract
import Reports
import ResultCatalogue

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Write a page about a sweep: one HTML file that needs no other and no network.",
        discussion: """
            eigensweep report demo
            eigensweep report demo --out demo.html

            It holds the question, the grid, the findings of `analyze`, every figure with its data, pictures, hosts, \
            provenance and the commands that reproduce it. Paths, accounts, addresses and machine IDs in reasons are \
            shortened, unless --full says otherwise.
            """)

    @Argument(help: "The sweep's name or file.", completion: .sweeps)
    var sweep: String
    @Option(
        name: .customLong("out"), help: "The file to write (default: results/SWEEP/report.html).",
        completion: .file(extensions: ["html"]))
    var file: String?
    @Flag(help: "Keep whole paths, accounts, addresses and machine IDs.")
    var full = false
    @OptionGroup var catalogue: CatalogueOptions

    func run() throws {
        let reader = try CatalogueReader(path: catalogue.path)
        let name = try reader.sweepName(sweep)
        var page = try SweepPage(reader, sweep: name, store: catalogue.store)
        if !full { page.leavePrivateFactsOut() }
        let out = file ?? "results/\(PlainName.file(for: name, kind: "sweep"))/report.html"
        var renderer = PageRenderer(page, program: "eigensweep \(EigensweepCommand.configuration.version)")
        try write(try renderer.render(), to: out)
        Terminal.print(out)
        if let problem = page.problem {
            throw CommandFailure(.internalError, "\(out) is written without drawings: \(problem.message)")
        }
    }

    /// Writes the page whole or not at all: an earlier page stands until the new one takes its place.
    private func write(_ text: String, to path: String) throws {
        let url = URL(fileURLWithPath: path)
        do {
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url, options: .atomic)
        } catch {
            throw CommandFailure(
                .internalError,
                "the report could not be written to \(path), give another file with --out: \(error.localizedDescription)"
            )
        }
    }
}
