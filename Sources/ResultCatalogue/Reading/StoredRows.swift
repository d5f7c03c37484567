import GRDB
import GRDBSQLite
import JobContract

/// The rows of a query, of which there may be a million, read column by column without making values of GRDB's.
struct StoredRows {
    private let statement: Statement
    private let cursor: RowCursor

    init(_ db: Database, _ sql: String, _ arguments: StatementArguments) throws {
        statement = try db.cachedStatement(sql: sql)
        cursor = try Row.fetchCursor(statement, arguments: arguments)
    }

    /// Goes to the next row; false where there is none.
    func next() throws -> Bool { try cursor.next() != nil }

    func isNull(_ column: CInt) -> Bool { sqlite3_column_type(statement.sqliteStatement, column) == SQLITE_NULL }
    func integer(_ column: CInt) -> Int64 { sqlite3_column_int64(statement.sqliteStatement, column) }
    func count(_ column: CInt) -> Int { Int(integer(column)) }
    func number(_ column: CInt) -> Double? {
        isNull(column) ? nil : sqlite3_column_double(statement.sqliteStatement, column)
    }

    /// The bytes of a text, valid as long as the row is.
    func withText<Result>(_ column: CInt, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        let start = sqlite3_column_text(statement.sqliteStatement, column)
        return body(
            UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement.sqliteStatement, column))))
    }

    func text(_ column: CInt) -> String { withText(column) { String(decoding: $0, as: UTF8.self) } }

    /// Throws where the text is no digest.
    func digest(_ column: CInt) throws -> Digest {
        guard let digest = withText(column, { Digest(hex: $0) }) else {
            throw DatabaseError(
                resultCode: .SQLITE_CORRUPT, message: "\"\(text(column).prefix(80))\" is no digest")
        }
        return digest
    }
}

/// The texts of a column, gathered one after the other.
struct TextColumn {
    private(set) var texts: [UInt8] = []
    private(set) var ends: [Int] = []
    private let count: Int

    /// - Parameter count: how many texts there will be, of about the same length.
    init(count: Int) { self.count = count }

    mutating func append(_ column: CInt, of rows: StoredRows) {
        rows.withText(column) { text in
            // To grow by doubling would copy all texts again.
            if ends.isEmpty { texts.reserveCapacity(count * (text.count + text.count / 16)) }
            texts.append(contentsOf: text)
        }
        ends.append(texts.count)
    }
}

extension StoredRows {
    /// Whole numbers as a JSON array, which a query takes apart with `json_each`.
    static func array(_ numbers: some Sequence<Int64>) -> String {
        "[" + numbers.map(String.init).joined(separator: ",") + "]"
    }
}
