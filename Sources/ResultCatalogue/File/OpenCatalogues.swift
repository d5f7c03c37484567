import Foundation
import GRDB

/// The catalogues that this process has open. When it exits, all that was committed is in the files, and nothing is left
/// beside them that was not there before.
enum OpenCatalogues {
    private struct Reader {
        weak var queue: DatabaseQueue?
        let path: String
    }

    private static let lock = NSLock()
    /// Held while a catalogue is closed: the end of the process waits for that.
    private static let closing = NSLock()
    nonisolated(unsafe) private static var writers: [ObjectIdentifier: (queue: DatabaseQueue, path: String)] = [:]
    nonisolated(unsafe) private static var readers: [Reader] = []
    /// Files beside which an empty log may be left.
    nonisolated(unsafe) private static var paths: Set<String> = []
    private static let atExit = atexit { OpenCatalogues.closeAll() }

    static func add(writer: DatabaseQueue, at path: String) {
        _ = atExit
        lock.withLock {
            writers[ObjectIdentifier(writer)] = (writer, path)
            paths.insert(path)
        }
    }

    /// - Parameter leavesLog: no log lies beside the file yet.
    static func add(reader: DatabaseQueue, at path: String, leavesLog: Bool) {
        _ = atExit
        lock.withLock {
            readers.removeAll { $0.queue == nil }
            readers.append(Reader(queue: reader, path: path))
            if leavesLog { paths.insert(path) }
        }
    }

    /// Whether a connection of this process holds locks on the file: whoever opens the file without SQLite, and closes it,
    /// ends them.
    static func hold(_ path: String) -> Bool {
        lock.withLock {
            writers.values.contains { $0.path == path } || readers.contains { $0.queue != nil && $0.path == path }
        }
    }

    /// Ends the writing by `writer`, which readers may still hold.
    static func end(writer: DatabaseQueue) {
        closing.withLock {
            guard lock.withLock({ writers.removeValue(forKey: ObjectIdentifier(writer)) }) != nil else { return }
            finish(writer)
        }
    }

    /// Interrupts what is under way, and closes everything.
    private static func closeAll() {
        closing.lock()
        defer { closing.unlock() }
        let (written, read, left) = lock.withLock {
            (writers.values.map(\.queue), readers.compactMap(\.queue), paths)
        }
        // Readers are closed first: an open one keeps the log from being removed.
        for queue in read {
            queue.interrupt()
            try? queue.close()
        }
        for queue in written {
            queue.interrupt()
            finish(queue)
            try? queue.close()
        }
        for path in left { CatalogueFile.removeEmptyLog(path) }
    }

    /// Brings everything committed into the file, unless another process still reads what was there before.
    private static func finish(_ writer: DatabaseQueue) {
        try? writer.inDatabase(Pages.close)
    }
}
