import CPosix
import Foundation
import SweepModel

/// What the `ssh` program is told: a configuration in memory that sets our rules and includes the user's own.
///
/// A file rather than options, because jumps start further `ssh` programs that are given the file alone: so every hop
/// is verified as strictly, asks nothing, and is noticed when it dies.
final class SSHProgramConfiguration: Sendable {
    /// Readable by programs of this account while this one lives.
    let path: String
    private let descriptor: Int32

    init(_ options: ConnectionOptions) throws(HostFailure) {
        let bytes = Array(Self.text(options).utf8)
        descriptor = posix_memory_file(bytes, bytes.count)
        guard descriptor >= 0 else {
            throw HostFailure(.agentFailed, "no memory for the SSH configuration: \(String(cString: strerror(errno)))")
        }
        path = "/proc/\(getpid())/fd/\(descriptor)"
    }

    deinit { close(descriptor) }

    static func text(_ options: ConnectionOptions) -> String {
        let interval = max(1, Int(options.pingSeconds))
        var lines = [
            "IgnoreUnknown SessionType,StdinNull,ForkAfterAuthentication,EnableEscapeCommandline", "Host *",
            "BatchMode yes", "StrictHostKeyChecking \(options.acceptNewHostKeys ? "accept-new" : "yes")",
            "ConnectTimeout \(max(1, Int(options.connectSeconds)))", "ServerAliveInterval \(interval)",
            "ServerAliveCountMax \(max(1, Int(options.silenceSeconds) / interval))",
            // A master connection that is there is used; ours never becomes one.
            "ControlMaster no", "ClearAllForwardings yes", "ForwardAgent no", "ForwardX11 no", "PermitLocalCommand no",
            "RemoteCommand none", "RequestTTY no", "Tunnel no", "SessionType default", "StdinNull no",
            "ForkAfterAuthentication no",
        ]
        if let known = options.knownHosts {
            lines += ["UserKnownHostsFile \"\(known)\"", "GlobalKnownHostsFile /dev/null"]
        }
        let own = options.sshConfig.map { [URL(fileURLWithPath: $0).path] }
        for file in own ?? ["~/.ssh/config", "/etc/ssh/ssh_config"] { lines.append("Include \"\(file)\"") }
        return lines.joined(separator: "\n") + "\n"
    }
}
