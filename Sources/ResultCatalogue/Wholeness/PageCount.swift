import Foundation
import GRDB

/// Checks that a catalogue's file and its `-wal` together have the pages that the file's header promises.
enum PageCount {
    /// Must be called inside a transaction, so that nobody takes pages from `-wal` while they are looked for.
    static func check(_ db: Database, schema: String, path: String) throws {
        let pages = try Int.fetchOne(db.cachedStatement(sql: "PRAGMA \(schema).page_count")) ?? 0
        let size = try Int.fetchOne(db.cachedStatement(sql: "PRAGMA \(schema).page_size")) ?? 0
        if let message = try missing(path, pages: pages, size: size) { throw CatalogueError(.corrupt, message) }
    }

    /// A sentence on what is missing, by its own header, of a file that SQLite refuses; nil where nothing is.
    static func missing(_ path: String) -> String? {
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        guard let header = try? file.read(upToCount: 100), header.count == 100 else { return nil }
        let bytes = [UInt8](header)
        let size = Int(bytes[16]) << 8 | Int(bytes[17])
        return try? missing(path, pages: number(bytes, at: 28), size: size == 1 ? 65536 : size)
    }

    private static func missing(_ path: String, pages: Int, size: Int) throws(CatalogueError) -> String? {
        var status = stat()
        guard size > 0, stat(path, &status) == 0 else { return nil }
        let bytes = Int(status.st_size)
        let whole = bytes / size
        guard bytes < pages * size, try !LogPages.hold(path, from: whole + 1, through: pages, size: size) else {
            return nil
        }
        return "\(path): the file is cut short: it has \(bytes) bytes, \(whole) whole pages of the \(pages) that it "
            + "promises (\(pages * size) bytes). Copy it again from where it is whole; \(path)-wal, where there is "
            + "one, belongs to it."
    }

    static func number(_ bytes: [UInt8], at place: Int) -> Int {
        bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
    }
}
