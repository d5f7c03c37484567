import Foundation
import JobContract

extension ResultTable {
    /// The version of the JSON below: rises when a field is renamed or removed.
    package static let schema = 1

    /// The table as text, ending with a newline.
    ///
    /// `table` is for people: aligned, fractions to four digits, digests shortened, NULL as "-". `csv` (RFC 4180, NULL
    /// empty), `json` (`{"schema", "columns", "rows": [{column: value}]}`) and `ndjson` (a row a line) hold every digit.
    package func render(_ format: OutputFormat) -> String {
        switch format {
        case .table: aligned
        case .csv: csv
        case .json: "{\"schema\":\(Self.schema),\(jsonFields)}\n"
        case .ndjson: rows.map { object($0, leading: "\"schema\":\(Self.schema)") + "\n" }.joined()
        }
    }

    /// Several tables as one text: with titles for people, as `{"schema", "tables": {name: …}}` in JSON; rows in
    /// `ndjson` and `csv` carry or follow their table's name.
    package static func render(_ tables: [ResultTable], _ format: OutputFormat) -> String {
        switch format {
        case .table:
            return tables.map { "\($0.name.replacing("_", with: " "))\n\n\($0.aligned)" }.joined(separator: "\n")
        case .csv:
            return tables.map { "# \($0.name)\n\($0.csv)" }.joined(separator: "\n")
        case .json:
            let fields = tables.map { "\(quote($0.name)):{\($0.jsonFields)}" }
            return "{\"schema\":\(schema),\"tables\":{\(fields.joined(separator: ","))}}\n"
        case .ndjson:
            return tables.flatMap { table in
                table.rows.map {
                    table.object($0, leading: "\"schema\":\(schema),\"table\":\(quote(table.name))") + "\n"
                }
            }.joined()
        }
    }
}

// MARK: For people

extension ResultTable {
    private var aligned: String {
        let body = rows.map { $0.map(Self.short) }
        var widths = columns.map(\.count)
        for row in body { for (index, text) in row.enumerated() { widths[index] = max(widths[index], text.count) } }
        let isNumber = columns.indices.map { index in
            rows.contains { row in
                switch row[index] {
                case .integer, .number: true
                case .null, .text: false
                }
            }
        }
        func line(_ texts: [String]) -> String {
            var line = ""
            for (index, text) in texts.enumerated() {
                let padding = String(repeating: " ", count: widths[index] - text.count)
                line += (index == 0 ? "" : "  ") + (isNumber[index] ? padding + text : text + padding)
            }
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }
        guard !rows.isEmpty else { return line(columns) + "(none)\n" }
        return line(columns) + line(widths.map { String(repeating: "-", count: $0) }) + body.map(line).joined()
    }

    private static func short(_ cell: Cell) -> String {
        switch cell {
        case .null: return "-"
        case .integer(let value): return String(value)
        case .number(let value): return format(value)
        case .text(let value):
            if Digest(hex: value) != nil { return String(value.prefix(12)) }
            // A host's words must not steer the terminal.
            return String(
                String.UnicodeScalarView(
                    value.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
        }
    }

    /// Whole numbers in full, others to four significant digits.
    static func format(_ value: Double) -> String {
        String(format: value.rounded() == value && abs(value) < 1e12 ? "%.0f" : "%.4g", value)
    }
}

// MARK: For programs

extension ResultTable {
    private var csv: String {
        ([columns.map(Self.field)]
            + rows.map { row in
                row.map { cell in
                    switch cell {
                    case .null: ""
                    case .integer(let value): String(value)
                    case .number(let value): value.description
                    case .text(let value): Self.field(value)
                    }
                }
            }).map { $0.joined(separator: ",") + "\n" }.joined()
    }

    private static func field(_ text: String) -> String {
        guard text.isEmpty || text.utf8.contains(where: { [10, 13, 34, 44].contains($0) }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }

    private static func quote(_ text: String) -> String {
        // Text always has a canonical form.
        (try? CanonicalJSON.text(.string(text))) ?? "\"\""
    }

    private var jsonFields: String {
        "\"columns\":[\(columns.map(Self.quote).joined(separator: ","))],"
            + "\"rows\":[\(rows.map { object($0, leading: nil) }.joined(separator: ","))]"
    }

    private func object(_ row: [Cell], leading: String?) -> String {
        let fields = zip(columns, row).map { column, cell in
            let value =
                switch cell {
                case .null: "null"
                case .integer(let value): String(value)
                // JSON has no infinities.
                case .number(let value): (try? CanonicalJSON.number(value)) ?? "null"
                case .text(let value): Self.quote(value)
                }
            return "\(Self.quote(column)):\(value)"
        }
        return "{" + ((leading.map { [$0] } ?? []) + fields).joined(separator: ",") + "}"
    }
}
