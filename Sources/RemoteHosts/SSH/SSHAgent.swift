import CPosix
import Foundation
import SweepModel

/// Questions to an SSH agent, each with a time within which it must answer: agents are other people's programs, and
/// libssh would wait for them for ever.
struct SSHAgent {
    let socket: String

    /// A key that the agent holds: its public part as it goes over the wire.
    struct Identity: Hashable {
        var blob: [UInt8]
        var comment: String

        var type: String { SSHWire(blob).firstText ?? "" }
    }

    /// Seconds for telling its keys, and for signing, which a person may have to allow or to touch something for.
    static let listSeconds = 10.0
    static let signSeconds = 60.0

    /// The keys it holds, in its order; nil: it is there and does not answer as an agent does. Empty where there is none.
    func identities() -> [Identity]? {
        guard let connection = Connection(socket, seconds: Self.listSeconds) else { return errno == EAGAIN ? nil : [] }
        guard let answer = connection.ask([11], seconds: Self.listSeconds) else { return nil }
        var wire = SSHWire(answer)
        // An agent that is locked refuses.
        if answer.first == Self.failure { return [] }
        guard wire.byte() == 12, let count = wire.number(), count <= 10_000 else { return nil }
        var found: [Identity] = []
        for _ in 0..<count {
            guard let blob = wire.bytes(), let comment = wire.text() else { return nil }
            found.append(Identity(blob: blob, comment: comment))
        }
        return found
    }

    /// What the agent answers to a request to sign.
    func answer(_ request: [UInt8]) -> [UInt8]? {
        Connection(socket, seconds: Self.listSeconds)?.ask(request, seconds: Self.signSeconds)
    }

    static let failure: UInt8 = 5

    /// One connection to it.
    private final class Connection {
        private let descriptor: Int32

        /// Nil where nobody listens, and, with EAGAIN, where callers wait in numbers and none is taken.
        init?(_ path: String, seconds: Double) {
            let limit = posix_monotonic_seconds() + seconds
            while true {
                let found = posix_try_connect_local(path)
                if found >= 0 {
                    descriptor = found
                    return
                }
                // So many wait there already that there is no room.
                guard errno == EAGAIN else { return nil }
                guard posix_monotonic_seconds() < limit else {
                    errno = EAGAIN
                    return nil
                }
                usleep(50_000)
            }
        }

        deinit { close(descriptor) }

        /// The answer to a message, both without their length; nil when it did not come in time.
        func ask(_ message: [UInt8], seconds: Double) -> [UInt8]? {
            let limit = posix_monotonic_seconds() + seconds
            guard send(SSHWire.framed(message), until: limit), let head = receive(4, until: limit) else { return nil }
            let length = head.reduce(0) { $0 << 8 | Int($1) }
            guard (1...1 << 20).contains(length) else { return nil }
            return receive(length, until: limit)
        }

        private func send(_ bytes: [UInt8], until limit: Double) -> Bool {
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if !waits(POLLOUT, until: limit) {
                    return false
                }
            }
            return true
        }

        private func receive(_ count: Int, until limit: Double) -> [UInt8]? {
            var bytes: [UInt8] = []
            var piece = [UInt8](repeating: 0, count: count)
            while bytes.count < count {
                let got = recv(descriptor, &piece, count - bytes.count, 0)
                if got > 0 {
                    bytes += piece[..<got]
                } else if got == 0 || !waits(POLLIN, until: limit) {
                    return nil
                }
            }
            return bytes
        }

        /// After a call that did nothing: whether it can be tried again.
        private func waits(_ event: Int32, until limit: Double) -> Bool {
            if errno == EINTR { return true }
            let left = limit - posix_monotonic_seconds()
            guard errno == EAGAIN, left > 0 else { return false }
            var polled = pollfd(fd: descriptor, events: Int16(event), revents: 0)
            return poll(&polled, 1, Int32(left * 1000) + 1) >= 0
        }
    }
}

/// Reads what SSH writes: numbers of four bytes, and bytes behind their number.
struct SSHWire {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    /// What is not read yet.
    var remainder: [UInt8] { Array(rest) }

    mutating func byte() -> UInt8? { rest.popFirst() }

    mutating func number() -> Int? {
        guard rest.count >= 4 else { return nil }
        defer { rest = rest.dropFirst(4) }
        return rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
    }

    mutating func bytes() -> [UInt8]? {
        guard let count = number(), count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    /// The text that it begins with, which it keeps.
    var firstText: String? {
        var copy = self
        return copy.text()
    }

    mutating func text() -> String? { bytes().map { String(decoding: $0, as: UTF8.self) } }

    static func framed(_ bytes: [UInt8]) -> [UInt8] { number(bytes.count) + bytes }

    static func number(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
}

/// Which SSH agents answer, so that a mute one is waited for once and not once a host.
final class KnownSSHAgents: Sendable {
    private let mute = Locked<[String: Double]>([:])
    /// Seconds after which a mute agent is tried again.
    private static let pause = 300.0

    /// The keys of the agent at `socket`; nil when it does not answer, which people are told once.
    func identities(_ socket: String, telling asked: AskedOnce) -> [SSHAgent.Identity]? {
        // Others who would ask the same agent wait: it may be mute.
        mute.with { mute in
            if let since = mute[socket], posix_monotonic_seconds() - since < Self.pause { return nil }
            let found = SSHAgent(socket: socket).identities()
            mute[socket] = found == nil ? posix_monotonic_seconds() : nil
            if found == nil {
                asked.note(
                    "the SSH agent at \(socket) does not answer (\(Int(SSHAgent.listSeconds)) s were waited): hosts "
                        + "are tried without it")
            }
            return found
        }
    }
}
