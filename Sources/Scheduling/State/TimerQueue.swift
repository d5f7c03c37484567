import JobContract
import SweepModel

/// What has a time limit.
enum TimeLimit: Hashable {
    case host(HostName)
    case attempt(AttemptNumber)
    /// The end of the run.
    case ending
    /// Moving waiting attempts to hosts that would begin them sooner.
    case balance
    /// Asking for allocations of queues, and dismissing them.
    case staff
}

/// When to look at what again, earliest first: a binary heap with one valid entry for each limit.
struct TimerQueue {
    private struct Entry {
        let instant: Instant
        let order: Int
        let limit: TimeLimit

        static func < (a: Self, b: Self) -> Bool { a.instant == b.instant ? a.order < b.order : a.instant < b.instant }
    }

    private var heap: [Entry] = []
    private var pending: [TimeLimit: Instant] = [:]
    private var added = 0

    /// A lower bound of the earliest limit; nil: there is none.
    var next: Instant? { heap.first?.instant }

    /// Asks for a look at `limit` at `instant`, or earlier if that was asked for before: who looks then asks again.
    mutating func add(_ limit: TimeLimit, at instant: Instant) {
        if let earlier = pending[limit], earlier <= instant { return }
        pending[limit] = instant
        added += 1
        heap.append(Entry(instant: instant, order: added, limit: limit))
        siftUp(heap.count - 1)
    }

    /// Forgets a limit.
    mutating func remove(_ limit: TimeLimit) {
        pending[limit] = nil
        guard heap.count > 2 * pending.count + 1024 else { return }
        heap = heap.filter { pending[$0.limit] == $0.instant }
        heap.sort { $0 < $1 }
    }

    /// The earliest limit that has passed, which is forgotten; nil: none has.
    mutating func popDue(at now: Instant) -> TimeLimit? {
        while let first = heap.first, first.instant <= now {
            popFirst()
            guard pending[first.limit] == first.instant else { continue }
            pending[first.limit] = nil
            return first.limit
        }
        return nil
    }

    private mutating func siftUp(_ index: Int) {
        var child = index
        while child > 0, case let parent = (child - 1) / 2, heap[child] < heap[parent] {
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func popFirst() {
        let last = heap.removeLast()
        guard !heap.isEmpty else { return }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
