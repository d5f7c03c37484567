import CPosix
import CSSH
import Foundation
import SweepModel

/// One libssh session, used by the host's thread alone; the `ssh` program in its place where it turns out that libssh
/// cannot speak to the server.
final class LibSSHTransport: Transport {
    private let spec: HostSpec
    private let settings: SSHSettings
    private let context: ConnectContext
    private let wake: Int32
    private var session: ssh_session?
    private var proxy: ProxyProcess?
    private var program: (any Transport)?
    private var host: HostName { spec.name }

    init(_ host: HostSpec, _ settings: SSHSettings, _ context: ConnectContext, wake: Int32) {
        spec = host
        self.settings = settings
        self.context = context
        self.wake = wake
    }

    let bringsAgent = true
    private var seconds: Double { settings.connectSeconds ?? context.options.connectSeconds }

    func connect() throws(HostFailure) {
        guard let lack = try connectItself() else { return }
        close()
        let program = try context.program(to: spec, wake: wake, lacking: lack)
        try program.connect()
        self.program = program
    }

    /// What it lacks for this server; nil when it is connected.
    private func connectItself() throws(HostFailure) -> String? {
        guard let session = ssh_new() else {
            throw HostFailure(.agentFailed, "\(host): no memory for an SSH session")
        }
        self.session = session
        let hostKey = SSHHostKey(host: host, settings: settings, options: context.options)
        try configure(session, hostKey)
        var descriptor = try openWay()
        // The session closes it from here on.
        ssh_options_set(session, SSH_OPTIONS_FD, &descriptor)
        guard ssh_connect(session) == SSH_OK else {
            let words = lastError(of: session)
            // What was on the way says more than that nothing came through.
            let said = proxy?.diagnostics() ?? ""
            if let failure = sshFailure(said, of: host) { throw failure }
            if said.isEmpty, Self.isAboutTheProtocol(words) { return "what this server asks for (\(words))" }
            throw HostFailure(
                .unreachable,
                "\(host): no SSH connection to \(settings.address): \(words)\(said.isEmpty ? "" : ": \(said)")")
        }
        try hostKey.verify(session)
        context.stages.set(host, "authenticating")
        var authentication = SSHAuthentication(host: host, settings: settings, context: context)
        if let lack = try authentication.run(session) { return lack }
        ssh_set_blocking(session, 0)
        return nil
    }

    /// Whether libssh and the server could not agree, as against a connection that failed.
    private static func isAboutTheProtocol(_ words: String) -> Bool {
        !["Socket error", "Timeout", "timed out", "disconnected", "SSH_MSG_DISCONNECT", "Connection", "Remote"]
            .contains { words.contains($0) }
    }

    /// The bytes' way to the host: through others, through a command, or straight.
    private func openWay() throws(HostFailure) -> Int32 {
        if let jumps = settings.proxyJump {
            proxy = try ProxyProcess(
                through: jumps, to: settings, host: host, configuration: try context.programConfiguration(),
                environment: context.programEnvironment())
        } else if let command = try settings.proxyCommandLine(of: host) {
            proxy = try ProxyProcess(command: command, environment: context.programEnvironment())
        }
        if let proxy { return proxy.descriptor }
        return try SocketConnection.open(
            to: settings, host: host, seconds: seconds, silenceSeconds: context.options.silenceSeconds)
    }

    private func configure(_ session: ssh_session, _ hostKey: SSHHostKey) throws(HostFailure) {
        func set(_ option: ssh_options_e, _ value: String) throws(HostFailure) {
            guard ssh_options_set(session, option, value) == 0 else {
                throw HostFailure(.configuration, "\(host): \"\(value)\" will not do: \(lastError(of: session))")
            }
        }
        var no: Int32 = 0
        ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &no)
        // Of every step of the conversation.
        var patience = Int(max(1, seconds))
        ssh_options_set(session, SSH_OPTIONS_TIMEOUT, &patience)
        try set(SSH_OPTIONS_HOST, settings.address)
        var port = UInt32(clamping: settings.port)
        ssh_options_set(session, SSH_OPTIONS_PORT, &port)
        if let user = settings.user { try set(SSH_OPTIONS_USER, user) }
        // Which key is known is looked up here, as ssh does it.
        try set(SSH_OPTIONS_KNOWNHOSTS, "/dev/null")
        try set(SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null")
        let algorithms = hostKey.preferredAlgorithms
        if !algorithms.isEmpty { try set(SSH_OPTIONS_HOSTKEYS, algorithms.joined(separator: ",")) }
        if settings.compression { try set(SSH_OPTIONS_COMPRESSION, "yes") }
    }

    func open(_ line: RemoteLine) throws(HostFailure) -> any ByteStream {
        if let program { return try program.open(line) }
        guard let session else { throw HostFailure(.unreachable, "\(host): not connected") }
        // A server that allows few sessions may still count the last one: ask again for a while.
        var tries = 0
        while true {
            do throws(HostFailure) {
                return try SSHChannel(session, line.rawValue, host: host, wake: wake, seconds: seconds)
            } catch {
                tries += 1
                guard tries < 5, ssh_is_connected(session) == 1 else { throw error }
                usleep(100_000)
            }
        }
    }

    func close() {
        if let session {
            ssh_disconnect(session)
            ssh_free(session)
        }
        session = nil
        program?.close()
        program = nil
        proxy?.close()
        proxy = nil
    }

    deinit { close() }
}

/// What libssh says of its last failure.
func lastError(of session: ssh_session) -> String {
    guard let text = ssh_get_error(UnsafeMutableRawPointer(session)) else { return "no reason given" }
    let words = String(cString: text)
    return words.isEmpty ? "no reason given" : words
}
