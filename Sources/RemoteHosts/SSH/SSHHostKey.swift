import CPosix
import CSSH
import Foundation
import JobContract
import SweepModel

/// Decides by the known-hosts files whether a host is the one it was, as ssh decides it.
final class SSHHostKey {
    private let known: KnownHosts
    private let host: HostName
    private let settings: SSHSettings
    private let options: ConnectionOptions

    init(host: HostName, settings: SSHSettings, options: ConnectionOptions) {
        self.host = host
        self.settings = settings
        self.options = options
        known = KnownHosts(files: settings.knownHosts + settings.globalKnownHosts)
    }

    /// The server is asked for the kinds of keys that it is known by before others; empty: for any.
    var preferredAlgorithms: [String] {
        let types = known.types(of: settings)
        guard !types.isEmpty else { return [] }
        func algorithms(_ type: String) -> [String] {
            type == "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : [type]
        }
        let all = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"]
        return (types.filter(all.contains) + all.filter { !types.contains($0) }).flatMap(algorithms)
    }

    func verify(_ session: ssh_session) throws(HostFailure) {
        let files = settings.knownHosts + settings.globalKnownHosts
        let names = files.isEmpty ? "any file (the SSH configuration names none)" : files.joined(separator: ", ")
        guard let blob = serverKey(session) else {
            throw HostFailure(
                .unreachable, "\(host): the server showed no host key that can be read: \(lastError(of: session))")
        }
        let key = "\(SSHWire(blob).firstText ?? "") \(fingerprint(session))"
        // As known-hosts files name the host: an alias or, beside its address, a port that is not the usual one.
        let name = KnownHosts.names(of: settings)[0]
        switch known.verdict(on: blob, of: settings) {
        case .known: return
        case .unknown:
            if options.acceptNewHostKeys { return try accept(blob) }
            var words = "\(host): the host key of \(name) (\(key)) is not in \(names)"
            if !known.unreadable.isEmpty {
                words += " (\(known.unreadable.joined(separator: ", ")) cannot be read)"
            }
            throw HostFailure(
                .hostKeyUnknown,
                words + ". Compare the fingerprint, then connect once with ssh, or launch with --accept-new-host-keys")
        case .changed(let others):
            let file = files.first { file in others.contains { $0.contains(" at \(file):") } } ?? files.first ?? ""
            throw HostFailure(
                .hostKeyChanged,
                "\(host): the host key of \(name) is \(key), and not the one that is known "
                    + "(\(others.prefix(4).joined(separator: ", "))). Someone may be in between, or the host was set up "
                    + "anew: ask its owner, then remove the old line with `ssh-keygen -R '\(name)' -f '\(file)'`")
        case .revoked(let place):
            throw HostFailure(
                .hostKeyChanged,
                "\(host): the host key of \(name) (\(key)) is revoked at \(place): ask its owner")
        }
    }

    private func accept(_ blob: [UInt8]) throws(HostFailure) {
        guard let file = settings.knownHosts.first else {
            throw HostFailure(
                .hostKeyUnknown,
                "\(host): there is no file to remember its new host key in (UserKnownHostsFile none in the SSH "
                    + "configuration)")
        }
        do { try KnownHosts.add(blob, of: settings, to: file) } catch {
            throw HostFailure(
                .hostKeyUnknown, "\(host): the host key cannot be written to \(file): \(explanation(of: error))")
        }
    }

    private func serverKey(_ session: ssh_session) -> [UInt8]? {
        var key: ssh_key?
        guard ssh_get_server_publickey(session, &key) == SSH_OK, let key else { return nil }
        defer { ssh_key_free(key) }
        return SSHKeyFile.blob(key).map { Array($0) }
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
