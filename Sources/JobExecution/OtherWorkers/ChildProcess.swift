import CPosix
import Glibc
import JobContract

/// A program that this one asks through pipes. What it writes to standard error is passed on.
final class ChildProcess {
    /// What its pipes did not bring.
    enum Failure: Error {
        /// This program was asked to stop.
        case stopped
        /// The child has closed its output.
        case ended
        /// It wrote before it was asked, or while it still had to read.
        case unasked
        case system(String)
    }

    private let process: pid_t
    private let input: Int32
    private let output: Int32
    private let errors: Int32
    private let stop: StopSignal
    private var isInputOpen = true
    private var errorsAreOpen = true
    private var status: Int32?
    /// The end of its standard error.
    private(set) var lastWords: [UInt8] = []
    private static let mostWords = 2000
    /// As many files as agents start a program with.
    private static let mostKept: Int32 = 256
    /// F_SETPIPE_SZ, which Glibc's module does not show.
    private static let setPipeSize: Int32 = 1031
    /// How long nothing but the pipes is looked at, in milliseconds.
    private static let turn: Int32 = 100

    /// Starts a program by path, by its name in the working directory, or by PATH. Throws JobFailure `unfit-host` where there
    /// is none.
    init(_ command: [String], stop: StopSignal) throws {
        self.stop = stop
        // A child that has ended is found out by the call.
        signal(SIGPIPE, SIG_IGN)
        var ends: [[Int32]] = []
        defer { for end in ends { close(end[1]) } }
        // The child's end stands last.
        for isInput in [true, false, false] {
            var pair: [Int32] = [-1, -1]
            guard posix_make_pipe(&pair) == 0 else { throw systemFailure("make", "a pipe") }
            ends.append(isInput ? [pair[1], pair[0]] : pair)
            guard fcntl(ends[ends.count - 1][0], F_SETFL, O_NONBLOCK) == 0 else {
                throw systemFailure("set up", "a pipe")
            }
        }
        (input, output, errors) = (ends[0][0], ends[1][0], ends[2][0])
        // Whole batches of images in one piece, where this account may have that.
        for end in [input, output] { _ = fcntl(end, Self.setPipeSize, 1 << 20) }
        let path = Self.path(of: command[0])
        let list = command.map { $0 + "\0" }.joined()
        let settings = Self.environment()
        let variables = settings.map { $0 + "\0" }.joined()
        let kept = Self.inherited()
        var pid: pid_t = 0
        let code = path.withCString { path in
            list.withCString { list in
                variables.withCString { variables in
                    var program = posix_program(
                        path: path, arguments: list, argument_count: command.count, environment: variables,
                        environment_count: settings.count, directory: nil, input: ends[0][1], output: ends[1][1],
                        error: ends[2][1], own_session: 0)
                    return posix_start_program_keeping(&program, kept, kept.count, &pid)
                }
            }
        }
        process = pid
        guard code == 0 else {
            status = 127
            throw JobFailure(.unfitHost, "cannot start \(path): \(String(cString: strerror(code)))")
        }
    }

    deinit {
        end()
        closeInput()
        for file in [output, errors] { close(file) }
    }

    private static func path(of name: String) -> String {
        if name.contains("/") { return name }
        if access("./\(name)", X_OK) == 0 { return "./\(name)" }
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
        return path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 } ?? name
    }

    /// The files that this program was started with: those that say which GPUs are taken stay open while the child lives.
    private static func inherited() -> [Int32] {
        (STDERR_FILENO + 1...STDERR_FILENO + mostKept).filter { file in
            let flags = fcntl(file, F_GETFD)
            return flags >= 0 && flags & FD_CLOEXEC == 0
        }
    }

    private static func environment() -> [String] {
        var variables: [String] = []
        var next = environ
        while let variable = next.pointee {
            variables.append(String(cString: variable))
            next += 1
        }
        return variables
    }

    // MARK: Asking

    /// Writes all bytes; what the child says meanwhile is `unasked`.
    func write(_ bytes: UnsafeRawBufferPointer) throws {
        var left = bytes[...]
        while !left.isEmpty {
            let ready = try wait(for: input, POLLOUT)
            if ready.isAnswering { throw Failure.unasked }
            guard ready.isReady else { continue }
            let count = Glibc.write(input, UnsafeRawBufferPointer(rebasing: left).baseAddress, left.count)
            if count >= 0 {
                left = left.dropFirst(count)
            } else if errno == EPIPE {
                throw Failure.ended
            } else if errno != EINTR && errno != EAGAIN {
                throw Failure.system("cannot be written to: \(String(cString: strerror(errno)))")
            }
        }
    }

    /// Fills the buffer.
    func read(into bytes: UnsafeMutableRawBufferPointer) throws {
        var filled = 0
        while filled < bytes.count {
            filled += try readSome(into: UnsafeMutableRawBufferPointer(rebasing: bytes[filled...]))
        }
    }

    /// A line, without its end; nil: it is longer than `most` bytes, or more comes behind it.
    func readLine(atMost most: Int) throws -> [UInt8]? {
        var line: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while line.count <= most {
            let count = try piece.withUnsafeMutableBytes { try readSome(into: $0) }
            line += piece[..<count]
            if let end = line.firstIndex(of: UInt8(ascii: "\n")) {
                return end == line.count - 1 ? line.dropLast() : nil
            }
        }
        return nil
    }

    /// Waits for some bytes.
    private func readSome(into bytes: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            guard try wait(for: output, POLLIN).isReady else { continue }
            let count = Glibc.read(output, bytes.baseAddress, bytes.count)
            if count > 0 { return count }
            if count == 0 { throw Failure.ended }
            guard errno == EINTR || errno == EAGAIN else {
                throw Failure.system("cannot be read from: \(String(cString: strerror(errno)))")
            }
        }
    }

    /// Waits a turn for one of the pipes, and passes on what the child says to people.
    private func wait(
        for file: Int32, _ events: Int32
    ) throws -> (isReady: Bool, isAnswering: Bool) {
        var polled = [
            pollfd(fd: file, events: Int16(events), revents: 0),
            pollfd(fd: errorsAreOpen ? errors : -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: file == output ? -1 : output, events: Int16(POLLIN), revents: 0),
        ]
        let count = poll(&polled, nfds_t(polled.count), Self.turn)
        guard count >= 0 || errno == EINTR else {
            throw Failure.system("cannot be waited for: \(String(cString: strerror(errno)))")
        }
        if polled[1].revents != 0 { passOnErrors() }
        if stop.isRaised { throw Failure.stopped }
        return (count > 0 && polled[0].revents != 0, count > 0 && polled[2].revents & Int16(POLLIN) != 0)
    }

    private func passOnErrors() {
        var piece = [UInt8](repeating: 0, count: 1 << 14)
        while errorsAreOpen {
            let count = Glibc.read(errors, &piece, piece.count)
            if count > 0 {
                _ = Glibc.write(STDERR_FILENO, piece, count)
                lastWords = Array((lastWords + piece[..<count]).suffix(Self.mostWords))
            } else if count == 0 {
                errorsAreOpen = false
            } else if errno != EINTR {
                return
            }
        }
    }

    // MARK: Ending

    /// How it ended, of itself or by force: an exit code, or minus a signal.
    @discardableResult func end(patience: Double = 0) -> Int32 {
        if let status { return status }
        closeInput()
        var word: Int32 = 0
        let turns = Int(patience * 100)
        for turn in 0...turns {
            passOnErrors()
            if waitpid(process, &word, WNOHANG) == process { return ended(word) }
            if turn < turns { usleep(10_000) }
        }
        kill(-process, SIGKILL)
        while waitpid(process, &word, 0) < 0 && errno == EINTR {}
        return ended(word)
    }

    private func closeInput() {
        if isInputOpen { close(input) }
        isInputOpen = false
    }

    private func ended(_ word: Int32) -> Int32 {
        passOnErrors()
        let exit = posix_exit_of(word)
        status = exit
        return exit
    }
}
