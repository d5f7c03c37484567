import CPosix
import Glibc
import JobContract

/// Writes events, one line each, to a file descriptor: the agent's spool or a pipe.
final class EventWriter {
    let file: Int32
    /// Whether the last line broke off and its beginning could not be taken back.
    private var brokeOff = false

    init(file: Int32 = STDOUT_FILENO) { self.file = file }

    /// Writes the line in one call, so that a kill leaves no half line in the file.
    ///
    /// Throws `EventsUnwritable`. Half a line is then cut off again; in a pipe, the next line begins on a line of its own.
    func send(_ event: WorkerEvent) throws {
        let line = Array(((brokeOff ? "\n" : "") + (try jsonLine(event)) + "\n").utf8)
        let end = length()
        do {
            try line.withUnsafeBytes { try writeAll($0, to: file, named: "standard output") }
        } catch let failure as JobFailure {
            brokeOff = !(end.map(takeBack) ?? false)
            throw EventsUnwritable(description: failure.message)
        }
        brokeOff = false
        // A durable event names files that are synced to disk; so must its line be.
        if event.isDurable { fdatasync(file) }
    }

    /// The length of a regular file; nil for a pipe.
    private func length() -> off_t? {
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return status.st_size
    }

    /// Cuts half a line off: a reader that met it would blame the worker for an event that is none.
    private func takeBack(to length: off_t) -> Bool {
        ftruncate(file, length) == 0 && lseek(file, length, SEEK_SET) == length
    }
}

/// Events could not be written, so that nobody can be told how the job ended. That is the host's fault.
struct EventsUnwritable: Error, CustomStringConvertible {
    let description: String
}
