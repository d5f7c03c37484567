import ResultCatalogue

/// Rows and columns to show: what every listing is made of.
package struct ResultTable: Hashable, Sendable {
    package enum Cell: Hashable, Sendable {
        case null
        case integer(Int64)
        case number(Double)
        case text(String)

        package init(_ value: CatalogueValue) {
            switch value {
            case .null: self = .null
            case .integer(let value): self = .integer(value)
            case .real(let value): self = .number(value)
            case .text(let value): self = .text(value)
            case .blob(let bytes): self = .text("\(bytes) bytes")
            }
        }

        package init(_ value: Int?) { self = value.map { .integer(Int64($0)) } ?? .null }
        package init(_ value: Double?) { self = value.map { $0.isNaN ? .null : .number($0) } ?? .null }
        package init(_ value: String?) { self = value.map(Cell.text) ?? .null }
    }

    /// Names the table where several are shown: lower case, words joined by `_`.
    package var name: String
    package var columns: [String]
    /// Notes for people, shown beside the table.
    package var notes: [String] = []
    /// Each as long as `columns`.
    package var rows: [[Cell]]

    package init(name: String, columns: [String], rows: [[Cell]] = []) {
        self.name = name
        self.columns = columns
        self.rows = rows
    }

    /// A table of what the catalogue answered.
    package init(name: String, _ answer: CatalogueRows) {
        self.init(name: name, columns: answer.columns, rows: answer.rows.map { $0.map { Cell($0) } })
    }
}

/// How listings are printed.
package enum OutputFormat: String, Hashable, Sendable, CaseIterable {
    case table, csv, json, ndjson
}
