import Foundation
import ResultCatalogue

/// Connections to the catalogue, each used by one thread at a time.
final class ReaderPool: @unchecked Sendable {
    private let path: String
    private let most: Int
    private let condition = NSCondition()
    private var idle: [CatalogueReader] = []
    private var busy: [CatalogueReader] = []
    private var isOver = false

    init(path: String, most: Int) {
        self.path = path
        self.most = most
    }

    /// Waits for a connection where all are in use. All that `body` reads is of one commit.
    func read<Result>(_ body: (CatalogueReader) throws -> Result) throws -> Result {
        let reader = try next()
        defer {
            condition.withLock {
                idle.append(reader)
                busy.removeAll { $0.isSame(as: reader) }
                condition.broadcast()
            }
        }
        return try reader.atOneCommit { try body(reader) }
    }

    private func next() throws -> CatalogueReader {
        condition.lock()
        while idle.isEmpty, busy.count >= most, !isOver { condition.wait() }
        defer { condition.unlock() }
        guard !isOver else { throw CancellationError() }
        // Others wait while one is opened, which takes a moment.
        let reader = try idle.popLast() ?? CatalogueReader(path: path)
        busy.append(reader)
        return reader
    }

    /// Reads nothing from now on, and waits until what is being read has ended: the catalogue is closed next.
    func end() {
        let patience = Date(timeIntervalSinceNow: 10)
        condition.lock()
        defer { condition.unlock() }
        isOver = true
        condition.broadcast()
        while !busy.isEmpty, Date() < patience {
            for reader in busy { reader.interrupt() }
            _ = condition.wait(until: Date(timeIntervalSinceNow: 0.02))
        }
    }
}
