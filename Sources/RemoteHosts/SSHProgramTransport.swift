import Foundation
import SweepModel

/// The `ssh` program, for what libssh lacks. It reads the SSH configuration and verifies host keys itself.
final class SSHProgramTransport: Transport {
    private let host: HostSpec
    private let options: ConnectionOptions
    private let wake: Int32
    private var program = ""

    init(_ host: HostSpec, _ options: ConnectionOptions, wake: Int32) {
        self.host = host
        self.options = options
        self.wake = wake
    }

    let bringsAgent = true

    func connect() throws(HostFailure) {
        guard let found = findProgram("ssh") else {
            throw HostFailure(
                .spawnFailed, "\(host.name): there is no ssh program in PATH; install it or use transport: libssh")
        }
        program = found
    }

    func open(_ line: RemoteLine) throws(HostFailure) -> any ByteStream {
        var arguments = [program, "-T"]
        if let config = options.sshConfig { arguments += ["-F", config] }
        var settings = ["BatchMode=yes", "ConnectTimeout=\(Int(options.connectSeconds))", "ServerAliveInterval=15"]
        if let known = options.knownHosts { settings.append("UserKnownHostsFile=\"\(known)\"") }
        settings.append("StrictHostKeyChecking=\(options.acceptNewHostKeys ? "accept-new" : "yes")")
        for setting in settings { arguments += ["-o", setting] }
        arguments += sshArguments(of: host) + ["--", host.address ?? host.name, line.rawValue]
        let stream = try ProcessStream(arguments, environment: ProcessInfo.processInfo.environment, wake: wake)
        return ExplainingStream(stream, host: host.name)
    }

    func close() {}
}

/// The options that tell the `ssh` program what the hosts file says.
func sshArguments(of host: HostSpec) -> [String] {
    var arguments: [String] = []
    if let port = host.port { arguments += ["-p", String(port)] }
    if let user = host.user { arguments += ["-l", user] }
    if let identity = host.identity { arguments += ["-i", expandingTilde(identity)] }
    if let jump = host.proxyJump { arguments += ["-J", jump] }
    return arguments
}

/// The first executable of this name in PATH.
func findProgram(_ name: String) -> String? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return path.split(separator: ":").map { "\($0)/\(name)" }
        .first { FileManager.default.isExecutableFile(atPath: $0) }
}

func expandingTilde(_ path: String) -> String {
    guard path == "~" || path.hasPrefix("~/") else { return path }
    return (ProcessInfo.processInfo.environment["HOME"] ?? "") + path.dropFirst()
}

/// Turns the `ssh` program's words at its end into a failure of the right kind.
private final class ExplainingStream: ByteStream {
    private let stream: ProcessStream
    private let host: HostName
    private var heard = false

    init(_ stream: ProcessStream, host: HostName) {
        self.stream = stream
        self.host = host
    }

    func wait(writing: Bool, seconds: Double) throws(HostFailure) {
        try stream.wait(writing: writing, seconds: seconds)
    }

    func read() throws(HostFailure) -> [UInt8]? {
        if let bytes = try stream.read() {
            if !bytes.isEmpty { heard = true }
            return bytes
        }
        let words = stream.diagnostics
        guard !heard, !words.isEmpty else { return nil }
        if words.contains("IDENTIFICATION HAS CHANGED") {
            throw HostFailure(.hostKeyChanged, "\(host): the host key has changed: \(words)")
        }
        if words.contains("Host key verification failed") {
            throw HostFailure(.hostKeyUnknown, "\(host): \(words); connect once by hand, or --accept-new-host-keys")
        }
        if words.contains("Permission denied (") {
            throw HostFailure(.authenticationFailed, "\(host): \(words)")
        }
        if words.hasPrefix("ssh: ") || words.contains("Connection ") {
            throw HostFailure(.unreachable, "\(host): \(words)")
        }
        return nil
    }

    func write(_ bytes: ArraySlice<UInt8>) throws(HostFailure) -> Int { try stream.write(bytes) }
    func finishWriting() { stream.finishWriting() }
    var diagnostics: String { stream.diagnostics }
    func close() { stream.close() }
}
