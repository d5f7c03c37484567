import CPosix
import Glibc
import JobContract
import Synchronization

/// In what an agent stays: on a host of the user's, in an allocation of a queue, or over what an allocation left.
enum AgentRole {
    case host
    case pilot(AllocationTerm)
    /// Begins nothing; tells what became of the attempts, and ends when a coordinator needs nothing of them any more.
    case collector

    var term: AllocationTerm? {
        switch self {
        case .host: nil
        case .pilot(let term): term
        case .collector: AllocationTerm()
        }
    }
}

/// Connections that come from within this program.
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
