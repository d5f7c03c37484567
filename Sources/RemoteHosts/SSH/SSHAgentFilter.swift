import CPosix
import CSSH
import Foundation
import SweepModel

/// Stands between libssh, which offers an agent's keys all or none and waits for it without end, and the SSH agent: shows
/// one key at a time and passes on what is to be signed, in a time.
final class SSHAgentFilter: Sendable {
    private let agent: SSHAgent
    private let shown = Locked<SSHAgent.Identity?>(nil)
    /// The agent did not sign with the key that is shown.
    private let failed = Locked(false)

    init(_ agent: SSHAgent) { self.agent = agent }

    /// Makes a session's agent of it; false when the session does not take it. It lives as long as the session.
    func attach(to session: ssh_session) -> Bool {
        var pair: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &pair) == 0 else { return false }
        let (near, far) = (pair[0], pair[1])
        guard ssh_set_agent_socket(session, near) == SSH_OK else {
            close(near)
            close(far)
            return false
        }
        let thread = Thread { [self] in
            serve(far)
            close(far)
        }
        thread.name = "SSH agent"
        thread.stackSize = 512 << 10
        thread.start()
        return true
    }

    /// Lets the agent have this key alone from now on.
    func show(_ identity: SSHAgent.Identity) {
        shown.with { $0 = identity }
        failed.with { $0 = false }
    }

    /// Whether the agent was asked to sign with the shown key and did not.
    var hasRefused: Bool { failed.with { $0 } }

    private func serve(_ descriptor: Int32) {
        while let head = read(4, from: descriptor) {
            let length = head.reduce(0) { $0 << 8 | Int($1) }
            guard (1...1 << 20).contains(length), let request = read(length, from: descriptor) else { return }
            let answer = SSHWire.framed(answer(to: request))
            var rest = answer[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                guard count > 0 || (count < 0 && errno == EINTR) else { return }
                rest = rest.dropFirst(max(0, count))
            }
        }
    }

    private func answer(to request: [UInt8]) -> [UInt8] {
        switch request.first {
        case 11:
            guard let identity = shown.with({ $0 }) else { return [12] + SSHWire.number(0) }
            return [12] + SSHWire.number(1) + SSHWire.framed(identity.blob)
                + SSHWire.framed(Array(identity.comment.utf8))
        case 13:
            let answer = agent.answer(request)
            if answer?.first != 14 { failed.with { $0 = true } }
            return answer ?? [SSHAgent.failure]
        default: return [SSHAgent.failure]
        }
    }

    private func read(_ count: Int, from descriptor: Int32) -> [UInt8]? {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: count)
        while bytes.count < count {
            let got = recv(descriptor, &piece, count - bytes.count, 0)
            if got > 0 { bytes += piece[..<got] } else if got == 0 || errno != EINTR { return nil }
        }
        return bytes
    }
}
