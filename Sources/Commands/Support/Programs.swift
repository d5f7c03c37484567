import CPosix
import ContentStore
import Foundation
import JobContract
import PythonPackage
import RemoteHosts
import SweepFiles
import SweepModel

/// The programs that come with this one, found beside it.
enum Programs {
    /// The path of `name` in the directory of the running executable.
    static func bundled(_ name: String) throws -> String {
        let path = try beside(name)
        guard access(path, X_OK) == 0 else {
            throw CommandFailure(
                .internalError,
                "\(path) is missing. eigensweep, eigensweep-agent and eigensweep-worker belong in one directory: "
                    + "build all three with `swift build -c release`")
        }
        return path
    }

    private static func beside(_ name: String) throws -> String {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent(name).path
    }

    /// The worker whose networks compute on a device: it may be missing, where nobody has built it.
    static let onDeviceName = WorkerCommand.ours + "-gpu"

    static var onDevice: String? {
        guard let path = try? beside(onDeviceName), access(path, X_OK) == 0 else { return nil }
        return path
    }

    /// Those of our workers that the store has for hosts.
    static func workers() throws -> [String] { [try bundled(WorkerCommand.ours)] + [onDevice].compactMap(\.self) }
}

/// A file that a worker has beside it on hosts.
struct WorkerUpload {
    enum Content {
        case file(String)
        case text(String)
    }

    let name: String
    let content: Content

    /// The most bytes of a script.
    private static let mostCopied = 4 << 20

    /// Leaves a copy in a directory. Of a script a link would not do: Python looks for modules where the file lies that a
    /// link names. What is too large for one, as our worker is, is only linked.
    func copy(to directory: URL) throws {
        let target = directory.appendingPathComponent(name)
        switch content {
        case .file(let path):
            let source = URL(fileURLWithPath: path).resolvingSymlinksInPath()
            var status = stat()
            if stat(source.path, &status) == 0, status.st_size > Self.mostCopied {
                try FileManager.default.createSymbolicLink(at: target, withDestinationURL: source)
            } else {
                try FileManager.default.copyItem(at: source, to: target)
            }
        case .text(let text): try Data(text.utf8).write(to: target)
        }
    }

    /// Brings it into the store.
    func stored(in store: ContentStore) throws -> StartOrder.Upload {
        switch content {
        case .file(let path): StartOrder.Upload(name: name, digest: try store.put(copyOf: path))
        case .text(let text): StartOrder.Upload(name: name, digest: try store.put(text.utf8))
        }
    }
}

/// A sweep's worker on this machine: its description of itself, and what hosts need to run it.
struct WorkerProgram {
    /// With the measures that another worker takes for it.
    let description: WorkerDescription
    /// The keys of its sweeps.
    let keys: KeyTable
    /// The argument vector on a host, in the attempt's directory, without the subcommand.
    let command: [String]
    /// Files brought to that directory.
    let uploads: [WorkerUpload]
    /// Those of them that the sweep's author uploads, by name.
    let files: [String: Digest]
    /// The worker that takes measures for it; nil: there is none.
    let measuring: Measuring?

    struct Measuring {
        let measures: BorrowedMeasures
        /// It trains those of its architectures that the sweep's worker has not.
        let description: WorkerDescription
        let command: [String]
        let uploads: [WorkerUpload]
        let check: WorkerCheck?

        var worker: WorkerName { measures.worker }
    }

    /// Finds the worker that `command` names and asks it to describe itself.
    init(_ worker: WorkerCommand) throws {
        var uploads = try worker.upload.map { try Self.upload($0) }
        var command = worker.command
        guard let program = command.first else {
            throw CommandFailure(.invalidInput, "worker.command is empty: expected a program and its arguments")
        }
        if program == WorkerCommand.ours {
            uploads.append(WorkerUpload(name: program, content: .file(try Programs.bundled(program))))
            command[0] = "./" + program
        } else if !uploads.contains(where: { $0.name == PythonPackage.fileName }) {
            uploads.append(WorkerUpload(name: PythonPackage.fileName, content: .text(PythonPackage.file)))
        }
        let own = try withTemporaryDirectory { directory in
            for upload in uploads { try upload.copy(to: directory) }
            return try Self.describe(command, in: directory)
        }
        self.command = command
        self.uploads = uploads
        files = Dictionary(
            try worker.upload.map { (URL(fileURLWithPath: $0).lastPathComponent, try Digest(ofFile: $0)) },
            uniquingKeysWith: { first, _ in first })
        guard let other = worker.measures, program != WorkerCommand.ours else {
            (description, measuring, keys) = (own, nil, try Self.keys(of: own, command))
            return
        }
        guard other == WorkerCommand.ours else {
            throw CommandFailure(
                .invalidInput,
                "worker.measures names \(other): expected \(WorkerCommand.ours), the only worker that "
                    + "measures networks of others")
        }
        guard own.denoise != nil else {
            throw CommandFailure(
                .invalidInput,
                "worker.measures names \(other), but the worker \(own.name) has no command denoise by which its "
                    + "networks could be asked (docs/job-contract.md)")
        }
        let ours = try WorkerProgram.ours()
        description = own.measured(by: ours.description)
        let names = Set(description.measures.map(\.measure)).subtracting(own.measures.map(\.measure))
        var beside = ours.description
        beside.measures.removeAll { !names.contains($0.measure) }
        keys = try Self.keys(of: description, beside: beside, command)
        measuring = Measuring(
            measures: BorrowedMeasures(of: own.workerName, worker: beside.workerName, names: names),
            description: ours.description, command: ours.command, uploads: ours.uploads, check: try ours.check())
    }

    /// The worker that comes with this program.
    static func ours() throws -> WorkerProgram { try WorkerProgram(WorkerCommand()) }

    private static func upload(_ path: String) throws -> WorkerUpload {
        let name = URL(fileURLWithPath: path).lastPathComponent
        guard PlainName.isComponent(name) else {
            throw CommandFailure(.invalidInput, "worker.upload names \(path), which is no file's name")
        }
        guard access(path, R_OK) == 0 else {
            throw CommandFailure(.invalidInput, "worker.upload names \(path), which cannot be read")
        }
        return WorkerUpload(name: name, content: .file(path))
    }

    /// The workers that trainings of its sweeps are named with.
    var names: [WorkerName] { [description.workerName] + (measuring.map { [$0.worker] } ?? []) }

    /// Bytes of all that hosts need to run it, the agent too.
    var bytes: Int {
        get throws {
            let files = try (uploads + (measuring?.uploads ?? [])).map { upload in
                switch upload.content {
                case .file(let path): (upload.name, try Self.bytes(of: path))
                case .text(let text): (upload.name, text.utf8.count)
                }
            }
            let agent = try Self.bytes(of: Programs.bundled("eigensweep-agent"))
            return Dictionary(files, uniquingKeysWith: { first, _ in first }).values.reduce(agent, +)
        }
    }

    private static func bytes(of path: String) throws -> Int {
        try URL(fileURLWithPath: path).resolvingSymlinksInPath().resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
    }

    /// Whether it is the worker that comes with this program.
    var isOurs: Bool { command.first == "./" + WorkerCommand.ours }

    /// What hosts' own runs of our worker are compared with before they get jobs; nil where none of the jobs is its.
    func check() throws -> WorkerCheck? {
        guard isOurs, case .file(let path)? = uploads.first(where: { $0.name == WorkerCommand.ours })?.content else {
            return measuring?.check
        }
        let onDevice = try Programs.onDevice.map { (digest: try Digest(ofFile: $0), path: $0) }
        return WorkerCheck(
            digest: try Digest(ofFile: path), path: path, description: description, onDevice: onDevice)
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

    private static func describe(_ command: [String], in directory: URL) throws -> WorkerDescription {
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
                "`\(words)` did not print a description as docs/job-contract.md defines it: "
                    + (KeyDeclaration.strange(in: bytes) ?? explanation(of: error)))
        }
        guard ContractVersion.spoken.contains(description.contract) else {
            throw CommandFailure(
                .invalidInput,
                "`\(words)` speaks contract \(description.contract); this coordinator speaks \(ContractVersion.inWords)"
            )
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
        return description
    }

    /// The keys of its sweeps; their sections may have the names of no measure that it or another worker takes of it.
    private static func keys(
        of description: WorkerDescription, beside other: WorkerDescription? = nil, _ command: [String]
    ) throws -> KeyTable {
        do { return try KeyTable(description, beside: other) } catch {
            throw CommandFailure(
                .invalidInput, "`\(command.joined(separator: " ")) describe`: \(explanation(of: error))")
        }
    }
}

extension WorkerDescription {
    var workerName: WorkerName { WorkerName(name: name, numerics: numerics) }
}
