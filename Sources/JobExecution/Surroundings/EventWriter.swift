import CPosix
import Glibc
import JobContract

/// Writes events, one line each, to a file descriptor: the agent's spool or a pipe.
final class EventWriter {
    let file: Int32
    /// Whether the last line broke off and its beginning could not be taken back.
    private var brokeOff = false

    init(file: Int32 = STDOUT_FILENO) { self.file = file }

    /// Writes the line in one call, so that a reader of the file never sees half of one after a kill between lines.
    ///
    /// Throws `EventsUnwritable`; half a line is then taken back, or, in a pipe, ended before the next.
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
        // A durable event names files that are on the disk; the line should not be less durable than they are.
        if event.isDurable { fdatasync(file) }
    }

    /// The length of a regular file; nil of a pipe.
    private func length() -> off_t? {
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return status.st_size
    }

    /// Half a line is no event: a reader that met it would blame the worker.
    private func takeBack(to length: off_t) -> Bool {
        ftruncate(file, length) == 0 && lseek(file, length, SEEK_SET) == length
    }
}

/// Nobody can be told what became of the job: the host's fault.
struct EventsUnwritable: Error, CustomStringConvertible {
    let description: String
}
