import ArgumentParser
import CPosix
import Foundation
import ResultCatalogue
import SweepModel

/// Whether the coordinator stays behind when the command returns.
struct BackgroundOptions: ParsableArguments {
    @Flag(name: .long, help: "Leave a coordinator in the background, which later commands find.")
    var detach = false

    /// Set in the process that a detaching command starts. That process says on standard output when its run has started.
    @Flag(name: .customLong("in-background"), help: .hidden)
    var isInBackground = false

    /// Tells the command that started this process, if one did, that nothing stands in the way any more.
    /// `hosts` are those that are awaited where none has answered yet.
    func reportStart(awaiting hosts: [HostName] = []) {
        guard isInBackground else { return }
        let names = hosts.prefix(10).joined(separator: ", ") + (hosts.count > 10 ? ", …" : "")
        answer(BackgroundProcess.startedWord + (hosts.isEmpty ? "" : BackgroundProcess.hostlessWord + names))
    }

    /// Tells that command why there is nothing to do.
    func reportIdle(_ words: String) {
        if isInBackground { answer(BackgroundProcess.idleWord + words) }
    }

    private func answer(_ words: String) {
        Terminal.print(words)
        let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
        if null >= 0 {
            dup2(null, STDOUT_FILENO)
            close(null)
        }
    }
}

/// Starts this very command again as a process of its own session, and waits until it has started or failed.
struct BackgroundProcess {
    static let startedWord = "started"
    static let hostlessWord = " without "
    static let idleWord = "idle: "
    private let log: BackgroundLog
    /// The option by which commands find the catalogue.
    private let catalogue: String
    private let signals: SignalWatch

    init(_ catalogue: CatalogueOptions, _ signals: SignalWatch) {
        log = catalogue.log
        self.catalogue = CatalogueOptions.option(for: CatalogueFile.resolve(catalogue.path))
        self.signals = signals
    }

    /// Returns once the process says that it has started. Where it ends instead, shows its words and throws
    /// `ExitStatusError` with its exit code.
    func start() throws {
        let errors = log.open()
        let input = open("/dev/null", O_RDONLY | O_CLOEXEC)
        var ends: [Int32] = [-1, -1]
        guard errors >= 0, input >= 0, posix_make_pipe(&ends) == 0 else {
            throw CommandFailure(.catalogue, "\(log.path): cannot be written (\(String(cString: strerror(errno))))")
        }
        let before = lseek(errors, 0, SEEK_END)
        let pid = try spawn(input: input, output: ends[1], error: errors)
        for descriptor in [errors, input, ends[1]] { close(descriptor) }
        signals.set { _ in kill(pid, SIGTERM) }
        let said = Waiting.during("waiting for the coordinator, which writes to \(log.path)") {
            FileHandle(fileDescriptor: ends[0], closeOnDealloc: true).readDataToEndOfFile()
        }
        let words = String(decoding: said, as: UTF8.self)
        if words.hasPrefix(Self.idleWord) {
            return Terminal.note(words.dropFirst(Self.idleWord.count).trimmingCharacters(in: .newlines))
        }
        guard words.contains(Self.startedWord) else {
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            showLog(from: Int(before))
            let code = posix_exit_of(status)
            throw ExitStatusError(status: ExitStatus(rawValue: code) ?? .internalError)
        }
        if let place = words.range(of: Self.hostlessWord) {
            showLog(from: Int(before))
            let names = words[place.upperBound...].trimmingCharacters(in: .newlines)
            Terminal.note("warning: no host has answered yet; these are tried on: \(names)")
        }
        Terminal.note(
            """
            process \(pid) goes on in the background and writes to \(log.path). See it, or stop it and leave jobs to their hosts:
              eigensweep watch\(catalogue)
              eigensweep stop\(catalogue)
            """)
    }

    private func spawn(input: Int32, output: Int32, error: Int32) throws -> pid_t {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let arguments =
            [CommandLine.arguments.first ?? "eigensweep"]
            + CommandLine.arguments.dropFirst().filter { $0 != "--detach" }
            + ["--in-background"]
        let variables = ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" }
        var pid: pid_t = 0
        let rc = program.withCString { path in
            arguments.map { $0 + "\0" }.joined().withCString { list in
                variables.map { $0 + "\0" }.joined().withCString { environment in
                    var program = posix_program(
                        path: path, arguments: list, argument_count: arguments.count, environment: environment,
                        environment_count: variables.count, directory: nil, input: input, output: output,
                        error: error, own_session: 1)
                    return posix_start_program(&program, &pid)
                }
            }
        }
        guard rc == 0 else {
            throw CommandFailure(.internalError, "\(program) cannot be started: \(String(cString: strerror(rc)))")
        }
        return pid
    }

    /// Shows what the process said before it ended.
    private func showLog(from offset: Int) {
        guard let file = FileHandle(forReadingAtPath: log.path) else { return }
        try? file.seek(toOffset: UInt64(max(0, offset)))
        let text = String(decoding: (try? file.read(upToCount: 64 << 10)) ?? Data(), as: UTF8.self)
        if !text.isEmpty { Terminal.note(text.hasSuffix("\n") ? String(text.dropLast()) : text) }
    }
}

extension CatalogueOptions {
    /// Where a coordinator in the background writes what it would say.
    var log: BackgroundLog { BackgroundLog(path: URL(fileURLWithPath: path).path + ".log") }
}
