// What the threads of one agent or relay have between them.

import CPosix
import Glibc
import Synchronization

/// Runs `body` on a thread that nobody waits for; false where there can be none.
func startDetachedThread(_ body: @escaping () -> Void) -> Bool {
    let box = Unmanaged.passRetained(ThreadBody(body))
    let code = posix_start_thread(
        1 << 20,
        { argument in
            guard let argument else { return nil }
            Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().body()
            return nil
        }, box.toOpaque(), nil)
    if code != 0 { box.release() }
    return code == 0
}

private final class ThreadBody {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
}

/// A descriptor by which one thread wakes another.
final class Bell: Sendable {
    /// Readable from `ring` to `quiet`.
    let descriptor: Int32 = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))

    deinit { close(descriptor) }

    func ring() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    func quiet() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
    }

    /// Sleeps until it rings, and quiets it.
    func wait() {
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&polled, 1, -1)
        quiet()
    }
}

/// Connections to an agent that other threads of its program have made.
final class JoiningConnections: Sendable {
    private let waiting = Mutex<[Int32]>([])
    let bell = Bell()

    func add(_ descriptor: Int32) {
        waiting.withLock { $0.append(descriptor) }
        bell.ring()
    }

    func takeAll() -> [Int32] {
        bell.quiet()
        return waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
    }
}

/// Two connected sockets, which the caller closes; nil where they cannot be had.
struct LocalPair {
    let near: Int32
    let far: Int32

    init?() {
        var pair: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) == 0 else {
            return nil
        }
        (near, far) = (pair[0], pair[1])
    }
}
