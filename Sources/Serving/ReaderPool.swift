import Foundation
import ResultCatalogue

/// Connections to the catalogue, each used by one thread at a time.
final class ReaderPool: @unchecked Sendable {
    private let path: String
    private let most: Int
    private let condition = NSCondition()
    private var idle: [CatalogueReader] = []
    private var opened = 0

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
                condition.signal()
            }
        }
        return try reader.atOneCommit { try body(reader) }
    }

    private func next() throws -> CatalogueReader {
        condition.lock()
        while idle.isEmpty, opened >= most { condition.wait() }
        if let reader = idle.popLast() {
            condition.unlock()
            return reader
        }
        opened += 1
        condition.unlock()
        do { return try CatalogueReader(path: path) } catch {
            condition.withLock {
                opened -= 1
                condition.signal()
            }
            throw error
        }
    }
}
