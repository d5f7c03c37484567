import CPosix
import CSSH
import Foundation
import SweepModel

/// A private key in a file, perhaps under a passphrase.
struct SSHKeyFile {
    let path: String

    init(_ path: String) { self.path = path }

    enum Outcome {
        case key(ssh_key)
        /// It has a passphrase that nobody gave, or gave wrongly.
        case locked
        case damaged
    }

    var needsPassphrase: Bool {
        switch load(passphrase: { nil }) {
        case .key(let key):
            ssh_key_free(key)
            return false
        case .locked: return true
        case .damaged: return false
        }
    }

    /// Reads the key; `passphrase` is asked only when it has one. The caller frees the key.
    func load(passphrase: () -> String?) -> Outcome {
        final class Question {
            var asked = false
        }
        let question = Question()
        // A callback, always: without one the library would ask on the terminal by itself.
        let refuse: ssh_auth_callback = { _, _, _, _, _, user in
            if let user { Unmanaged<Question>.fromOpaque(user).takeUnretainedValue().asked = true }
            return -1
        }
        var key: ssh_key?
        let user = Unmanaged.passUnretained(question).toOpaque()
        if ssh_pki_import_privkey_file(path, nil, refuse, user, &key) == SSH_OK, let key { return .key(key) }
        guard question.asked else { return .damaged }
        guard let words = passphrase(), !words.isEmpty,
            ssh_pki_import_privkey_file(path, words, nil, nil, &key) == SSH_OK, let key
        else { return .locked }
        return .key(key)
    }

    /// The public part as it goes over the wire, from wherever it can be read without a passphrase.
    var publicBlob: [UInt8]? {
        guard let text = SmallFile.content(path).map({ String(decoding: $0, as: UTF8.self) }) else {
            return Self.publicLine(path + ".pub")
        }
        if let blob = Self.openSSHBlob(text) ?? Self.publicLine(path) ?? Self.publicLine(path + ".pub") { return blob }
        guard case .key(let key) = load(passphrase: { nil }) else { return nil }
        defer { ssh_key_free(key) }
        return Self.blob(key).map { Array($0) }
    }

    /// The kind of key, as SSH names it.
    var publicType: String? { publicBlob.flatMap { SSHWire($0).firstText } }

    /// Whether libssh can prove that someone has a key of this kind.
    static func isKnown(type: String) -> Bool {
        let suffix = "-cert-v01@openssh.com"
        let plain = type.hasSuffix(suffix) ? String(type.dropLast(suffix.count)) : type
        return plain == "ssh-ed25519" || plain == "ssh-rsa" || plain.hasPrefix("ecdsa-sha2-nistp")
    }

    /// OpenSSH's own format has the public part in front, also of a key under a passphrase (PROTOCOL.key).
    private static func openSSHBlob(_ text: String) -> [UInt8]? {
        guard let first = text.range(of: "-----BEGIN OPENSSH PRIVATE KEY-----"),
            let last = text.range(of: "-----END OPENSSH PRIVATE KEY-----", range: first.upperBound..<text.endIndex),
            let bytes = Data(
                base64Encoded: String(text[first.upperBound..<last.lowerBound].filter { !$0.isWhitespace }))
        else { return nil }
        let magic = Array("openssh-key-v1\0".utf8)
        guard bytes.starts(with: magic) else { return nil }
        var wire = SSHWire(Array(bytes.dropFirst(magic.count)))
        guard wire.bytes() != nil, wire.bytes() != nil, wire.bytes() != nil, wire.number() == 1 else { return nil }
        return wire.bytes()
    }

    /// The key or certificate in a file of one line, as it goes over the wire.
    static func publicLine(_ path: String) -> [UInt8]? {
        guard let data = SmallFile.content(path) else { return nil }
        let words = String(decoding: data.prefix(65536), as: UTF8.self).split { $0.isWhitespace }
        guard words.count >= 2, let blob = Data(base64Encoded: String(words[1])),
            let type = SSHWire(Array(blob)).firstText,
            type == words[0]
        else { return nil }
        return Array(blob)
    }

    /// Whether a file holds a certificate of the key: that has its numbers as the key's own form does.
    static func isCertificate(_ file: String, of key: [UInt8]) -> Bool {
        var own = SSHWire(key)
        guard let whole = publicLine(file), SSHWire(whole).firstText?.contains("-cert-") == true, own.bytes() != nil,
            case let numbers = own.remainder, numbers.count > 16
        else { return false }
        return Data(whole).range(of: Data(numbers)) != nil
    }

    /// Makes `key` present the certificate in `file`; false when that is none of its own.
    static func certify(_ key: ssh_key, by file: String) -> Bool {
        var certificate: ssh_key?
        guard access(file, R_OK) == 0, ssh_pki_import_cert_file(file, &certificate) == SSH_OK, let certificate else {
            return false
        }
        defer { ssh_key_free(certificate) }
        // The library does not compare the two.
        guard let own = blob(key), isCertificate(file, of: Array(own)) else { return false }
        return ssh_pki_copy_cert_to_privkey(certificate, key) == SSH_OK
    }

    /// The public part, as it goes over the wire.
    static func blob(_ key: ssh_key) -> Data? {
        var text: UnsafeMutablePointer<CChar>?
        guard ssh_pki_export_pubkey_base64(key, &text) == SSH_OK, let text else { return nil }
        defer { ssh_string_free_char(text) }
        return Data(base64Encoded: String(cString: text))
    }
}
