import CPosix
import Foundation
import SweepModel

/// The standard streams of a program on this machine. Its standard error is kept for messages.
final class ProcessStream: ByteStream {
    private var socket: StreamSocket
    private let errors: Int32
    private let process: pid_t
    /// As `waitpid` told; the number is nobody's then.
    private var status: Int32?
    private var said: [UInt8] = []
    private var isClosed = false

    /// Starts `arguments[0]`, a path, with these arguments and this environment. In a session of its own it has no
    /// terminal to ask anything on.
    init(
        _ arguments: [String], environment: [String: String], wake: Int32, ownSession: Bool = false
    ) throws(HostFailure) {
        var pair: [Int32] = [-1, -1]
        var pipe: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &pair) == 0, posix_make_pipe(&pipe) == 0 else {
            throw HostFailure(.agentFailed, "no descriptor is free: \(String(cString: strerror(errno)))")
        }
        defer {
            Glibc.close(pair[1])
            Glibc.close(pipe[1])
        }
        socket = StreamSocket(pair[0], wake: wake)
        errors = pipe[0]
        _ = fcntl(pipe[0], F_SETFL, O_NONBLOCK)
        var started: pid_t = 0
        let list = arguments.map { $0 + "\0" }.joined()
        let settings = environment.map { "\($0.key)=\($0.value)\0" }.joined()
        let rc = list.withCString { list in
            settings.withCString { settings in
                arguments.first.map { path in
                    path.withCString { path in
                        var program = posix_program(
                            path: path, arguments: list, argument_count: arguments.count, environment: settings,
                            environment_count: environment.count, directory: nil, input: pair[1], output: pair[1],
                            error: pipe[1], own_session: ownSession ? 1 : 0)
                        return posix_start_program(&program, &started)
                    }
                } ?? EINVAL
            }
        }
        process = started
        guard rc == 0 else {
            Glibc.close(pair[0])
            Glibc.close(pipe[0])
            isClosed = true
            throw HostFailure(
                .spawnFailed, "cannot start \(arguments.first ?? ""): \(String(cString: strerror(rc)))")
        }
    }

    let longestWait = Double.infinity
    func wait(writing: Bool, seconds: Double) throws(HostFailure) { socket.wait(writing: writing, seconds: seconds) }
    func read() throws(HostFailure) -> [UInt8]? { socket.read() }
    func write(_ bytes: ArraySlice<UInt8>) throws(HostFailure) -> Int { socket.write(bytes) }
    func finishWriting() { shutdown(socket.descriptor, Int32(SHUT_WR)) }

    var diagnostics: String {
        var piece = [UInt8](repeating: 0, count: 4096)
        while said.count < 1 << 20 {
            let count = Glibc.read(errors, &piece, piece.count)
            guard count > 0 else { break }
            said = Array((said + piece[..<count]).suffix(4096))
        }
        return String(decoding: said, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Looks for the program's end, and waits for it so long.
    private func hasEnded(within seconds: Double) -> Bool {
        let limit = posix_monotonic_seconds() + seconds
        while status == nil {
            var found: Int32 = 0
            let code = waitpid(process, &found, WNOHANG)
            if code == process || code < 0 && errno == ECHILD {
                status = found
            } else if posix_monotonic_seconds() < limit {
                usleep(5_000)
            } else {
                return false
            }
        }
        return true
    }

    var ending: ProgramEnding? {
        guard hasEnded(within: 1), let status else { return nil }
        let code = Int(posix_exit_of(status))
        return code < 0 ? .signalled(String(-code)) : .exited(code)
    }

    var isConnected: Bool { true }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        Glibc.close(socket.descriptor)
        Glibc.close(errors)
        if hasEnded(within: 1) { return }
        kill(process, SIGKILL)
        var status: Int32 = 0
        waitpid(process, &status, 0)
    }

    deinit { close() }
}
