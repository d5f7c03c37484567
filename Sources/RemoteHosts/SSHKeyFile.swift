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

    /// Makes `key` present the certificate in `file`; false when that is none of its own.
    static func certify(_ key: ssh_key, by file: String) -> Bool {
        var certificate: ssh_key?
        guard access(file, R_OK) == 0, ssh_pki_import_cert_file(file, &certificate) == SSH_OK, let certificate else {
            return false
        }
        defer { ssh_key_free(certificate) }
        // The library does not compare the two; a certificate holds its key's numbers as the key's own form does.
        guard let own = blob(key)?.dropFirst(4), let type = own.firstIndex(of: 0),
            let signed = FileManager.default.contents(atPath: file)
        else { return false }
        let numbers = own[type...]
        let words = String(decoding: signed, as: UTF8.self).split(separator: " ")
        guard words.count > 1, let whole = Data(base64Encoded: String(words[1])), numbers.count > 16,
            whole.range(of: numbers) != nil
        else { return false }
        return ssh_pki_copy_cert_to_privkey(certificate, key) == SSH_OK
    }

    /// The public part, as it goes over the wire.
    private static func blob(_ key: ssh_key) -> Data? {
        var text: UnsafeMutablePointer<CChar>?
        guard ssh_pki_export_pubkey_base64(key, &text) == SSH_OK, let text else { return nil }
        defer { ssh_string_free_char(text) }
        return Data(base64Encoded: String(cString: text))
    }
}
