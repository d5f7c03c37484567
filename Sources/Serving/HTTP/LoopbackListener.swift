import CPosix
import Foundation
import ResultQueries

/// Waits for connections at 127.0.0.1 and serves each on a thread of its own.
final class LoopbackListener: Sendable {
    let port: Int
    private let descriptor: Int32
    private let lock = NSLock()
    nonisolated(unsafe) private var connections = 0
    /// A browser opens six for a page.
    private static let mostConnections = 128

    /// With port 0 the system chooses one. Throws `ReportError` where the port cannot be had.
    init(port wanted: Int) throws {
        func failure(_ what: String) -> ReportError {
            ReportError(.environment, "\(what): \(String(cString: strerror(errno)))")
        }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw failure("no socket can be made") }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(wanted)).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let found = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        guard found else {
            let failure = failure("port \(wanted) of 127.0.0.1 cannot be had")
            close(descriptor)
            throw ReportError(
                .request, failure.message + (wanted == 0 ? "" : "; without --port a free one is chosen"))
        }
        self.descriptor = descriptor
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    /// Serves every connection with `serve` until `end` is called; does not wait.
    func start(_ serve: @escaping @Sendable (HTTPStream) -> Void) {
        let thread = Thread { [self] in accept(serve) }
        thread.name = "browsers"
        thread.start()
    }

    func end() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    private func accept(_ serve: @escaping @Sendable (HTTPStream) -> Void) {
        while true {
            let connection = Glibc.accept(descriptor, nil, nil)
            guard connection >= 0 else {
                if [EINTR, ECONNABORTED, EAGAIN].contains(errno) { continue }
                guard [EMFILE, ENFILE, ENOMEM].contains(errno) else { return }
                usleep(200_000)
                continue
            }
            _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
            let hasRoom = lock.withLock {
                guard connections < Self.mostConnections else { return false }
                connections += 1
                return true
            }
            guard hasRoom else {
                close(connection)
                continue
            }
            let thread = Thread { [self] in
                serve(HTTPStream(descriptor: connection))
                lock.withLock { connections -= 1 }
            }
            thread.name = "browser"
            thread.stackSize = 1 << 20
            thread.start()
        }
    }
}
