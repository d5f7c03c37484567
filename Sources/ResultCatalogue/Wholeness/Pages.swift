import CSQLiteSetup
import Foundation
import GRDB

/// Checks that a catalogue's pages are all there and as they were written.
enum Pages {
    /// Throws where pages are missing, and has every page that is read from now on compared with its seal. It must be called
    /// first in each transaction, since the notes of who may have left pages without a seal are read from the same snapshot.
    @discardableResult
    static func check(_ db: Database, schema: String = "main", path: String) throws -> PageCondition {
        try demand(page_demand_unsaid, of: db, schema)
        try PageCount.check(db, schema: schema, path: path)
        let condition = try condition(of: db, schema)
        try demand(condition.demand, of: db, schema)
        return condition
    }

    private static func condition(of db: Database, _ schema: String) throws -> PageCondition {
        switch sealed_pages_of(db.sqliteConnection, schema) {
        case page_seals_none: return .unsealed
        case page_seals_foreign: return .sealed
        case page_seals_unknown:
            throw DatabaseError(
                resultCode: .SQLITE_CORRUPT, message: "page 1 has room for neither seals nor data alone")
        case page_seals_bare where try marks(in: db, schema).isEmpty: return .rewritten
        default: break
        }
        let marks = try marks(in: db, schema)
        if let since = marks[stranger] { return .edited(since: since) }
        return marks.isEmpty ? .sealed : .open
    }

    private static let writer = "eigensweep"
    private static let stranger = "another program"

    /// Who may have left pages without a seal, and since when.
    private static func marks(in db: Database, _ schema: String) throws -> [String: String] {
        do {
            let rows = try Row.fetchAll(db.cachedStatement(sql: "SELECT by, since FROM \(schema).unsealed"))
            return Dictionary(uniqueKeysWithValues: rows.map { ($0[0], $0[1]) })
        } catch let error as DatabaseError where error.resultCode == .SQLITE_ERROR {
            // A catalogue in the making has no such table yet.
            return [writer: ""]
        }
    }

    private static func demand(_ demand: page_demand, of db: Database, _ schema: String) throws {
        try succeed(sealed_pages_demand(db.sqliteConnection, schema, demand))
    }

    private static func succeed(_ code: CInt) throws {
        guard code == 0 else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
    }

    /// A sentence about the page of the file at `path` that was last refused; nil where none was.
    static func refusal(_ path: String) -> String? {
        if let missing = PageCount.missing(path) { return missing }
        var fault = page_fault_changed
        let page = sealed_pages_refused(path, &fault)
        guard page > 0 else { return nil }
        let finding = fault == page_fault_cut ? "is cut short" : "is not as it was written: the file is damaged"
        return "\(path): page \(page) \(finding); nothing is answered from it: restore the catalogue from a copy, or, "
            + "if another program changed it on purpose, take it as it is: `sqlite3 \(path) \"VACUUM INTO 'NEW'\"`"
    }
}

// MARK: Sealing

extension Pages {
    /// Notes that our writer may leave pages without a seal from now on.
    static func open(_ db: Database, at time: String) throws {
        try db.execute(
            sql: "INSERT INTO unsealed VALUES (?, ?) ON CONFLICT DO NOTHING", arguments: [writer, time])
    }

    /// Brings everything into the file, sealed, unless somebody still reads an older state.
    static func close(_ db: Database) throws {
        try db.execute(sql: "PRAGMA busy_timeout = 1000")
        guard try emptyLog(db) else { return }
        try db.execute(sql: "DELETE FROM unsealed WHERE by = ?", arguments: [writer])
        _ = try emptyLog(db)
    }

    /// Makes room for seals in a file of an earlier release, and seals pages that were left without.
    static func seal(_ db: Database, _ condition: PageCondition, path: String) throws {
        let hasRoom = sealed_pages_of(db.sqliteConnection, "main") != page_seals_none
        if condition == .sealed, hasRoom { return }
        if !hasRoom { try makeRoom(db) }
        guard try emptyLog(db) else { return }
        try db.inTransaction(.immediate) {
            var renewed: Int64 = 0
            try succeed(sealed_pages_renew(db.sqliteConnection, condition.demand, &renewed))
            try db.execute(sql: "DELETE FROM unsealed")
            return .commit
        }
        if let outcome = condition.sealedNow(path) { CatalogueFile.caution(outcome) }
    }

    /// Rewrites the file with room for seals. For a moment this takes the file's size again on the disk.
    private static func makeRoom(_ db: Database) throws {
        try succeed(sealed_pages_reserve(db.sqliteConnection))
        do {
            try db.execute(sql: "VACUUM")
        } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL {
            // The file stays as readable as it was, and the next writer tries again.
        }
    }

    /// Brings the pages of `-wal` into the file; false while somebody reads an older state.
    private static func emptyLog(_ db: Database) throws -> Bool {
        try Int.fetchOne(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)") == 0
    }
}
