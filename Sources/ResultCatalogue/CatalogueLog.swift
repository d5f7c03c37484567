import CSQLiteSetup
import Foundation
import GRDB

/// How long the write-ahead log beside a catalogue is.
final class LogLength {
    private let pages = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
    /// Pages after which it is to be brought into the file; about 4 MiB more each time that a reader keeps it from
    /// beginning anew.
    private var limit = most
    private static let most: Int32 = 1000

    init() { pages.initialize(to: 0) }

    deinit { pages.deallocate() }

    /// Must outlive the connection.
    func follow(_ db: Database) { sqlite_note_log(db.sqliteConnection, pages) }

    var isLong: Bool { pages.pointee >= limit }

    func isFolded() { limit = pages.pointee + Self.most }
}

// The file by itself says whether more was committed than it holds. The mark is set in a transaction that is brought into
// the file, and taken back in the next, which waits in the log like all that follows: whoever reads both sees no mark,
// whoever brings the log into the file, by whatever program, removes it, and a copy of the file alone has it.
extension Catalogue {
    /// Brings what was committed into the file, as far as readers allow.
    func fold() throws { try CatalogueError.translating(path) { try queue.inDatabase { try fold($0) } } }

    func fold(_ db: Database) throws {
        try db.execute(sql: "UPDATE catalogue_identity SET log_follows = 1")
        try db.execute(sql: "PRAGMA wal_checkpoint(PASSIVE)")
        try db.execute(sql: "UPDATE catalogue_identity SET log_follows = 0")
        log.isFolded()
    }
}

extension CatalogueFile {
    /// Throws where the file was copied without the log that held what was committed last.
    static func checkLog(_ db: Database, path: String) throws {
        let names = try db.columns(in: "catalogue_identity").map(\.name)
        guard names.contains("log_follows"),
            try Bool.fetchOne(db, sql: "SELECT log_follows FROM catalogue_identity") == true,
            sqlite_log_bytes(db.sqliteConnection) == 0
        else { return }
        throw CatalogueError(
            .partial,
            "\(path): copied while an eigensweep was writing it, without \(path)-wal, which holds the newest results. "
                + "Copy both, or copy the file again when that run has ended; `eigensweep doctor --repair` takes it as it "
                + "is, without them.")
    }

    /// Takes what is missing beside the file at `path` for lost.
    package static func acceptWithoutLog(_ path: String) throws {
        let path = resolve(path)
        try CatalogueError.translating(path) {
            let queue = try DatabaseQueue(path: path, configuration: configuration(readOnly: false))
            try queue.inDatabase { try $0.execute(sql: "UPDATE catalogue_identity SET log_follows = 0") }
            try queue.close()
        }
    }

    /// Removes the empty log that readers left, who may not remove it themselves. The file is not changed.
    static func removeEmptyLog(_ path: String) {
        guard FileManager.default.fileExists(atPath: path + "-wal"), access(path, W_OK) == 0 else { return }
        // SQLite does it when the last connection that may write is closed.
        let queue = try? DatabaseQueue(path: path, configuration: configuration(readOnly: false))
        _ = try? queue?.inDatabase { try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_master") }
        try? queue?.close()
    }
}
