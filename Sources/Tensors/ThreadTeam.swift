import CPosix
import Glibc

/// Threads that do parts of a task together. The thread that calls `run` is the first of them.
///
/// Parts should take milliseconds: a thread that waits sleeps, and waking it takes tens of microseconds.
package final class ThreadTeam {
    /// The numbers of threads that a team may have.
    package static let sizes = 1...256

    /// The number of threads: as many as were wanted, or as the host lets the process have.
    package let count: Int
    private let board = Board()
    private var threads: [pthread_t] = []

    package init(_ wanted: Int) {
        var threads: [pthread_t] = []
        for member in 1..<min(max(wanted, 1), Self.sizes.upperBound) {
            guard let thread = Self.start(member, board) else { break }
            threads.append(thread)
        }
        self.threads = threads
        count = threads.count + 1
    }

    deinit {
        board.close()
        for thread in threads { pthread_join(thread, nil) }
    }

    /// Calls `body` with 0 ..< `count`, each on a thread of its own, 0 on this one; returns when all have returned.
    package func run(_ body: (Int) -> Void) {
        guard count > 1 else { return body(0) }
        withoutActuallyEscaping(body) { body in
            board.announce(body, to: count - 1)
            body(0)
            board.awaitEnd()
        }
    }

    /// Calls `body` with a thread and an item for all items 0 ..< `items`, several at a time on different threads.
    package func share(_ items: Int, _ body: (_ thread: Int, _ item: Int) -> Void) {
        guard items > 1 && count > 1 else {
            for item in 0..<items { body(0, item) }
            return
        }
        run { thread in
            for item in stride(from: thread, to: items, by: count) { body(thread, item) }
        }
    }

    /// Calls `body` for all items 0 ..< `items`, as many at once as there are threads, but at most `atOnce`, each of those
    /// with another place, from 0 on; then, on this thread and in the order of items, `then`.
    package func inOrder(
        _ items: Int, atOnce: Int = .max, _ body: (_ place: Int, _ item: Int) -> Void,
        then: (_ place: Int, _ item: Int) -> Void
    ) {
        let width = min(count, atOnce)
        for first in stride(from: 0, to: items, by: width) {
            let some = min(width, items - first)
            share(some) { _, place in body(place, first + place) }
            for place in 0..<some { then(place, first + place) }
        }
    }

    private static func start(_ member: Int, _ board: Board) -> pthread_t? {
        let post = Unmanaged.passRetained(Post(member: member, board: board))
        var thread = pthread_t()
        let code = posix_start_thread(
            8 << 20,
            { argument in
                guard let argument else { return nil }
                NumericThread.prepare()
                let post = Unmanaged<Post>.fromOpaque(argument).takeRetainedValue()
                post.board.serve(post.member)
                return nil
            }, post.toOpaque(), &thread)
        guard code == 0 else {
            post.release()
            return nil
        }
        return thread
    }

    /// A starting thread's number, and the board from which it takes its tasks.
    private final class Post {
        let member: Int
        let board: Board

        init(member: Int, board: Board) {
            self.member = member
            self.board = board
        }
    }

    /// Where tasks are announced.
    private final class Board: @unchecked Sendable {
        // Unchecked: `lock` guards everything; threads run a task while the one that announced it waits for their end.
        private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        private let begun = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
        private let ended = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
        private var task: ((Int) -> Void)?
        private var number = 0
        private var working = 0
        private var isClosed = false

        init() {
            pthread_mutex_init(lock, nil)
            pthread_cond_init(begun, nil)
            pthread_cond_init(ended, nil)
        }

        deinit {
            pthread_cond_destroy(begun)
            pthread_cond_destroy(ended)
            pthread_mutex_destroy(lock)
            begun.deallocate()
            ended.deallocate()
            lock.deallocate()
        }

        func announce(_ task: @escaping (Int) -> Void, to threads: Int) {
            pthread_mutex_lock(lock)
            self.task = task
            working = threads
            number += 1
            pthread_cond_broadcast(begun)
            pthread_mutex_unlock(lock)
        }

        func awaitEnd() {
            pthread_mutex_lock(lock)
            while working > 0 { pthread_cond_wait(ended, lock) }
            task = nil
            pthread_mutex_unlock(lock)
        }

        func close() {
            pthread_mutex_lock(lock)
            isClosed = true
            pthread_cond_broadcast(begun)
            pthread_mutex_unlock(lock)
        }

        /// Does thread `member`'s part of every task until the board is closed.
        func serve(_ member: Int) {
            var done = 0
            pthread_mutex_lock(lock)
            while true {
                while number == done && !isClosed { pthread_cond_wait(begun, lock) }
                guard !isClosed, let body = task else { break }
                done = number
                pthread_mutex_unlock(lock)
                body(member)
                pthread_mutex_lock(lock)
                working -= 1
                if working == 0 { pthread_cond_signal(ended) }
            }
            pthread_mutex_unlock(lock)
        }
    }
}
