import Foundation
import SweepModel

/// A key or certificate that a server is offered, as ssh would do it with the same configuration.
enum SSHKeyOffer: Hashable {
    /// Its name is the file that names it, or what the agent calls it.
    case ofAgent(SSHAgent.Identity, name: String)
    case file(String)
    /// A certificate of the key in the file `key`; nil: of one that the agent holds and no file names.
    case certificate(String, key: String?)

    /// Certificates of `CertificateFile`; the agent's keys that files name, in the agent's order; its other ones, unless only
    /// `files` are wanted; then files whose key the agent has not. Where no certificates are named, one beside a key counts
    /// as another file (OpenSSH 9.2, sshconnect2.c, pubkey_prepare, and ssh.c, load_public_identity_files).
    static func ordered(
        files: [String], certificates: [String] = [], held: [SSHAgent.Identity], onlyFiles: Bool
    ) -> [SSHKeyOffer] {
        let keys = files.map { (path: $0, blob: SSHKeyFile($0).publicBlob) }
        var named: [SSHKeyOffer] = certificates.compactMap { certificate in
            // One whose key is nowhere proves nothing.
            let key = keys.first { key in key.blob.map { SSHKeyFile.isCertificate(certificate, of: $0) } ?? false }
            let isHeld = held.contains { SSHKeyFile.isCertificate(certificate, of: $0.blob) }
            return key != nil || isHeld ? .certificate(certificate, key: key?.path) : nil
        }
        var rest: [(offer: SSHKeyOffer, blob: [UInt8]?)] = keys.flatMap { key -> [(SSHKeyOffer, [UInt8]?)] in
            let beside = key.path + "-cert.pub"
            guard certificates.isEmpty, let blob = key.blob, SSHKeyFile.isCertificate(beside, of: blob) else {
                return [(.file(key.path), key.blob)]
            }
            return [
                (.file(key.path), key.blob),
                (.certificate(beside, key: key.path), SSHKeyFile.publicLine(beside)),
            ]
        }
        var others: [SSHKeyOffer] = []
        for identity in held {
            if let place = rest.firstIndex(where: { $0.blob == identity.blob }) {
                named.append(.ofAgent(identity, name: rest.remove(at: place).offer.name))
            } else if !onlyFiles {
                others.append(
                    .ofAgent(identity, name: identity.comment.isEmpty ? "a key" : HostWords.line(identity.comment)))
            }
        }
        return named + others
            + rest.map(\.offer).filter { offer in
                switch offer {
                case .file(let path), .certificate(_, let path?): FileManager.default.isReadableFile(atPath: path)
                case .ofAgent, .certificate(_, nil): true
                }
            }
    }

    private var name: String {
        switch self {
        case .ofAgent(_, let name), .file(let name), .certificate(let name, _): name
        }
    }
}
