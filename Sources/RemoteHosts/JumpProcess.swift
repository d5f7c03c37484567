import CPosix
import Foundation
import SweepModel

/// The `ssh` program forwarding to a host behind others. It verifies the key of every hop; no shell is involved.
final class JumpProcess {
    /// Belongs to the SSH session once it is given to it.
    let descriptor: Int32
    private let process: pid_t

    init(
        through jumps: String, to settings: SSHSettings, host: HostSpec, options: ConnectionOptions
    ) throws(HostFailure) {
        guard let ssh = findProgram("ssh") else {
            throw HostFailure(.spawnFailed, "\(host.name): jump hosts need the ssh program; it is not in PATH")
        }
        var hops = jumps.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        guard let last = hops.popLast(), !last.hasPrefix("-") else {
            throw HostFailure(.unreachable, "\(host.name): \"\(jumps)\" names no jump host")
        }
        var arguments = [ssh, "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=\(Int(options.connectSeconds))"]
        if let config = options.sshConfig { arguments += ["-F", config] }
        if let known = options.knownHosts { arguments += ["-o", "UserKnownHostsFile=\"\(known)\""] }
        if options.acceptNewHostKeys { arguments += ["-o", "StrictHostKeyChecking=accept-new"] }
        if !hops.isEmpty { arguments += ["-J", hops.joined(separator: ",")] }
        // A jump host may be written user@host:port, which the program takes as an address of this form.
        arguments += ["-W", "[\(settings.address)]:\(settings.port ?? 22)", "--", "ssh://\(last)"]
        var pair: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) == 0 else {
            throw HostFailure(.agentFailed, "no descriptor is free: \(String(cString: strerror(errno)))")
        }
        let null = open("/dev/null", O_WRONLY | O_CLOEXEC)
        let environment = ProcessInfo.processInfo.environment
        let list = arguments.map { $0 + "\0" }.joined()
        let variables = environment.map { "\($0.key)=\($0.value)\0" }.joined()
        var started: pid_t = 0
        let rc = list.withCString { list in
            variables.withCString { variables in
                ssh.withCString { path in
                    var program = posix_program(
                        path: path, arguments: list, argument_count: arguments.count, environment: variables,
                        environment_count: environment.count, directory: nil, input: pair[1], output: pair[1],
                        error: null, own_session: 0)
                    return posix_start_program(&program, &started)
                }
            }
        }
        Glibc.close(pair[1])
        Glibc.close(null)
        descriptor = pair[0]
        process = started
        guard rc == 0 else {
            Glibc.close(pair[0])
            throw HostFailure(.spawnFailed, "cannot start \(ssh): \(String(cString: strerror(rc)))")
        }
    }

    func close() {
        guard process > 0 else { return }
        kill(process, SIGTERM)
        var status: Int32 = 0
        waitpid(process, &status, 0)
    }
}
