import Foundation
import GRDB

/// The catalogues that this process has open. When it exits, all that was committed is in the files, and nothing is left
/// beside them that was not there before.
enum OpenCatalogues {
    private struct Reader {
        weak var queue: DatabaseQueue?
    }

    private static let lock = NSLock()
    /// Held while a catalogue is closed: the end of the process waits for that.
    private static let closing = NSLock()
    nonisolated(unsafe) private static var writers: [ObjectIdentifier: DatabaseQueue] = [:]
    nonisolated(unsafe) private static var readers: [Reader] = []
    /// Files beside which an empty log may be left.
    nonisolated(unsafe) private static var paths: Set<String> = []
    private static let atExit = atexit { OpenCatalogues.closeAll() }

    static func add(writer: DatabaseQueue, at path: String) {
        _ = atExit
        lock.withLock {
            writers[ObjectIdentifier(writer)] = writer
            paths.insert(path)
        }
    }

    /// - Parameter path: the file, if no log lies beside it yet.
    static func add(reader: DatabaseQueue, leavingLogBeside path: String?) {
        _ = atExit
        lock.withLock {
            readers.removeAll { $0.queue == nil }
            readers.append(Reader(queue: reader))
            if let path { paths.insert(path) }
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
        let (written, read, left) = lock.withLock { (writers.values, readers.compactMap(\.queue), paths) }
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
