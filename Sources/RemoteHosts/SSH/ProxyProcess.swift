import CPosix
import Foundation
import SweepModel

/// A program that carries an SSH connection: the `ssh` program forwarding to a host behind others, which verifies the
/// key of every hop, or the configuration's ProxyCommand.
final class ProxyProcess {
    /// The near end; libssh closes it.
    let descriptor: Int32
    private let errors: Int32
    private let process: pid_t

    /// - Parameter jumps: hops as ProxyJump names them, the nearest first.
    convenience init(
        through jumps: String, to settings: SSHSettings, host: HostName, configuration: SSHProgramConfiguration,
        environment: [String: String]
    ) throws(HostFailure) {
        guard let ssh = findProgram("ssh") else {
            throw HostFailure(.configuration, "\(host): jump hosts need the ssh program; it is not in PATH")
        }
        var hops = jumps.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        guard let last = hops.popLast(), !last.hasPrefix("-") else {
            throw HostFailure(.configuration, "\(host): \"\(jumps)\" names no jump host")
        }
        var arguments = [ssh, "-T", "-F", configuration.path]
        if !hops.isEmpty { arguments += ["-J", hops.joined(separator: ",")] }
        // A jump host may be written user@host:port, which the program takes as an address of this form.
        let hop = last.hasPrefix("ssh://") ? last : "ssh://\(last)"
        arguments += ["-W", "[\(settings.address)]:\(settings.port)", "--", hop]
        try self.init(arguments, environment)
    }

    /// - Parameter command: for the account's shell, as `ssh` does it.
    convenience init(command: String, environment: [String: String]) throws(HostFailure) {
        try self.init(
            [ProcessInfo.processInfo.environment["SHELL"] ?? "/bin/sh", "-c", "exec " + command], environment)
    }

    private init(_ arguments: [String], _ environment: [String: String]) throws(HostFailure) {
        var pair: [Int32] = [-1, -1]
        var pipe: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) == 0,
            posix_make_pipe(&pipe) == 0
        else { throw HostFailure(.agentFailed, "no descriptor is free: \(String(cString: strerror(errno)))") }
        let list = arguments.map { $0 + "\0" }.joined()
        let variables = environment.map { "\($0.key)=\($0.value)\0" }.joined()
        var started: pid_t = 0
        let rc = list.withCString { list in
            variables.withCString { variables in
                arguments[0].withCString { path in
                    // A session of its own has no terminal: nothing on the way can ask there.
                    var program = posix_program(
                        path: path, arguments: list, argument_count: arguments.count, environment: variables,
                        environment_count: environment.count, directory: nil, input: pair[1], output: pair[1],
                        error: pipe[1], own_session: 1)
                    return posix_start_program(&program, &started)
                }
            }
        }
        Glibc.close(pair[1])
        Glibc.close(pipe[1])
        descriptor = pair[0]
        errors = pipe[0]
        process = started
        _ = fcntl(errors, F_SETFL, O_NONBLOCK)
        guard rc == 0 else {
            Glibc.close(pair[0])
            throw HostFailure(.spawnFailed, "cannot start \(arguments[0]): \(String(cString: strerror(rc)))")
        }
    }

    /// The end of what it said on standard error.
    func diagnostics() -> String {
        var said: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while case let count = Glibc.read(errors, &piece, piece.count), count > 0 {
            said = Array((said + piece[..<count]).suffix(4096))
        }
        return String(decoding: said, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func close() {
        guard process > 0 else { return }
        kill(-process, SIGTERM)
        var status: Int32 = 0
        for _ in 0..<100 {
            if waitpid(process, &status, WNOHANG) != 0 { return }
            usleep(10_000)
        }
        kill(-process, SIGKILL)
        waitpid(process, &status, 0)
    }

    deinit { Glibc.close(errors) }
}
