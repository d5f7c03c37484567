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
    /// Throws `.query` where SQLite refuses the text, where it is not one statement, or where it would write.
    package func rows(_ sql: String, _ arguments: [CatalogueValue] = []) throws -> CatalogueRows {
        var columns = [String]()
        var rows = [[CatalogueValue]]()
        try scan(sql, arguments) {
            columns = $0
        } _: { row in
            rows.append(columns.indices.map(row.value))
            return true
        }
        return CatalogueRows(columns: columns, rows: rows)
    }
}

extension CatalogueValue {
    var databaseValue: DatabaseValue {
        switch self {
        case .null, .blob: .null
        case .integer(let value): value.databaseValue
        case .real(let value): value.databaseValue
        case .text(let value): value.databaseValue
        }
    }
}
