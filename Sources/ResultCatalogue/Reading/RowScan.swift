import Dispatch
import GRDB
import GRDBSQLite

/// The current row of a running query, valid until the next. It makes only the values that are asked for.
package struct CatalogueRow {
    private let statement: OpaquePointer

    init(_ statement: OpaquePointer) { self.statement = statement }

    package enum Kind: Hashable, Sendable { case null, integer, real, text, blob }

    package func kind(_ column: Int) -> Kind {
        switch sqlite3_column_type(statement, CInt(column)) {
        case SQLITE_INTEGER: .integer
        case SQLITE_FLOAT: .real
        case SQLITE_TEXT: .text
        case SQLITE_BLOB: .blob
        default: .null
        }
    }
    /// 0 for NULL.
    package func integer(_ column: Int) -> Int64 { sqlite3_column_int64(statement, CInt(column)) }
    /// 0 for NULL.
    package func real(_ column: Int) -> Double { sqlite3_column_double(statement, CInt(column)) }
    package func number(_ column: Int) -> Double? { kind(column) == .null ? nil : real(column) }
    package func count(_ column: Int) -> Int? { kind(column) == .null ? nil : Int(integer(column)) }

    /// The bytes of a text or blob, valid as long as the row is.
    package func withBytes<Result>(_ column: Int, _ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows
        -> Result
    {
        let start = sqlite3_column_blob(statement, CInt(column))?.assumingMemoryBound(to: UInt8.self)
        let count = Int(sqlite3_column_bytes(statement, CInt(column)))
        return try body(UnsafeBufferPointer(start: start, count: start == nil ? 0 : count))
    }

    package func text(_ column: Int) -> String { withBytes(column) { String(decoding: $0, as: UTF8.self) } }
    package func textIfAny(_ column: Int) -> String? { kind(column) == .null ? nil : text(column) }

    package func value(_ column: Int) -> CatalogueValue {
        switch kind(column) {
        case .null: .null
        case .integer: .integer(integer(column))
        case .real: .real(real(column))
        case .text: .text(text(column))
        case .blob: .blob(bytes: Int(sqlite3_column_bytes(statement, CInt(column))))
        }
    }
}

extension CatalogueReader {
    /// Runs one SELECT as `rows` does and hands out its rows as they come; all are of the catalogue as it was at the first.
    /// `begin` is given the columns before. `body` returns false to end the query.
    ///
    /// Throws what `rows` does; an error in SQL is shown at its place. With `seconds` the SQL may be anybody's: it throws
    /// `.query` where that takes longer, a text of 256 MiB, or more memory than is bounded (`CatalogueFile.boundMemory`). Within one of SQLite's functions nothing can
    /// be ended: those may take longer.
    package func scan(
        _ sql: String, _ arguments: [CatalogueValue] = [], seconds: Double? = nil,
        begin: ([String]) throws -> Void = { _ in }, _ body: (CatalogueRow) throws -> Bool
    ) throws {
        let alarm = seconds.map { seconds in
            let alarm = DispatchWorkItem { [database] in database.interrupt() }
            DispatchQueue.global().asyncAfter(deadline: .now() + seconds, execute: alarm)
            return alarm
        }
        defer { alarm?.cancel() }
        try read { db in
            if seconds != nil { sqlite3_limit(db.sqliteConnection, SQLITE_LIMIT_LENGTH, Self.longestText) }
            do {
                let statement = try db.makeStatement(sql: sql)
                guard statement.isReadonly, statement.columnCount > 0 else {
                    throw CatalogueError(.query, "the query changes something or returns nothing; give one SELECT")
                }
                try begin(statement.columnNames)
                let cursor = try Row.fetchCursor(
                    statement, arguments: StatementArguments(arguments.map(\.databaseValue)))
                let row = CatalogueRow(statement.sqliteStatement)
                while try cursor.next() != nil { guard try body(row) else { break } }
            } catch let error as DatabaseError where error.resultCode == .SQLITE_INTERRUPT {
                throw CatalogueError(
                    .query,
                    "the query was ended after \(seconds ?? 0) seconds; narrow it, or allow it more with --time-limit")
            } catch let error as DatabaseError where seconds != nil && Self.isTooLarge(error) {
                throw CatalogueError(
                    .query,
                    "the query was ended: it needs more than \(CatalogueFile.mostMemory >> 30) GiB of memory, or makes a text of more than "
                        + "\(Self.longestText >> 20) MiB")
            } catch let error as DatabaseError where Self.isAboutTheQuery(error) {
                throw CatalogueError(.query, "the query is refused: \(Self.explain(error, sql, db))")
            }
        }
    }

    private static let longestText: CInt = 256 << 20

    private static func isTooLarge(_ error: DatabaseError) -> Bool {
        [.SQLITE_NOMEM, .SQLITE_TOOBIG].contains(error.resultCode)
    }

    /// The message, with the place in the query if SQLite knows it.
    private static func explain(_ error: DatabaseError, _ sql: String, _ db: Database) -> String {
        let message = error.message ?? error.description
        // GRDB's words are for programmers.
        if message.hasPrefix("Multiple statements") { return "it is more than one statement; give one SELECT" }
        let offset = db.sqliteConnection.map { Int(sqlite3_error_offset($0)) } ?? -1
        let bytes = Array(sql.utf8)
        guard bytes.indices.contains(offset) else { return message }
        let before = String(decoding: bytes[..<offset], as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        let rest = String(decoding: bytes[offset...], as: UTF8.self).prefix { $0 != "\n" }
        let start = before.last ?? ""
        return "\(message)\n  \(start)\(rest)\n  \(String(repeating: " ", count: start.count))^"
    }

    private static func isAboutTheQuery(_ error: DatabaseError) -> Bool {
        [.SQLITE_ERROR, .SQLITE_MISUSE, .SQLITE_READONLY, .SQLITE_RANGE, .SQLITE_MISMATCH, .SQLITE_AUTH]
            .contains(error.resultCode)
    }
}
