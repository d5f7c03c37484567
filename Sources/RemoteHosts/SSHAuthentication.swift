import CPosix
import CSSH
import SweepModel

/// Proves to the host who calls: by key files and the SSH agent. Nothing is ever asked for or stored.
struct SSHAuthentication {
    let host: HostSpec
    let settings: SSHSettings

    func run(_ session: ssh_session) throws(HostFailure) {
        if try answer(ssh_userauth_none(session, nil), session) { return }
        var tried: [String] = []
        if !settings.identitiesOnly {
            if try answer(ssh_userauth_agent(session, nil), session) { return }
            tried.append("the SSH agent")
        }
        for path in settings.identities where access(path, R_OK) == 0 {
            var key: ssh_key?
            guard ssh_pki_import_privkey_file(path, nil, nil, nil, &key) == SSH_OK, let key else {
                tried.append("\(path) (it has a passphrase or is damaged: ssh-add it)")
                continue
            }
            defer { ssh_key_free(key) }
            if try answer(ssh_userauth_publickey(session, nil, key), session) { return }
            tried.append(path)
        }
        if settings.unresolved, try answer(ssh_userauth_publickey_auto(session, nil, nil), session) {
            return
        }
        if settings.identitiesOnly, try answer(ssh_userauth_agent(session, nil), session) { return }
        let user = settings.user ?? "this account's name"
        throw HostFailure(
            .authenticationFailed,
            "\(host.name): \(settings.address) does not let \(user) in; tried "
                + "\(tried.isEmpty ? "nothing, for want of a key" : tried.joined(separator: ", ")). "
                + "Name a key with identity: in the hosts file, or IdentityFile in the SSH configuration")
    }

    /// Whether the host is content; throws when the connection broke.
    private func answer(_ code: Int32, _ session: ssh_session) throws(HostFailure) -> Bool {
        if code == SSH_AUTH_SUCCESS.rawValue { return true }
        guard ssh_is_connected(session) == 1 else {
            throw HostFailure(
                .unreachable, "\(host.name): the connection broke while authenticating: \(lastError(of: session))")
        }
        return false
    }
}
