import Foundation
import GRDB

/// What this process has open, so that its end, however it comes about, leaves all that was committed in the files, and
/// beside them nothing that was not there.
enum OpenCatalogues {
    private struct Reader {
        weak var queue: DatabaseQueue?
    }

    private static let lock = NSLock()
    /// Held while something is closed: whoever ends the process meanwhile waits.
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

    /// - Parameter path: the file, where no log is beside it yet.
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
        // Readers first: one that is open keeps the log from being removed.
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

    /// Everything committed is in the file then, unless another process reads what was before.
    private static func finish(_ writer: DatabaseQueue) {
        try? writer.inDatabase(Pages.close)
    }
}
