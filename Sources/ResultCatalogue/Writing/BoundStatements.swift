import GRDB
import GRDBSQLite
import JobContract

/// A value that is bound to a statement without being boxed first: a short job takes a dozen statements.
protocol Bindable {
    func bind(to statement: OpaquePointer, at place: CInt)
}

extension Int: Bindable {
    func bind(to statement: OpaquePointer, at place: CInt) { sqlite3_bind_int64(statement, place, Int64(self)) }
}

extension Int64: Bindable {
    func bind(to statement: OpaquePointer, at place: CInt) { sqlite3_bind_int64(statement, place, self) }
}

/// SQLite stores NaN as NULL.
extension Double: Bindable {
    func bind(to statement: OpaquePointer, at place: CInt) { sqlite3_bind_double(statement, place, self) }
}

extension String: Bindable {
    func bind(to statement: OpaquePointer, at place: CInt) {
        var text = self
        text.withUTF8 { $0.bindText(to: statement, at: place) }
    }
}

extension Digest: Bindable {
    func bind(to statement: OpaquePointer, at place: CInt) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { digits in
            writeHex(to: digits)
            UnsafeBufferPointer(digits).bindText(to: statement, at: place)
        }
    }
}

extension Optional: Bindable where Wrapped: Bindable {
    func bind(to statement: OpaquePointer, at place: CInt) {
        if let self { self.bind(to: statement, at: place) } else { sqlite3_bind_null(statement, place) }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Binds a text, which SQLite copies. A null pointer would be bound as NULL, so an empty text gets another.
    fileprivate func bindText(to statement: OpaquePointer, at place: CInt) {
        let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        guard let start = baseAddress, count > 0 else { return _ = sqlite3_bind_text(statement, place, "", 0, copied) }
        start.withMemoryRebound(to: CChar.self, capacity: count) {
            _ = sqlite3_bind_text(statement, place, $0, CInt(count), copied)
        }
    }
}

extension Recording {
    /// Executes a statement that returns nothing.
    func run<each Value: Bindable>(_ sql: String, _ values: repeat each Value) throws {
        try step(sql, repeat each values) { _ in }
    }

    /// The results of `read` for each row.
    func rows<Read, each Value: Bindable>(
        _ sql: String, _ values: repeat each Value, read: (CatalogueRow) throws -> Read
    ) throws -> [Read] {
        var found: [Read] = []
        try step(sql, repeat each values) { found.append(try read($0)) }
        return found
    }

    private func step<each Value: Bindable>(
        _ sql: String, _ values: repeat each Value, row: (CatalogueRow) throws -> Void
    ) throws {
        let statement = try db.cachedStatement(sql: sql).sqliteStatement
        sqlite3_reset(statement)
        var place: CInt = 0
        for value in repeat each values {
            place += 1
            value.bind(to: statement, at: place)
        }
        guard sqlite3_bind_parameter_count(statement) == place else {
            throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "\(place) values were given", sql: sql)
        }
        defer { sqlite3_reset(statement) }
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_DONE: return
            case SQLITE_ROW: try row(CatalogueRow(statement))
            case let code:
                let message = db.sqliteConnection.map { String(cString: sqlite3_errmsg($0)) }
                throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message, sql: sql)
            }
        }
    }
}
