import ArgumentParser
import JobContract
import ResultQueries
import SweepFiles
import SweepModel

struct WorkerCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Say what a worker can do.", subcommands: [WorkerKeysCommand.self])
}

struct WorkerKeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "List the keys that a worker reads, with ranges, defaults and meanings.",
        discussion: """
            eigensweep worker keys
            eigensweep worker keys sweeps/demo.yaml

            Of a sweep file's worker, its own keys first, then those of Eigensweep's that it honours; without a sweep file, \
            those of eigensweep-worker. The worker is run to describe itself, as `plan` does.
            """)

    @Argument(
        help: "The sweep file; without one, eigensweep's own worker.", completion: .file(extensions: ["yaml", "yml"]))
    var sweep: String?
    @OptionGroup var settings: SetOptions
    @OptionGroup var format: FormatOptions

    func run() throws {
        let worker = try sweep.map {
            try WorkerProgram(SweepHead(contentsOf: $0, overrides: settings.overrides).worker)
        }
        format.print(Self.table(worker?.keys ?? .ours, architectures: worker?.description.architectures ?? []))
    }

    /// - Parameter architectures: the worker's; keys that none of them reads are left out, unless there are none.
    static func table(_ keys: KeyTable, architectures: [String]) -> ResultTable {
        let ignored = Set(keys.ignored.map(\.name))
        let read = keys.all.filter { key in
            !ignored.contains(key.name)
                && (architectures.isEmpty
                    || architectures.contains { key.reader.admits("model.architecture", $0) })
        }
        let own = Set(keys.own.map(\.name))
        let ordered = read.filter { own.contains($0.name) } + read.filter { !own.contains($0.name) }
        return ResultTable(
            name: "keys", columns: ["key", "value", "default", "read by", "meaning"],
            rows: ordered.map { key in
                [
                    .text(key.name), .text(key.expected), .text(key.defaultInWords.replacing("`", with: "")),
                    .text(key.reader.description), .text(key.meaning),
                ]
            })
    }
}
