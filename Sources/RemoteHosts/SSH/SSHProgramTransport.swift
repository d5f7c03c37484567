import Foundation
import SweepModel

/// The `ssh` program, for what libssh lacks. It reads the SSH configuration and verifies host keys itself.
final class SSHProgramTransport: Transport {
    private let host: HostSpec
    private let configuration: SSHProgramConfiguration
    private let context: ConnectContext
    private let wake: Int32
    private var program = ""
    private var more: [String] = []

    init(_ host: HostSpec, _ configuration: SSHProgramConfiguration, _ context: ConnectContext, wake: Int32) {
        self.host = host
        self.configuration = configuration
        self.context = context
        self.wake = wake
    }

    let bringsAgent = true

    func connect() throws(HostFailure) {
        guard let found = findProgram("ssh") else {
            throw HostFailure(
                .configuration, "\(host.name): there is no ssh program in PATH; install it or use transport: libssh")
        }
        program = found
        // The program would wait for a mute agent without end.
        let settings = try SSHSettings.resolve(host, context.options, ssh: found)
        more = settings.agentSocket.map { context.answers($0) ? [] : ["-o", "IdentityAgent=none"] } ?? []
    }

    func open(_ line: RemoteLine) throws(HostFailure) -> any ByteStream {
        let target = host.address ?? host.name
        guard !target.hasPrefix("-") else {
            throw HostFailure(.configuration, "\(host.name): \"\(target)\" is no address")
        }
        let arguments =
            [program, "-T", "-F", configuration.path] + more + sshArguments(of: host) + ["--", target, line.rawValue]
        // Without a terminal of its own: what cannot be had without asking is refused.
        let stream = try ProcessStream(
            arguments, environment: context.programEnvironment(), wake: wake, ownSession: true)
        return ExplainingStream(stream, host: host.name)
    }

    func close() {}
}

/// The options that tell the `ssh` program what the hosts file says.
func sshArguments(of host: HostSpec) -> [String] {
    var arguments: [String] = []
    if let port = host.port { arguments += ["-p", String(port)] }
    if let user = host.user { arguments += ["-l", user] }
    if let identity = host.identity { arguments += ["-i", expandingTilde(identity), "-o", "IdentitiesOnly=yes"] }
    if let jump = host.proxyJump { arguments += ["-J", jump] }
    return arguments
}

/// The first executable of this name in PATH.
func findProgram(_ name: String) -> String? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return path.split(separator: ":").map { "\($0)/\(name)" }
        .first { FileManager.default.isExecutableFile(atPath: $0) }
}

/// What the `ssh` program's last words mean; nil when they are not about the connection.
func sshFailure(_ said: String, of host: HostName) -> HostFailure? {
    let words = HostWords.line(said)
    if said.contains("IDENTIFICATION HAS CHANGED") || said.contains("REVOKED HOST KEY") {
        // Debian's ssh says the command.
        let command = said.firstMatch(of: /ssh-keygen -f \S+ -R \S+/).map { HostWords.line(String($0.0)) }
        return HostFailure(
            .hostKeyChanged,
            "\(host): a host key is not the known one. Someone may be in between, or the host was set up anew: ask "
                + "its owner, then remove the old line"
                + (command.map { " with `\($0)`" } ?? ", by `ssh-keygen -R` and the name that the line begins with")
                + ". ssh says: \(words)")
    }
    if said.contains("Host key verification failed") {
        return HostFailure(
            .hostKeyUnknown,
            "\(host): a host key is not known. Compare the fingerprint, then connect once with ssh, or launch with "
                + "--accept-new-host-keys. ssh says: \(words)")
    }
    if said.contains("Permission denied (") || said.contains("Too many authentication failures") {
        return HostFailure(
            .authenticationFailed,
            "\(host): it does not let this account in: the ssh program is not asked for passwords or passphrases "
                + "here; load the key with ssh-add (ssh-agent), or open a master connection by hand. "
                + "ssh says: \(words)")
    }
    if said.contains("Unable to negotiate") {
        return HostFailure(.configuration, "\(host): the ssh program and this server have no way in common: \(words)")
    }
    if said.contains("Bad configuration option") || said.contains("terminating, ") {
        return HostFailure(.configuration, "\(host): the SSH configuration cannot be read: \(words)")
    }
    if said.contains("ssh: ") || said.contains("Connection ") || said.contains("kex_exchange_identification")
        || said.contains("Timeout, server")
    {
        return HostFailure(.unreachable, "\(host): \(words)")
    }
    return nil
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
        // Other statuses are those of the program at the far end.
        guard stream.ending == .exited(Self.ownFailure), !heard else { return nil }
        let words = HostWords([], stream.diagnostics)
        throw sshFailure(stream.diagnostics, of: host)
            ?? HostFailure(.unreachable, "\(host): the ssh program ended with exit status 255 \(words.told)")
    }

    /// The status that the program ends with when the connection, and not the program at its far end, failed.
    private static let ownFailure = 255

    var ending: ProgramEnding? { isConnected ? stream.ending : nil }
    var isConnected: Bool { stream.ending != .exited(Self.ownFailure) }

    func write(_ bytes: ArraySlice<UInt8>) throws(HostFailure) -> Int { try stream.write(bytes) }
    func finishWriting() { stream.finishWriting() }
    var diagnostics: String { stream.diagnostics }
    func close() { stream.close() }
}
