import CPosix
import Glibc
import JobContract

/// Writes events, one line each, to a file descriptor: the agent's spool or a pipe.
struct EventWriter {
    let file: Int32

    init(file: Int32 = STDOUT_FILENO) { self.file = file }

    /// Writes the line in one call, so that a reader of the file never sees half of one after a kill between lines.
    func send(_ event: WorkerEvent) throws {
        let line = Array((try jsonLine(event) + "\n").utf8)
        try line.withUnsafeBytes { try writeAll($0, to: file, named: "standard output") }
        // A durable event names files that are on the disk; the line should not be less durable than they are.
        if event.isDurable { fdatasync(file) }
    }
}
