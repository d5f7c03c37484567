import JobContract
import ResultQueries

/// The tables and figures' values of a page as JSON, which its script reads: each number once.
struct PageData {
    private var tables: [String: JSONValue] = [:]
    private var figures: [String: JSONValue] = [:]

    /// Takes a table and returns the name it has in the page.
    mutating func add(_ table: ResultTable, as name: String) -> String {
        tables[name] = [
            "columns": .array(table.columns.map(JSONValue.string)),
            "rows": .array(table.rows.map { .array($0.map(Self.value)) }),
        ]
        return name
    }

    mutating func add(_ figure: SweepPage.Figure) {
        figures[figure.name] = [
            "width": .integer(Int64(figure.width)), "height": .integer(Int64(figure.height)),
            "values": .array(
                figure.values.map { value in
                    [
                        .number((value.x * 10).rounded() / 10), .number((value.y * 10).rounded() / 10),
                        .string(value.text),
                    ]
                }),
        ]
    }

    /// The JSON, in which nothing can end the HTML element it stands in.
    func text() throws -> String {
        ShownText.json(
            try CanonicalJSON.text(["tables": .object(tables), "figures": .object(figures)])
                .replacing("<", with: "\\u003c"))
    }

    private static func value(_ cell: ResultTable.Cell) -> JSONValue {
        switch cell {
        case .null: .null
        case .integer(let value): .integer(value)
        case .number(let value): value.isFinite ? .number(value) : .null
        case .text(let value): .string(value)
        }
    }
}
