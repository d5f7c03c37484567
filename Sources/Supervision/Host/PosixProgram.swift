import CPosix
import Glibc
import JobContract

/// A program to start with an environment that says everything.
struct PosixProgram {
    var path: String
    var arguments: [String]
    /// `NAME=value`.
    var environment: [String]
    var directory = "/"

    struct Ended {
        /// The exit code, or minus the signal that ended it.
        var code: Int
        var output: [UInt8]
        /// It was ended for taking too long.
        var isLate = false
    }

    /// Starts it with these descriptors, or nothing, as its standard streams; standard error goes where output goes unless
    /// it is given one.
    func start(
        ownSession: Bool, input: Int32 = -1, output: Int32 = -1, errors: Int32 = -1
    ) throws(AgentRefusal) -> pid_t {
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        // Where there is no /dev, a pipe without another end stands in for the null device.
        var empty: [Int32] = [-1, -1]
        if null < 0 { _ = posix_make_pipe(&empty) }
        let nothing = null >= 0 ? null : empty[0]
        defer { for descriptor in [null] + empty where descriptor >= 0 { close(descriptor) } }
        var pid: pid_t = 0
        let rc = arguments.map { $0 + "\0" }.joined().withCString { list in
            environment.map { $0 + "\0" }.joined().withCString { variables in
                path.withCString { path in
                    directory.withCString { directory in
                        var program = posix_program(
                            path: path, arguments: list, argument_count: arguments.count, environment: variables,
                            environment_count: environment.count, directory: directory,
                            input: input >= 0 ? input : nothing, output: output >= 0 ? output : nothing,
                            error: errors >= 0 ? errors : output >= 0 ? output : nothing,
                            own_session: ownSession ? 1 : 0)
                        return posix_start_program(&program, &pid)
                    }
                }
            }
        }
        guard rc == 0 else {
            throw AgentRefusal(.spawnFailed, "cannot start \(path): \(String(cString: strerror(rc)))")
        }
        return pid
    }

    /// Runs it to its end without input, or ends it after so many seconds. Standard error is part of the output, of which the first
    /// MiB is kept.
    func run(seconds: Double) throws(AgentRefusal) -> Ended {
        var ends: [Int32] = [-1, -1]
        guard posix_make_pipe(&ends) == 0 else { throw Files.refusal("make a pipe") }
        let started: pid_t
        do throws(AgentRefusal) {
            started = try start(ownSession: false, output: ends[1])
            close(ends[1])
        } catch {
            close(ends[0])
            close(ends[1])
            throw error
        }
        defer { close(ends[0]) }
        let limit = posix_monotonic_seconds() + seconds
        var output: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            var polled = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
            let left = limit - posix_monotonic_seconds()
            guard left > 0, poll(&polled, 1, Int32(left * 1000) + 1) >= 0 || errno == EINTR else { break }
            guard polled.revents != 0 else { continue }
            let count = read(ends[0], &piece, piece.count)
            if count <= 0 { break }
            if output.count < 1 << 20 { output += piece[..<count] }
        }
        let isLate = posix_monotonic_seconds() >= limit
        if isLate { kill(-started, SIGKILL) }
        var status: Int32 = 0
        while waitpid(started, &status, 0) < 0, errno == EINTR {}
        return Ended(code: Int(posix_exit_of(status)), output: output, isLate: isLate)
    }
}
