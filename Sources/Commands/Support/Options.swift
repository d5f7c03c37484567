import ArgumentParser
import Foundation
import RemoteHosts
import ResultCatalogue
import ResultQueries

struct CatalogueOptions: ParsableArguments {
    @Option(
        name: .long,
        help: "The catalogue file (default: $EIGENSWEEP_CATALOGUE, else results/catalogue.sqlite).",
        completion: .catalogues)
    var catalogue: String?

    static var defaultPath: String {
        ProcessInfo.processInfo.environment["EIGENSWEEP_CATALOGUE"] ?? "results/catalogue.sqlite"
    }

    var path: String { catalogue ?? Self.defaultPath }

    /// The content store, beside the file to which links to the catalogue lead.
    var store: String {
        URL(fileURLWithPath: CatalogueFile.resolve(path)).deletingLastPathComponent().appendingPathComponent("store")
            .path
    }
}

extension CatalogueOptions {
    /// The file that remembers the prepared datasets of the store.
    var datasets: String { store + "/datasets.json" }
}

struct HostOptions: ParsableArguments {
    @Option(
        name: .long, help: "The hosts file (default: hosts.yaml if there is one, else this machine alone).",
        completion: .file())
    var hosts: String?

    @Flag(name: .long, help: "Trust and remember the keys of SSH hosts seen for the first time.")
    var acceptNewHostKeys = false

    @Option(name: .long, help: "The SSH configuration file (default: ~/.ssh/config).", completion: .file())
    var sshConfig: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Time limits in seconds in place of the usual ones, for tests and bad networks: \(TimeLimits.names).",
            valueName: "name=seconds,...", visibility: .hidden),
        transform: TimeLimits.init(parsing:))
    var limits: TimeLimits?

    var connection: ConnectionOptions {
        var connection = ConnectionOptions(acceptNewHostKeys: acceptNewHostKeys, sshConfig: sshConfig)
        limits?.apply(to: &connection)
        return connection
    }
}

struct SetOptions: ParsableArguments {
    @Option(
        name: [.customLong("set")],
        help: ArgumentHelp(
            "Override a key of the sweep file, or choose a profile: --set model.scale=[4,8] --set profile=quick.",
            valueName: "key=value"), completion: .settings)
    var overrides: [String] = []
}

struct FormatOptions: ParsableArguments {
    @Option(help: "table, csv, json or ndjson.")
    var format: OutputFormat = .table

    func print(_ table: ResultTable) { Terminal.print(table.render(format, width: Terminal.outputWidth)) }

    func print(_ tables: [ResultTable]) {
        Terminal.print(ResultTable.render(tables, format, width: Terminal.outputWidth))
    }
}

extension OutputFormat: ExpressibleByArgument {}
