import CPosix
import Foundation

/// A connection that carries requests and replies. One thread uses it.
final class HTTPStream {
    private let descriptor: Int32
    private var buffer: [UInt8] = []

    /// A longer head is no browser's.
    private static let longestHead = 16 << 10
    private static let endOfHead: [UInt8] = [13, 10, 13, 10]

    /// Takes the descriptor over.
    init(descriptor: Int32) {
        self.descriptor = descriptor
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    deinit { close(descriptor) }

    /// All before the next empty line; nil at the end of the stream, after `seconds`, or where it is too long.
    func readHead(seconds: Double) -> [UInt8]? {
        let end = Date(timeIntervalSinceNow: seconds)
        while true {
            if let place = Self.place(of: Self.endOfHead, in: buffer) {
                let head = Array(buffer[..<place])
                buffer.removeSubrange(..<(place + Self.endOfHead.count))
                return head
            }
            guard buffer.count <= Self.longestHead else { return nil }
            let piece = [UInt8](unsafeUninitializedCapacity: Self.longestHead) { piece, count in
                count = max(0, recv(descriptor, piece.baseAddress, piece.count, 0))
            }
            if piece.isEmpty { guard isOpen, wait(for: POLLIN, until: end) else { return nil } }
            buffer += piece
        }
    }

    private static func place(of needle: [UInt8], in bytes: [UInt8]) -> Int? {
        guard bytes.count >= needle.count else { return nil }
        return (0...bytes.count - needle.count).first { bytes[$0..<$0 + needle.count].elementsEqual(needle) }
    }

    /// Writes all bytes; false where they were not written within `seconds`.
    func write(_ bytes: [UInt8], seconds: Double = 30) -> Bool {
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

    /// False once the other side has closed the connection.
    var isOpen: Bool {
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK))
        return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR))
    }

    private func wait(for events: Int32, until end: Date) -> Bool {
        var poll = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        while true {
            let left = end.timeIntervalSinceNow
            guard left > 0 else { return false }
            let rc = Glibc.poll(&poll, 1, Int32(min(left, 3600) * 1000) + 1)
            if rc > 0 { return true }
            if rc < 0, errno != EINTR { return false }
        }
    }
}
