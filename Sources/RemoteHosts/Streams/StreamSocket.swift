import CPosix
import Foundation
import SweepModel

/// A socket that does not block, and the descriptor that wakes the host's thread.
struct StreamSocket {
    let descriptor: Int32
    let wake: Int32
    /// Bytes that the next read may bring: many where many come. A large buffer for each short message would cost more than
    /// all else that is done with it.
    private var room = leastRoom
    private static let leastRoom = 4 << 10
    private static let mostRoom = 256 << 10

    init(_ descriptor: Int32, wake: Int32) {
        self.descriptor = descriptor
        self.wake = wake
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }

    func wait(writing: Bool, seconds: Double) {
        var polls = (
            pollfd(fd: descriptor, events: Int16(POLLIN | (writing ? POLLOUT : 0)), revents: 0),
            pollfd(fd: wake, events: Int16(POLLIN), revents: 0)
        )
        _ = withUnsafeMutablePointer(to: &polls) {
            $0.withMemoryRebound(to: pollfd.self, capacity: 2) { poll($0, 2, Int32(seconds * 1000)) }
        }
    }

    /// What has arrived; nil at the end.
    mutating func read() -> [UInt8]? {
        var failed = false
        let bytes = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            let got = recv(descriptor, buffer.baseAddress, room, 0)
            failed = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)
            count = max(0, got)
        }
        if bytes.count == room {
            room = min(4 * room, Self.mostRoom)
        } else if bytes.count < room / 4 {
            room = max(room / 4, Self.leastRoom)
        }
        return failed ? nil : bytes
    }

    func write(_ bytes: ArraySlice<UInt8>) -> Int {
        // A closed peer shows itself when it is read from.
        max(0, bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) })
    }
}
