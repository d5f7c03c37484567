import CPosix
import Glibc
import JobContract

/// Synchronises a growing file on a thread of its own. Requests and answers go through pipes, so that nothing is
/// shared and an answer wakes whoever polls.
final class BackgroundSync {
    /// Readable when there is an answer; does not block.
    let answers: Int32
    private let requests: Int32
    private var asked = 0
    private var done = 0

    private struct Request {
        var descriptor: Int64
        var position: Int64
    }

    private struct Ends {
        let requests: Int32
        let answers: Int32
    }

    init() throws(AgentRefusal) {
        var request: [Int32] = [-1, -1]
        var answer: [Int32] = [-1, -1]
        guard posix_make_pipe(&request) == 0, posix_make_pipe(&answer) == 0 else {
            throw Files.refusal("make a pipe")
        }
        requests = request[1]
        answers = answer[0]
        _ = fcntl(answers, F_SETFL, O_NONBLOCK)
        let ends = UnsafeMutablePointer<Ends>.allocate(capacity: 1)
        ends.initialize(to: Ends(requests: request[0], answers: answer[1]))
        let rc = posix_start_thread(
            0,
            { ends in
                guard let ends else { return nil }
                let pointer = ends.assumingMemoryBound(to: Ends.self)
                BackgroundSync.serve(pointer.move())
                pointer.deallocate()
                return nil
            }, ends, nil)
        guard rc == 0 else {
            errno = rc
            throw Files.refusal("start a thread")
        }
    }

    deinit {
        // The thread ends with its requests.
        close(requests)
        close(answers)
    }

    var isIdle: Bool { asked == done }

    /// Asks for everything in the file up to a position to be made durable.
    func ask(_ descriptor: Int32, upTo position: Int) {
        asked = position
        var request = Request(descriptor: Int64(descriptor), position: Int64(position))
        // The pipe holds thousands of these, and every answer takes away all that wait.
        _ = Glibc.write(requests, &request, MemoryLayout<Request>.size)
    }

    /// The furthest position that is durable; nil when there is no answer.
    func synchronised(_ path: String) throws(AgentRefusal) -> Int? {
        var last: Int64?
        var position: Int64 = 0
        while Glibc.read(answers, &position, 8) == 8 { last = position }
        guard let last else { return nil }
        guard last >= 0 else {
            errno = Int32(-last)
            throw Files.refusal("synchronise \(path)")
        }
        done = Int(last)
        return done
    }

    private static func serve(_ ends: Ends) {
        defer {
            close(ends.requests)
            close(ends.answers)
        }
        var requests = [Request](repeating: Request(descriptor: 0, position: 0), count: 256)
        let size = MemoryLayout<Request>.size
        while true {
            let count = Glibc.read(ends.requests, &requests, requests.count * size)
            if count < 0, errno == EINTR { continue }
            guard count >= size else { return }
            let last = requests[count / size - 1]
            var answer = last.position
            if fdatasync(Int32(last.descriptor)) != 0, errno != EINVAL { answer = Int64(-errno) }
            guard Glibc.write(ends.answers, &answer, 8) == 8 else { return }
        }
    }
}
