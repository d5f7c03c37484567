import CPosix
import ContentStore
import Foundation
import JobContract
import RemoteHosts
import SweepFiles
import SweepModel

/// The programs that come with this one, found beside it.
enum Programs {
    /// The path of `name` in the directory of the running executable.
    static func bundled(_ name: String) throws -> String {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent(name).path
        guard access(path, X_OK) == 0 else {
            throw CommandFailure(
                .internalError,
                "\(path) is missing. eigensweep, eigensweep-agent and eigensweep-worker belong in one directory: "
                    + "build all three with `swift build -c release`")
        }
        return path
    }
}

/// A sweep's worker on this machine: its description of itself, and what hosts need to run it.
struct WorkerProgram {
    let description: WorkerDescription
    /// The keys of its sweeps.
    let keys: KeyTable
    /// The argument vector on a host, in the attempt's directory, without the subcommand.
    let command: [String]
    /// Local files brought to that directory, by name.
    let uploads: [(name: String, path: String)]
    /// Those of them that the sweep's author uploads, by name.
    let files: [String: Digest]

    /// Finds the worker that `command` names and asks it to describe itself.
    init(_ worker: WorkerCommand) throws {
        var uploads = worker.upload.map { (name: URL(fileURLWithPath: $0).lastPathComponent, path: $0) }
        var command = worker.command
        guard let program = command.first else {
            throw CommandFailure(.invalidInput, "worker.command is empty: expected a program and its arguments")
        }
        if program == "eigensweep-worker" {
            uploads.append((name: program, path: try Programs.bundled(program)))
            command[0] = "./" + program
        }
        (description, keys) = try withTemporaryDirectory { directory in
            for upload in uploads {
                guard PlainName.isComponent(upload.name) else {
                    throw CommandFailure(.invalidInput, "worker.upload names \(upload.path), which is no file's name")
                }
                guard access(upload.path, R_OK) == 0 else {
                    throw CommandFailure(.invalidInput, "worker.upload names \(upload.path), which cannot be read")
                }
                try FileManager.default.createSymbolicLink(
                    atPath: directory.appendingPathComponent(upload.name).path,
                    withDestinationPath: URL(fileURLWithPath: upload.path).standardizedFileURL.path)
            }
            return try Self.describe(command, in: directory)
        }
        self.command = command
        self.uploads = uploads
        files = Dictionary(
            try worker.upload.map { (URL(fileURLWithPath: $0).lastPathComponent, try Digest(ofFile: $0)) },
            uniquingKeysWith: { first, _ in first })
    }

    /// The worker that comes with this program.
    static func ours() throws -> WorkerProgram {
        try WorkerProgram(WorkerCommand(command: ["eigensweep-worker"], upload: []))
    }

    /// What hosts' own runs of the worker are compared with before they get jobs; nil for a worker of the user's own.
    func check() throws -> WorkerCheck? {
        guard command.first == "./eigensweep-worker", let own = uploads.first(where: { $0.name == "eigensweep-worker" })
        else { return nil }
        return WorkerCheck(digest: try Digest(ofFile: own.path), path: own.path, description: description)
    }

    /// What the program prints, which takes it seconds at most. A program that does not end, or prints too much, is killed.
    private static func description(from output: FileHandle, of process: Process, _ words: String) throws -> Data {
        let patience = 120.0
        let end = Date(timeIntervalSinceNow: patience)
        var bytes = Data()
        while true {
            var polled = pollfd(fd: output.fileDescriptor, events: Int16(POLLIN), revents: 0)
            let left = end.timeIntervalSinceNow
            let isLate = left <= 0 || poll(&polled, 1, Int32(left * 1000) + 1) == 0
            if isLate || bytes.count > 4 << 20 {
                kill(process.processIdentifier, SIGKILL)
                throw CommandFailure(
                    .invalidInput,
                    isLate
                        ? "`\(words)` had not ended after \(Int(patience)) s and was ended"
                        : "`\(words)` printed \(bytes.count >> 20) MiB and was ended; expected a description as "
                            + "docs/job-contract.md defines it")
            }
            let piece = output.availableData
            if piece.isEmpty { return bytes }
            bytes += piece
        }
    }

    private static func describe(_ command: [String], in directory: URL) throws -> (WorkerDescription, KeyTable) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command + ["describe"]
        process.currentDirectoryURL = directory
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let words = command.joined(separator: " ") + " describe"
        let bytes = try Waiting.during("waiting for `\(words)`") {
            try Self.description(from: output.fileHandleForReading, of: process, words)
        }
        // The process ends right after its last word; Foundation would look for its end only every 50 ms.
        for _ in 0..<100 where process.isRunning { usleep(500) }
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw CommandFailure(.invalidInput, "`\(words)` failed with status \(process.terminationStatus)")
        }
        let description: WorkerDescription
        do {
            description = try JSONText.decode(WorkerDescription.self, from: bytes)
        } catch {
            throw CommandFailure(
                .invalidInput,
                "`\(words)` did not print a description as docs/job-contract.md defines it: \(explanation(of: error))")
        }
        guard ContractVersion.accepted.contains(description.contract) else {
            throw CommandFailure(
                .invalidInput,
                "`\(words)` speaks contract \(description.contract); this coordinator speaks "
                    + ContractVersion.accepted.map(String.init).joined(separator: " and "))
        }
        for measure in description.measures {
            guard let fault = PlainName.fault(measure.measure) else { continue }
            throw CommandFailure(
                .invalidInput, "`\(words)` names a measure \"\(measure.measure)\", which is no name: \(fault)")
        }
        if let gpus = description.gpus, !(0...GPUChoice.most).contains(gpus) {
            throw CommandFailure(
                .invalidInput, "`\(words)` says that its jobs need \(gpus) GPUs: expected 0 to \(GPUChoice.most)")
        }
        do {
            return (description, try KeyTable(description))
        } catch {
            throw CommandFailure(.invalidInput, "`\(words)`: \(error)")
        }
    }
}
