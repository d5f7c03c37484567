import CPosix
import CSSH
import Foundation
import SweepModel

/// One libssh session, used by the host's thread alone.
final class LibSSHTransport: Transport {
    private let host: HostName
    private let settings: SSHSettings
    private let context: ConnectContext
    private let wake: Int32
    private var session: ssh_session?
    private var proxy: ProxyProcess?

    init(_ host: HostName, _ settings: SSHSettings, _ context: ConnectContext, wake: Int32) {
        self.host = host
        self.settings = settings
        self.context = context
        self.wake = wake
    }

    let bringsAgent = true
    private var seconds: Double { settings.connectSeconds ?? context.options.connectSeconds }

    func connect() throws(HostFailure) {
        guard let session = ssh_new() else {
            throw HostFailure(.agentFailed, "\(host): no memory for an SSH session")
        }
        self.session = session
        let hostKey = try SSHHostKey(host: host, settings: settings, options: context.options)
        try configure(session, hostKey)
        var descriptor = try openWay()
        // From here on the session closes it.
        ssh_options_set(session, SSH_OPTIONS_FD, &descriptor)
        guard ssh_connect(session) == SSH_OK else {
            let words = lastError(of: session)
            // What was on the way says more than that nothing came through.
            let said = proxy?.diagnostics() ?? ""
            if let failure = sshFailure(said, of: host) { throw failure }
            throw HostFailure(
                .unreachable,
                "\(host): no SSH connection to \(settings.address): \(words)\(said.isEmpty ? "" : ": \(said)")")
        }
        try hostKey.verify(session)
        var authentication = SSHAuthentication(host: host, settings: settings, asked: context.asked)
        try authentication.run(session)
        ssh_set_blocking(session, 0)
    }

    /// The bytes' way to the host: through others, through a command, or straight.
    private func openWay() throws(HostFailure) -> Int32 {
        if let jumps = settings.proxyJump {
            proxy = try ProxyProcess(
                through: jumps, to: settings, host: host, configuration: try context.programConfiguration())
        } else if let command = try settings.proxyCommandLine(of: host) {
            proxy = try ProxyProcess(command: command)
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
        try set(SSH_OPTIONS_HOST, settings.hostKeyAlias ?? settings.address)
        // The session only looks keys up by these; an alias stands for every port.
        var port = UInt32(clamping: settings.hostKeyAlias == nil ? settings.port : 22)
        ssh_options_set(session, SSH_OPTIONS_PORT, &port)
        if let user = settings.user { try set(SSH_OPTIONS_USER, user) }
        try set(SSH_OPTIONS_KNOWNHOSTS, hostKey.known.path)
        try set(SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null")
        if let socket = settings.agentSocket { try set(SSH_OPTIONS_IDENTITY_AGENT, socket) }
        if settings.compression { try set(SSH_OPTIONS_COMPRESSION, "yes") }
    }

    func open(_ line: RemoteLine) throws(HostFailure) -> any ByteStream {
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
