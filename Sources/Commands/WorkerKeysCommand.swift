import ArgumentParser
import Foundation
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
            eigensweep worker keys --worker 'python3 dit.py'

            Of a sweep file's worker, or of one that --worker names, its own keys first, then those of Eigensweep's that it \
            honours; without either, those of eigensweep-worker. The worker is run to describe itself, as `plan` does.
            """)

    @Argument(
        help: "The sweep file; without one, eigensweep's own worker.", completion: .file(extensions: ["yaml", "yml"]))
    var sweep: String?
    @Option(
        help: ArgumentHelp(
            "The worker, as a program with its arguments; files of this machine that it names are brought along.",
            valueName: "command"))
    var worker: String?
    @OptionGroup var settings: SetOptions
    @OptionGroup var format: FormatOptions

    func run() throws {
        if let sweep {
            try SweepFileArgument.require(sweep, in: CatalogueOptions.defaultPath) { name, option in
                "`eigensweep trials \(name)\(option)` lists its trials, and `eigensweep trial ID` the settings of one"
            }
        }
        guard sweep == nil || worker == nil else {
            throw CommandFailure(.usage, "a sweep file and --worker are given: expected one of them")
        }
        let command =
            try sweep.map { try SweepHead(contentsOf: $0, overrides: settings.overrides).worker }
            ?? worker.map(Self.command)
        let worker = try command.map(WorkerProgram.init)
        format.print(Self.table(worker?.keys ?? .ours, architectures: worker?.description.architectures ?? []))
    }

    /// A worker as it is called in a shell: its files come to where it is run, as `worker.upload` brings them.
    static func command(_ text: String) throws -> WorkerCommand {
        guard let words = ShellWord.split(text) else {
            throw CommandFailure(.usage, "--worker: a quotation mark lacks its other one: \(text)")
        }
        var worker = WorkerCommand(command: words)
        for (index, word) in words.enumerated() {
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: word, isDirectory: &isDirectory), !isDirectory.boolValue,
                index > 0 || word.contains("/")
            else { continue }
            let file = URL(fileURLWithPath: word)
            worker.upload.append(file.path)
            worker.command[index] = (index == 0 ? "./" : "") + file.lastPathComponent
        }
        return worker
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
