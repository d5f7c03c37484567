import CPosix
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

    /// Empties it, to be used again. False where something else may still write there; then it can only be removed.
    func clear() -> Bool {
        posix_clear_file(events) == 0 && posix_clear_file(errors) == 0 && posix_clear_directory(work) == 0
    }

    /// Gives what was cleared to another attempt. False where that has something already; what is left is to be removed.
    func give(to other: AttemptDirectory) -> Bool {
        // The events come last: where they are, a start was tried.
        rename(work, other.work) == 0 && rename(errors, other.errors) == 0 && rename(events, other.events) == 0
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
