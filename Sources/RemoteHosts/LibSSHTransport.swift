import CPosix
import CSSH
import Foundation
import SweepModel

/// One libssh session, used by the host's thread alone.
final class LibSSHTransport: Transport {
    private let host: HostSpec
    private let options: ConnectionOptions
    private let wake: Int32
    private var session: ssh_session?
    private var jump: JumpProcess?

    init(_ host: HostSpec, _ options: ConnectionOptions, wake: Int32) {
        self.host = host
        self.options = options
        self.wake = wake
    }

    let bringsAgent = true

    func connect() throws(HostFailure) {
        let settings = try SSHSettings.resolve(host, options)
        guard let session = ssh_new() else {
            throw HostFailure(.agentFailed, "\(host.name): no memory for an SSH session")
        }
        self.session = session
        try configure(session, settings)
        guard ssh_connect(session) == SSH_OK else {
            throw HostFailure(
                .unreachable, "\(host.name): cannot connect to \(settings.address): \(lastError(of: session))")
        }
        try SSHHostKey(host: host, settings: settings, options: options).verify(session)
        try SSHAuthentication(host: host, settings: settings).run(session)
        ssh_set_blocking(session, 0)
    }

    private func configure(_ session: ssh_session, _ settings: SSHSettings) throws(HostFailure) {
        func set(_ option: ssh_options_e, _ value: String) throws(HostFailure) {
            guard ssh_options_set(session, option, value) == 0 else {
                throw HostFailure(.unreachable, "\(host.name): \"\(value)\" will not do: \(lastError(of: session))")
            }
        }
        var no: Int32 = 0
        ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &no)
        // Messages are small and awaited: none is to linger for company.
        var yes: Int32 = 1
        ssh_options_set(session, SSH_OPTIONS_NODELAY, &yes)
        var seconds = Int(max(1, options.connectSeconds))
        ssh_options_set(session, SSH_OPTIONS_TIMEOUT, &seconds)
        try set(SSH_OPTIONS_HOST, settings.address)
        if settings.unresolved, ssh_options_parse_config(session, options.sshConfig) != 0 {
            throw HostFailure(
                .unreachable, "\(host.name): the SSH configuration cannot be read: \(lastError(of: session))")
        }
        if let user = settings.user { try set(SSH_OPTIONS_USER, user) }
        if let port = settings.port {
            var number = UInt32(clamping: port)
            ssh_options_set(session, SSH_OPTIONS_PORT, &number)
        }
        let known = settings.knownHosts
        if let file = known.first(where: { access($0, R_OK) == 0 }) ?? known.first {
            try set(SSH_OPTIONS_KNOWNHOSTS, file)
        }
        if let file = settings.globalKnownHosts { try set(SSH_OPTIONS_GLOBAL_KNOWNHOSTS, file) }
        if let jumps = settings.proxyJump {
            let jump = try JumpProcess(through: jumps, to: settings, host: host, options: options)
            self.jump = jump
            var descriptor = jump.descriptor
            ssh_options_set(session, SSH_OPTIONS_FD, &descriptor)
        } else if let command = settings.proxyCommand {
            try set(SSH_OPTIONS_PROXYCOMMAND, command)
        }
    }

    func open(_ line: RemoteLine) throws(HostFailure) -> any ByteStream {
        guard let session else { throw HostFailure(.unreachable, "\(host.name): not connected") }
        // A server that allows few sessions may still count the last one: ask again for a while.
        var tries = 0
        while true {
            do throws(HostFailure) {
                return try SSHChannel(
                    session, line.rawValue, host: host.name, wake: wake, seconds: options.connectSeconds)
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
        jump?.close()
        jump = nil
    }

    deinit { close() }
}

/// What libssh says of its last failure.
func lastError(of session: ssh_session) -> String {
    guard let text = ssh_get_error(UnsafeMutableRawPointer(session)) else { return "no reason given" }
    let words = String(cString: text)
    return words.isEmpty ? "no reason given" : words
}
