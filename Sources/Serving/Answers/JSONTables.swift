import JobContract
import ResultQueries

extension ResultTable {
    /// `columns` and `rows`, with the notes.
    var json: JSONValue {
        [
            "name": .string(name), "columns": .array(columns.map(JSONValue.string)),
            "rows": .array(rows.map { .array($0.map(\.json)) }), "notes": .array(notes.map(JSONValue.string)),
        ]
    }
}

extension ResultTable.Cell {
    var json: JSONValue {
        switch self {
        case .null: .null
        case .integer(let value): .integer(value)
        case .number(let value): value.isFinite ? .number(value) : .null
        case .text(let value): .string(value)
        }
    }

    /// The value of an axis as it stands in a table.
    init(_ value: JSONValue) {
        switch value {
        case .null: self = .null
        case .integer(let whole): self = .integer(whole)
        case .number(let number): self = .init(number)
        default: self = .text(PointAxes.plain(value))
        }
    }
}

extension JSONValue {
    static func optional(_ text: String?) -> JSONValue { text.map(JSONValue.string) ?? .null }
    static func count(_ value: Int) -> JSONValue { .integer(Int64(value)) }
}
