import Foundation
import Glibc

/// Cables whose two ends are network devices of the kernel and whose middle is this program. It hands frames on, late, one
/// way only, or not at all. They work on kernels without netem too.
final class RelayedCables: @unchecked Sendable {
    /// What a cable does to frames. One direction may lose them while the other passes them.
    struct Condition: Equatable {
        var losesToHost = false
        var losesFromHost = false
        /// Once the host sends a frame that is nearly full, as files and results are, it hears nothing more.
        var losesToHostFromFullFrame = false
        /// Seconds each frame takes either way.
        var delay = 0.0
    }

    private struct Cable {
        let ends: [Int32]
        var condition = Condition()
        /// Frames on their way to each end, oldest first.
        var underway: [[(due: UInt64, frame: [UInt8])]] = [[], []]
    }

    static let areAvailable = NamespaceHosts.variant == .namespaces && access("/dev/net/tun", R_OK | W_OK) == 0

    private let lock = NSLock()
    private var cables: [Cable] = []
    private var isClosed = false
    private let done = DispatchSemaphore(value: 0)

    /// Lays a cable whose ends are the devices `host` and `bridge`, which it makes, and returns its number. The devices go
    /// with `close`, or with this program.
    func lay(host: String, bridge: String) throws -> Int {
        let ends = [try Self.makeDevice(host), try Self.makeDevice(bridge)]
        return lock.withLock {
            cables.append(Cable(ends: ends))
            return cables.count - 1
        }
    }

    func start() {
        let thread = Thread { [self] in
            relay()
            done.signal()
        }
        thread.name = "cables"
        thread.start()
    }

    func set(_ number: Int, _ change: (inout Condition) -> Void) {
        lock.withLock { change(&cables[number].condition) }
    }

    func close() {
        let wasClosed = lock.withLock {
            defer { isClosed = true }
            return isClosed
        }
        if wasClosed { return }
        done.wait()
        for cable in cables { for end in cable.ends { Glibc.close(end) } }
    }

    private static func makeDevice(_ name: String) throws -> Int32 {
        let descriptor = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw NamespaceHosts.Failure(description: "/dev/net/tun: \(String(cString: strerror(errno)))")
        }
        // struct ifreq has the name in 16 bytes, then flags: frames of Ethernet without a header of the kernel's own.
        var request = [UInt8](repeating: 0, count: 40)
        request.replaceSubrange(0..<name.utf8.count, with: Array(name.utf8))
        let flags: UInt16 = 0x0002 | 0x1000
        request[16] = UInt8(flags & 0xff)
        request[17] = UInt8(flags >> 8)
        let makeInterface: UInt = 0x4004_54ca
        guard ioctl(descriptor, makeInterface, &request) == 0 else {
            let reason = String(cString: strerror(errno))
            Glibc.close(descriptor)
            throw NamespaceHosts.Failure(description: "the network device \(name) cannot be made: \(reason)")
        }
        return descriptor
    }

    private func relay() {
        var frame = [UInt8](repeating: 0, count: 2048)
        while true {
            let (ends, closed, wait) = lock.withLock { (cables.flatMap(\.ends), isClosed, pause()) }
            if closed { return }
            var polls = ends.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            poll(&polls, UInt(polls.count), wait)
            lock.withLock {
                let now = DispatchTime.now().uptimeNanoseconds
                for index in polls.indices where polls[index].revents != 0 {
                    while case let count = read(polls[index].fd, &frame, frame.count), count > 0 {
                        receive(Array(frame[..<count]), from: index, at: now)
                    }
                }
                deliver(at: now)
            }
        }
    }

    /// Milliseconds until the next frame is due, 50 at most.
    private func pause() -> Int32 {
        let now = DispatchTime.now().uptimeNanoseconds
        let due = cables.flatMap { $0.underway.compactMap { $0.first?.due } }.min()
        guard let due else { return 50 }
        return due <= now ? 0 : Int32(min(50, (due - now) / 1_000_000 + 1))
    }

    private static let nearlyFull = 1000

    private func receive(_ frame: [UInt8], from index: Int, at now: UInt64) {
        let (number, end) = (index / 2, index % 2)
        let condition = cables[number].condition
        let isFromHost = end == 0
        if isFromHost, condition.losesToHostFromFullFrame, frame.count >= Self.nearlyFull {
            cables[number].condition.losesToHost = true
        }
        if isFromHost ? condition.losesFromHost : condition.losesToHost { return }
        // More frames than any link holds: the sender sees a loss.
        guard cables[number].underway[1 - end].count < 10_000 else { return }
        cables[number].underway[1 - end].append((now + UInt64(condition.delay * 1e9), frame))
    }

    private func deliver(at now: UInt64) {
        for number in cables.indices {
            for end in 0...1 {
                let due = cables[number].underway[end].prefix { $0.due <= now }
                for (_, frame) in due { _ = write(cables[number].ends[end], frame, frame.count) }
                cables[number].underway[end].removeFirst(due.count)
            }
        }
    }
}
