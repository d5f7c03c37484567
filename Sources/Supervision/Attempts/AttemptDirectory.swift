import CPosix
import Glibc
import JobContract

/// What the host keeps of one attempt beside the journal: the directory its worker works in, and what it said.
struct AttemptDirectory {
    let path: String

    init(of attempt: AttemptNumber, in attempts: String) { path = "\(attempts)/\(attempt.value)" }

    /// Where the worker runs.
    var work: String { "\(path)/work" }
    var events: String { "\(path)/events" }
    var errors: String { "\(path)/errors" }

    func make() throws(AgentRefusal) { try Files.makeDirectory(work) }

    /// Empties the directory for another attempt. Returns false where it cannot be emptied; then it can only be removed.
    func clear() -> Bool {
        posix_clear_file(events) == 0 && posix_clear_file(errors) == 0 && posix_clear_directory(work) == 0
    }

    /// Renames the emptied directory for another attempt. Returns false where that attempt has one already; then this one
    /// is to be removed.
    func give(to other: AttemptDirectory) -> Bool { rename(path, other.path) == 0 }

    func remove() { Files.removeTree(path) }

    /// The last of what the worker said on standard error.
    var diagnostics: String {
        Files.tail(errors, bytes: 4096)
    }

    /// Bytes of events; nil before the worker's start was tried.
    var eventBytes: Int? {
        var status = stat()
        return lstat(events, &status) == 0 ? Int(status.st_size) : nil
    }

    /// Gives the room of a part of the events back, which reads as zeros from then on.
    func releaseEvents(_ range: Range<Int>) {
        let descriptor = Files.openRegular(events, O_WRONLY)
        guard descriptor >= 0 else { return }
        _ = posix_release_range(descriptor, off_t(range.lowerBound), off_t(range.count))
        close(descriptor)
    }
}
