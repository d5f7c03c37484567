import Foundation
import ResultCatalogue

/// Counts the changes of the catalogue that were noticed, by a connection that does nothing else. It looks each second while
/// somebody waits, and does nothing while nobody does.
final class ChangeWatch: @unchecked Sendable {
    private let reader: CatalogueReader
    private let condition = NSCondition()
    private var version: Int?
    private var count = 1
    private var waiting = 0
    private var isLooking = false
    private var isOver = false
    private static let pause = 1.0

    init(_ reader: CatalogueReader) { self.reader = reader }

    /// The number of changes so far. Who asks before he reads misses none.
    func look() -> Int {
        condition.lock()
        defer { condition.unlock() }
        // What cannot be read now tells nothing of changes; who reads next is told why.
        guard !isOver, let found = try? reader.version() else { return count }
        if let version, version != found {
            count += 1
            condition.broadcast()
        }
        version = found
        return count
    }

    /// Waits for a change after `known`, `seconds` at most, and returns the number of changes.
    func wait(after known: Int, seconds: Double) -> Int {
        condition.lock()
        defer { condition.unlock() }
        waiting += 1
        defer { waiting -= 1 }
        if !isLooking {
            isLooking = true
            let thread = Thread { [self] in keepLooking() }
            thread.name = "changes"
            thread.start()
        }
        let end = Date(timeIntervalSinceNow: seconds)
        while count <= known, !isOver { guard condition.wait(until: end) else { break } }
        return count
    }

    var isEnding: Bool { condition.withLock { isOver } }

    /// Reads nothing from now on.
    func end() {
        condition.withLock {
            isOver = true
            condition.broadcast()
        }
    }

    private func keepLooking() {
        while true {
            _ = look()
            Thread.sleep(forTimeInterval: Self.pause)
            condition.lock()
            if waiting == 0 || isOver {
                isLooking = false
                condition.unlock()
                return
            }
            condition.unlock()
        }
    }
}
