import ArgumentParser
import Foundation
import JobContract
import RemoteHosts
import ResultCatalogue
import SweepModel

/// The workers of users' own that this account has said yes to: those of sweep files that it launched, and those that
/// `--trust-worker` named.
///
/// Kept in the account's own files and in no catalogue: whoever makes one can write into it what he likes. To be read by
/// people: a line each, with when, where and of which sweep. The worker that comes with the program needs no yes.
struct TrustedWorkers: Sendable {
    let path: String

    /// The workers that this account trusts.
    static let ours = TrustedWorkers(path: stateDirectory + "/eigensweep/trusted-workers")

    /// Workers that this process was told to trust, written down or not.
    private static let heard = Locked<Set<WorkerCommand>>([])

    private static var stateDirectory: String {
        let named = ProcessInfo.processInfo.environment["XDG_STATE_HOME"] ?? ""
        return named.hasPrefix("/") ? named : NSHomeDirectory() + "/.local/state"
    }

    /// Whether the worker may be run.
    func contains(_ worker: WorkerCommand) -> Bool {
        let worker = worker.withoutMeasures
        if worker == WorkerCommand() || Self.heard.with({ $0.contains(worker) }) { return true }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return false }
        return text.split(separator: "\n").contains { Self.worker(JSONText.object(String($0)) ?? [:]) == worker }
    }

    private static func worker(_ line: [String: JSONValue]) -> WorkerCommand? {
        func texts(_ key: String) -> [String]? {
            guard let values = line[key]?.arrayValue else { return nil }
            let texts = values.compactMap(\.stringValue)
            return texts.count == values.count ? texts : nil
        }
        guard let command = texts("command"), let upload = texts("upload") else { return nil }
        return WorkerCommand(command: command, upload: upload)
    }

    /// The worker may be run from now on, by this process in any case. Returns what people should hear where it could not be
    /// written down.
    @discardableResult
    func add(_ worker: WorkerCommand, of sweep: String, in catalogue: String) -> String? {
        guard !contains(worker) else { return nil }
        Self.heard.with { _ = $0.insert(worker.withoutMeasures) }
        do {
            let line = try JSONText.write([
                "command": .array(worker.command.map(JSONValue.string)),
                "upload": .array(worker.upload.map(JSONValue.string)),
                "sweep": .string(sweep), "catalogue": .string(catalogue), "since": .string(Date().formatted(.iso8601)),
            ])
            try FileManager.default.createDirectory(
                atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            let file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard file >= 0 else { throw CocoaError(.fileWriteUnknown) }
            defer { close(file) }
            // A line that a loss of power or a full disk has cut would spoil this one.
            var last = UInt8(ascii: "\n")
            let end = lseek(file, 0, SEEK_END)
            if end > 0 { pread(file, &last, 1, end - 1) }
            let bytes = Array(((last == UInt8(ascii: "\n") ? "" : "\n") + line + "\n").utf8)
            guard write(file, bytes, bytes.count) == bytes.count else { throw CocoaError(.fileWriteUnknown) }
            return nil
        } catch {
            return "\(path) cannot be written, where workers of your own are remembered: a later `resume` will ask for "
                + "--trust-worker \(ShellWord.quoted(sweep))"
        }
    }

    /// Throws `CommandFailure`, with the command for people to see, unless the sweep's worker may be run.
    func require(_ worker: WorkerCommand, of sweep: String, in catalogue: String) throws {
        guard !contains(worker) else { return }
        func words(_ texts: [String]) -> String {
            ShownText.json((try? JSONText.write(texts)) ?? texts.joined(separator: " "))
        }
        let upload = worker.upload.isEmpty ? "" : "\n  upload:  \(words(worker.upload))"
        let name = ShellWord.quoted(sweep)
        throw CommandFailure(
            .invalidInput,
            """
            sweep \(sweep): its worker is a program of somebody's own, and this account has launched no sweep file with it:
              command: \(words(worker.command))\(upload)
            It would be run here, to describe itself, and on your hosts. If you know it and want that:
              eigensweep resume \(name) --trust-worker \(name)\(CatalogueOptions.option(for: catalogue))
            """)
    }
}

extension WorkerCommand {
    /// Who takes the measures of a worker is no question of trust: it can only be the program's own.
    fileprivate var withoutMeasures: WorkerCommand { WorkerCommand(command: command, upload: upload) }
}

/// The flag by which people say yes to what a catalogue would have run.
struct TrustOptions: ParsableArguments {
    @Option(
        name: .customLong("trust-worker"),
        help: ArgumentHelp(
            "Allow the worker that this sweep of the catalogue names, which is not eigensweep's own; may be repeated.",
            valueName: "sweep"), completion: .storedSweeps)
    var sweeps: [String] = []

    /// Writes down what is said yes to.
    func record(in catalogue: CatalogueOptions) throws {
        guard !sweeps.isEmpty else { return }
        let reader = try CatalogueReader(path: catalogue.path)
        for name in sweeps {
            guard let worker = try reader.worker(of: name) else {
                throw CommandFailure(.usage, "--trust-worker: the catalogue has no sweep \"\(name)\"")
            }
            if let words = TrustedWorkers.ours.add(worker, of: name, in: reader.path) {
                Terminal.note("note: \(words)")
            }
        }
    }
}
