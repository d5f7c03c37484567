import GRDB

/// One cell as SQLite holds it.
package enum CatalogueValue: Hashable, Sendable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob(bytes: Int)

    /// The number in the cell, whole or not; nil for everything else.
    package var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .real(let value): value
        case .null, .text, .blob: nil
        }
    }
    package var integer: Int? { if case .integer(let value) = self { Int(value) } else { nil } }
    package var text: String? { if case .text(let value) = self { value } else { nil } }
}

/// The answer to a query.
package struct CatalogueRows: Hashable, Sendable {
    package let columns: [String]
    package let rows: [[CatalogueValue]]
}

extension CatalogueReader {
    /// Runs one SELECT over the stable views or the tables beneath; `arguments` fill its `?`.
    ///
    /// Throws `.query` when SQLite refuses it, when it is not one statement, or when it would write.
    package func rows(_ sql: String, _ arguments: [CatalogueValue] = []) throws -> CatalogueRows {
        try read { db in
            do {
                let statement = try db.makeStatement(sql: sql)
                guard statement.isReadonly, statement.columnCount > 0 else {
                    throw CatalogueError(.query, "The query changes something or returns nothing; give one SELECT.")
                }
                let cursor = try Row.fetchCursor(
                    statement, arguments: StatementArguments(arguments.map(\.databaseValue)))
                var rows = [[CatalogueValue]]()
                while let row = try cursor.next() {
                    rows.append((0..<row.count).map { CatalogueValue(row[$0] as DatabaseValue) })
                }
                return CatalogueRows(columns: statement.columnNames, rows: rows)
            } catch let error as DatabaseError where Self.isAboutTheQuery(error) {
                throw CatalogueError(.query, "SQLite refuses the query: \(error.message ?? error.description)")
            }
        }
    }

    private static func isAboutTheQuery(_ error: DatabaseError) -> Bool {
        [.SQLITE_ERROR, .SQLITE_MISUSE, .SQLITE_READONLY, .SQLITE_RANGE, .SQLITE_MISMATCH, .SQLITE_AUTH]
            .contains(error.resultCode)
    }
}

extension CatalogueValue {
    init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let value): self = .integer(value)
        case .double(let value): self = .real(value)
        case .string(let value): self = .text(value)
        case .blob(let value): self = .blob(bytes: value.count)
        }
    }

    var databaseValue: DatabaseValue {
        switch self {
        case .null, .blob: .null
        case .integer(let value): value.databaseValue
        case .real(let value): value.databaseValue
        case .text(let value): value.databaseValue
        }
    }
}
