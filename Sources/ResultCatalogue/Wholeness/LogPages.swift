import Foundation
import Synchronization

/// Which pages a catalogue's `-wal` holds that are not yet in its file.
///
/// What was read of a log is remembered until the next round of it begins: a writer that has just stored a large sweep
/// would otherwise read the whole of it again in each transaction.
struct LogPages {
    private static let known = Mutex<[String: LogPages]>([:])

    /// The two numbers that all frames of the log's present round bear.
    private var salts: ArraySlice<UInt8>
    /// Where the frames end that were read, after a commit: those of a transaction that is undone are written over.
    private var end = headerBytes
    private var committed: Set<Int> = []

    /// Whether the `-wal` of the file at `path` holds all of these pages. Inside a transaction, so that nobody takes them
    /// out meanwhile.
    static func hold(_ path: String, from first: Int, through last: Int, size: Int) -> Bool {
        let log = open(path + "-wal", O_RDONLY | O_CLOEXEC)
        guard log >= 0 else { return false }
        defer { close(log) }
        guard let header = read(log, headerBytes, at: 0) else { return false }
        let fresh = LogPages(salts: header[16..<24])
        var pages = known.withLock { $0[path] } ?? fresh
        // A file that was cut meanwhile lacks pages that were not worth remembering.
        if pages.salts != fresh.salts || !pages.finds(first...last, in: log, size: size) {
            pages = fresh
            guard pages.finds(first...last, in: log, size: size) else { return false }
        }
        known.withLock { $0[path] = pages }
        return true
    }

    private mutating func finds(_ wanted: ClosedRange<Int>, in log: CInt, size: Int) -> Bool {
        var missing = Set(wanted).subtracting(committed)
        var offset = end
        var uncommitted: [Int] = []
        while !missing.isEmpty || offset > end, let frame = Self.read(log, 24, at: offset), frame[8..<16] == salts {
            let page = PageCount.number(frame, at: 0)
            offset += 24 + size
            missing.remove(page)
            if page >= wanted.lowerBound { uncommitted.append(page) }
            let isCommit = PageCount.number(frame, at: 4) > 0
            guard isCommit else { continue }
            committed.formUnion(uncommitted)
            uncommitted = []
            end = offset
        }
        return missing.isEmpty
    }

    private static let headerBytes = 32

    private static func read(_ log: CInt, _ count: Int, at offset: Int) -> [UInt8]? {
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = max(0, pread(log, buffer.baseAddress, count, off_t(offset)))
        }
        return bytes.count == count ? bytes : nil
    }
}
