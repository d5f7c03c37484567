import CSSH
import SweepModel

/// Decides by the known-hosts file whether a host is the one it was.
struct SSHHostKey {
    let host: HostSpec
    let settings: SSHSettings
    let options: ConnectionOptions

    func verify(_ session: ssh_session) throws(HostFailure) {
        let file = settings.knownHosts.first ?? "~/.ssh/known_hosts"
        let key = fingerprint(session)
        switch ssh_session_is_known_server(session) {
        case SSH_KNOWN_HOSTS_OK: return
        case SSH_KNOWN_HOSTS_UNKNOWN, SSH_KNOWN_HOSTS_NOT_FOUND:
            guard options.acceptNewHostKeys else {
                throw HostFailure(
                    .hostKeyUnknown,
                    "\(host.name): the host key of \(settings.address) is not in \(file) (\(key)). Compare the "
                        + "fingerprint, then connect once with ssh, or launch with --accept-new-host-keys")
            }
            guard ssh_session_update_known_hosts(session) == SSH_OK else {
                throw HostFailure(
                    .hostKeyUnknown,
                    "\(host.name): the host key cannot be written to \(file): \(lastError(of: session))")
            }
        case SSH_KNOWN_HOSTS_CHANGED, SSH_KNOWN_HOSTS_OTHER:
            throw HostFailure(
                .hostKeyChanged,
                "\(host.name): the host key of \(settings.address) is not the one in \(file) (now \(key)). Someone "
                    + "may be in between, or the host was set up anew: ask its owner, then remove the old line with "
                    + "ssh-keygen -R")
        default:
            throw HostFailure(
                .hostKeyUnknown, "\(host.name): \(file) cannot be checked: \(lastError(of: session))")
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
