import CPosix
import Foundation

/// A connected Unix socket that carries lines. One thread at a time may use it.
final class LineStream: @unchecked Sendable {
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var searched = 0

    /// Takes the descriptor over; fails for a peer of another account.
    init?(descriptor: Int32) {
        self.descriptor = descriptor
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        guard posix_peer_user(descriptor) == Int64(getuid()) else { return nil }
    }

    deinit { close(descriptor) }

    /// Writes all bytes; false where they were not written within `seconds`, after which the stream cannot be used any more.
    func write(_ bytes: [UInt8], seconds: Double = 10) -> Bool {
        var done = 0
        let end = Date(timeIntervalSinceNow: seconds)
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                send(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                done += count
            } else if errno == EAGAIN {
                guard wait(for: POLLOUT, until: end) else { return false }
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }

    /// The next line without its end; nil at the end of the stream, after `seconds`, or when it is longer than `limit`.
    func read(limit: Int, seconds: Double = .infinity) -> ArraySlice<UInt8>? {
        let end = seconds.isFinite ? Date(timeIntervalSinceNow: seconds) : nil
        while true {
            if let newline = buffer[searched...].firstIndex(of: 10) {
                let line = buffer[..<newline]
                buffer = Array(buffer[(newline + 1)...])
                searched = 0
                return line
            }
            searched = buffer.count
            guard buffer.count <= limit else { return nil }
            let piece = [UInt8](unsafeUninitializedCapacity: 64 << 10) { piece, count in
                count = max(0, recv(descriptor, piece.baseAddress, piece.count, 0))
            }
            if piece.isEmpty {
                guard isOpen, wait(for: POLLIN, until: end) else { return nil }
            }
            buffer += piece
        }
    }

    /// False once the peer has closed its side and everything it sent was read.
    var isOpen: Bool {
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK))
        return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR))
    }

    private func wait(for events: Int32, until end: Date?) -> Bool {
        var poll = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        while true {
            let left = end.map { $0.timeIntervalSinceNow } ?? 3600
            guard left > 0 else { return false }
            let rc = Glibc.poll(&poll, 1, Int32(min(left, 3600) * 1000) + 1)
            if rc > 0 { return true }
            if rc < 0, errno != EINTR { return false }
        }
    }
}
