import CPosix
import CSSH
import Foundation
import SweepModel

/// Decides by the known-hosts files whether a host is the one it was.
final class SSHHostKey {
    /// All of the files in one, in memory: libssh reads a single one.
    final class KnownHosts {
        let path: String
        private let descriptor: Int32

        init(_ files: [String]) throws(HostFailure) {
            var text: [UInt8] = []
            for file in files {
                if let data = FileManager.default.contents(atPath: file) { text += data + [10] }
            }
            descriptor = posix_memory_file(text, text.count)
            guard descriptor >= 0 else {
                throw HostFailure(.agentFailed, "no memory for known hosts: \(String(cString: strerror(errno)))")
            }
            path = "/proc/self/fd/\(descriptor)"
        }

        deinit { close(descriptor) }
    }

    let known: KnownHosts
    private let host: HostName
    private let settings: SSHSettings
    private let options: ConnectionOptions

    init(host: HostName, settings: SSHSettings, options: ConnectionOptions) throws(HostFailure) {
        self.host = host
        self.settings = settings
        self.options = options
        known = try KnownHosts(settings.knownHosts + settings.globalKnownHosts)
    }

    func verify(_ session: ssh_session) throws(HostFailure) {
        let file = settings.knownHosts.first ?? expandingTilde("~/.ssh/known_hosts")
        let key = fingerprint(session)
        switch ssh_session_is_known_server(session) {
        case SSH_KNOWN_HOSTS_OK: return
        case SSH_KNOWN_HOSTS_UNKNOWN, SSH_KNOWN_HOSTS_NOT_FOUND:
            guard options.acceptNewHostKeys else {
                throw HostFailure(
                    .hostKeyUnknown,
                    "\(host): the host key of \(settings.address) is not in \(file) (\(key)). Compare the "
                        + "fingerprint, then connect once with ssh, or launch with --accept-new-host-keys")
            }
            guard ssh_options_set(session, SSH_OPTIONS_KNOWNHOSTS, file) == 0,
                ssh_session_update_known_hosts(session) == SSH_OK
            else {
                throw HostFailure(
                    .hostKeyUnknown, "\(host): the host key cannot be written to \(file): \(lastError(of: session))")
            }
        case SSH_KNOWN_HOSTS_CHANGED, SSH_KNOWN_HOSTS_OTHER:
            throw HostFailure(
                .hostKeyChanged,
                "\(host): the host key of \(settings.address) is not the one in \(file) (now \(key)). Someone "
                    + "may be in between, or the host was set up anew: ask its owner, then remove the old line with "
                    + "ssh-keygen -R")
        default:
            throw HostFailure(.hostKeyUnknown, "\(host): \(file) cannot be checked: \(lastError(of: session))")
        }
    }

    private func fingerprint(_ session: ssh_session) -> String {
        var key: ssh_key?
        guard ssh_get_server_publickey(session, &key) == SSH_OK, let key else { return "no key" }
        defer { ssh_key_free(key) }
        var hash: UnsafeMutablePointer<UInt8>?
        var count = 0
        guard ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &count) == 0 else { return "no hash" }
        defer { ssh_clean_pubkey_hash(&hash) }
        guard let text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, count) else { return "no hash" }
        defer { ssh_string_free_char(text) }
        return String(cString: text)
    }
}
