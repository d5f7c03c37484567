import CPosix
import Glibc
import JobContract
import Synchronization

/// Asks the queue, one thing after the other, on a thread of its own: its commands may take a minute, and meanwhile bytes
/// are to be carried.
final class QueueDesk: Sendable {
    enum Question: Hashable, Sendable {
        case submit(name: String)
        case cancel(name: String)
        case list
    }
    enum Answer: Sendable {
        case submitted(name: String, job: String)
        case refused(name: String, QueueRefusal)
        case listed([QueueEntry])
        case mute(QueueRefusal)
    }
    private struct State {
        var questions: [Question] = []
        var answers: [Answer] = []
    }
    private let state = Mutex(State())
    private let asked = Bell()
    /// Readable when there are answers.
    let answered = Bell()

    /// - Parameter order: the submission of an allocation.
    init(_ queue: any BatchQueue & Sendable, order: @escaping @Sendable (String) throws -> SubmissionOrder) {
        _ = startDetachedThread { [self] in
            while true {
                asked.wait()
                while let question = state.withLock({ $0.questions.first }) {
                    let answer = Self.answer(question, queue, order)
                    state.withLock { state in
                        state.questions.removeFirst()
                        if let answer { state.answers.append(answer) }
                    }
                    answered.ring()
                }
            }
        }
    }

    /// Asks, unless the same question waits.
    func ask(_ question: Question) {
        let isNew = state.withLock { state in
            guard !state.questions.contains(question) else { return false }
            state.questions.append(question)
            return true
        }
        if isNew { asked.ring() }
    }

    /// Waits until everything asked is answered, or the time is up.
    func finish(seconds: Double) {
        let limit = posix_monotonic_seconds() + seconds
        while state.withLock({ !$0.questions.isEmpty }), posix_monotonic_seconds() < limit { usleep(20_000) }
    }

    func takeAnswers() -> [Answer] {
        answered.quiet()
        return state.withLock { state in
            defer { state.answers = [] }
            return state.answers
        }
    }

    private static func answer(
        _ question: Question, _ queue: any BatchQueue, _ order: (String) throws -> SubmissionOrder
    ) -> Answer? {
        do throws(QueueRefusal) {
            switch question {
            case .submit(let name):
                do {
                    return .submitted(name: name, job: try queue.submit(try order(name)))
                } catch {
                    return .refused(name: name, error as? QueueRefusal ?? QueueRefusal(words: "\(error)"))
                }
            case .cancel(let name):
                try queue.cancel(name: name)
                return nil
            case .list: return .listed(try queue.list())
            }
        } catch {
            return .mute(error)
        }
    }
}

/// A descriptor that one thread rings and another waits for.
final class Bell: Sendable {
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

    func wait() {
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&polled, 1, -1)
        quiet()
    }
}
