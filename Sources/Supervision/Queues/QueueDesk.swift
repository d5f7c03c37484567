import CPosix
import Glibc
import JobContract
import Synchronization

/// Asks the queue one question after the other on a thread of its own: the queue's commands may take a minute, and the
/// relay must carry bytes meanwhile.
final class QueueDesk: Sendable {
    enum Question: Hashable, Sendable {
        case submit(name: String)
        case cancel(name: String)
        case list
    }
    enum Answer: Sendable {
        /// - Parameter job: the queue's number.
        case submitted(name: String, job: String)
        /// The allocation was not submitted, as far as is known.
        case refused(name: String, QueueRefusal)
        case listed([QueueEntry])
        /// A cancellation or a listing came to nothing.
        case mute(QueueRefusal)
    }
    private struct State {
        /// The first of them is being asked.
        var questions: [Question] = []
        var answers: [Answer] = []
    }
    private let state = Mutex(State())
    private let asked = Bell()
    /// Readable when there are answers.
    let answered = Bell()

    /// - Parameter order: makes the submission of an allocation by its name.
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

    /// Puts a question last in the line, unless it is in it.
    func ask(_ question: Question) {
        let isNew = state.withLock { state in
            guard !state.questions.contains(question) else { return false }
            state.questions.append(question)
            return true
        }
        if isNew { asked.ring() }
    }

    /// Waits until every question is answered, or so many seconds are over.
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
                    return .refused(name: name, error as? QueueRefusal ?? QueueRefusal(words: explanation(of: error)))
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
