import Foundation
import SweepModel

/// A key that a server is offered, as ssh would do it with the same configuration.
enum SSHKeyOffer: Hashable {
    /// Its name is the file that names it, or what the agent calls it.
    case ofAgent(SSHAgent.Identity, name: String)
    case file(String)

    /// The agent's keys that files name, in the agent's order; then its other ones, unless only `files` are wanted; then
    /// files whose key the agent has not (OpenSSH 9.2, sshconnect2.c, pubkey_prepare).
    static func ordered(files: [String], held: [SSHAgent.Identity], onlyFiles: Bool) -> [SSHKeyOffer] {
        var named: [SSHKeyOffer] = []
        var others: [SSHKeyOffer] = []
        var rest = files.map { (path: $0, blob: held.isEmpty ? nil : SSHKeyFile($0).publicBlob) }
        for identity in held {
            if let place = rest.firstIndex(where: { $0.blob == identity.blob }) {
                named.append(.ofAgent(identity, name: rest.remove(at: place).path))
            } else if !onlyFiles {
                others.append(
                    .ofAgent(identity, name: identity.comment.isEmpty ? "a key" : HostWords.line(identity.comment)))
            }
        }
        return named + others
            + rest.filter { FileManager.default.isReadableFile(atPath: $0.path) }.map { .file($0.path) }
    }
}
