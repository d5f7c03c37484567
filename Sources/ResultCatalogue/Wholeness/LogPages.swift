import Foundation
import Synchronization

/// The pages that a catalogue's `-wal` holds and that may not be in its file yet.
///
/// The pages that were found in a log are remembered until its next round begins: a writer that has just stored a large
/// sweep would otherwise read the whole log again in each transaction.
struct LogPages {
    private static let known = Mutex<[String: LogPages]>([:])

    /// The two numbers that all frames of the log's present round bear.
    private var salts: ArraySlice<UInt8>
    /// The end of the frames read so far, always behind a commit: frames of a transaction that is undone are written over.
    private var end = headerBytes
    private var committed: Set<Int> = []

    /// Whether the `-wal` of the file at `path` holds all of these pages. It must be called inside a transaction, so that
    /// nobody takes them out meanwhile. Throws where the `-wal` is there and cannot be opened, for want of descriptors say.
    static func hold(
        _ path: String, from first: Int, through last: Int, size: Int
    ) throws(CatalogueError) -> Bool {
        let log = open(path + "-wal", O_RDONLY | O_CLOEXEC)
        guard log >= 0 else {
            if errno == ENOENT { return false }
            throw CatalogueError(.other, "\(path)-wal cannot be opened: \(String(cString: strerror(errno)))")
        }
        defer { close(log) }
        guard let header = read(log, headerBytes, at: 0) else { return false }
        let fresh = LogPages(salts: header[16..<24])
        var pages = known.withLock { $0[path] } ?? fresh
        // If the file was cut meanwhile, pages are looked for that were not remembered: the log is read again.
        if pages.salts != fresh.salts || !pages.finds(first...last, in: log, size: size) {
            pages = fresh
            guard pages.finds(first...last, in: log, size: size) else { return false }
        }
        known.withLock { $0[path] = pages }
        return true
    }

    private mutating func finds(_ wanted: ClosedRange<Int>, in log: CInt, size: Int) -> Bool {
        // The page that begins at 1 GiB is SQLite's for locks: it is in no log, and nothing is ever written to it.
        var missing = Set(wanted).subtracting(committed).subtracting([(1 << 30) / size + 1])
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
