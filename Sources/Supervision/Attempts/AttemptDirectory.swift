import Glibc
import JobContract

/// What the host keeps of one attempt beside the journal: the directory its worker works in, and what it said.
struct AttemptDirectory {
    /// Where the worker runs.
    let work: String

    init(of attempt: AttemptNumber, in attempts: String) { work = "\(attempts)/\(attempt.value)" }

    var events: String { "\(work).events" }
    var errors: String { "\(work).errors" }

    /// The attempt that a name in the directory of attempts belongs to.
    static func attempt(of name: String) -> AttemptNumber? {
        let words = name.split(separator: ".", omittingEmptySubsequences: false)
        guard let number = Int(words[0]), words.count == 1 || ["events", "errors"].contains(words[1]) else {
            return nil
        }
        return AttemptNumber(number)
    }

    func remove() {
        unlink(events)
        unlink(errors)
        Files.removeTree(work)
    }

    /// The last of what the worker said on standard error.
    var diagnostics: String { Files.tail(errors, bytes: 4096) }

    /// Bytes of events; nil before the worker's start was tried.
    var eventBytes: Int? {
        var status = stat()
        return stat(events, &status) == 0 ? Int(status.st_size) : nil
    }
}
