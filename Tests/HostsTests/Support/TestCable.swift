import CPosix
import Foundation

/// A port on loopback whose connections lead to another port, through a cable that can be cut in either direction: bytes
/// sent into the cut are never read, and nothing closes.
final class TestCable: @unchecked Sendable {
    let port: Int
    private let target: Int
    private let listener: Int32
    private let lock = NSLock()
    private var toHost = true
    private var fromHost = true
    private var pairs: [(near: Int32, far: Int32)] = []
    private var isRemoved = false

    init(to target: Int) throws {
        self.target = target
        let free = try LoopbackPort.free("127.0.0.1")
        port = free.number
        listener = try free.listenMute()
        _ = fcntl(listener, F_SETFL, O_NONBLOCK)
        Thread.detachNewThread { [self] in run() }
    }

    func cut(toHost: Bool, fromHost: Bool) {
        lock.withLock {
            self.toHost = !toHost
            self.fromHost = !fromHost
        }
    }

    /// Mends the cable for new connections. Those that were cut stay dead, like those whose other side has given up.
    func mend() {
        lock.withLock {
            toHost = true
            fromHost = true
            for pair in pairs { dead.insert(pair.near) }
        }
    }
    private var dead: Set<Int32> = []

    func remove() { lock.withLock { isRemoved = true } }

    private func run() {
        while true {
            lock.lock()
            if isRemoved {
                for pair in pairs { close(pair.near); close(pair.far) }
                close(listener)
                lock.unlock()
                return
            }
            accept()
            var moved = false
            for pair in pairs where !dead.contains(pair.near) {
                if toHost, move(pair.near, pair.far) { moved = true }
                if fromHost, move(pair.far, pair.near) { moved = true }
            }
            lock.unlock()
            if !moved { usleep(2000) }
        }
    }

    private func accept() {
        let near = Glibc.accept(listener, nil, nil)
        guard near >= 0 else { return }
        guard let far = LoopbackPort(address: "127.0.0.1", number: target).connected() else {
            close(near)
            return
        }
        for descriptor in [near, far] { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
        pairs.append((near, far))
    }

    /// Moves bytes from one end to the other; false: there were none.
    private func move(_ source: Int32, _ sink: Int32) -> Bool {
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(source, &piece, piece.count, 0)
        if count == 0 { shutdown(sink, Int32(SHUT_WR)) }
        guard count > 0 else { return false }
        var sent = 0
        while sent < count {
            let more = send(sink, Array(piece[sent..<count]), count - sent, Int32(MSG_NOSIGNAL))
            if more > 0 { sent += more } else if errno == EAGAIN { usleep(500) } else { return false }
        }
        return true
    }
}
