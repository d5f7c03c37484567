import JobContract
import ResultCatalogue

/// Answers questions about measurements.
package struct Query: Sendable {
    let reader: CatalogueReader

    package init(_ reader: CatalogueReader) { self.reader = reader }

    /// One row per measurement, or one per group.
    ///
    /// Throws `ReportError.request` for names the catalogue does not have, naming those it has.
    package func run(_ request: QueryRequest) throws -> ResultTable {
        let plan = try QueryPlan(reader, request)
        guard request.isList else { return try plan.shaped(try plan.statistics()) }
        var table = ResultTable(name: "measurements", columns: plan.listColumns)
        let bound = request.sort.isEmpty ? request.limit : nil
        try plan.list(limit: bound) { table.rows.append($0) }
        return try plan.shaped(table.withoutEmptyColumns(among: ["sigma", "position"]))
    }

    /// Writes what `run` answers. In a format for programs an unsorted list is written row by row as it is read, so that its
    /// length takes no memory, and with every column, also one that is NULL throughout. Returns notes for people.
    package func write(
        _ request: QueryRequest, _ format: OutputFormat, to output: @escaping RowWriter.Output
    ) throws -> [String] {
        guard request.isList, request.sort.isEmpty, format != .table else {
            var writer = RowWriter(format, to: output)
            let table = try run(request)
            try writer.write(table)
            return table.notes
        }
        let plan = try QueryPlan(reader, request)
        var writer = RowWriter(format, to: output)
        try writer.writeHeader(plan.listColumns)
        try plan.list(limit: request.limit, to: &writer)
        try writer.finish()
        return []
    }

    /// The most values of a table that is held to be written: its columns' widths are known only at its end.
    private static let mostValues = 10_000_000
    private static let mostBytes = 256 << 20

    /// Runs the user's own SELECT over the stable views, for at most so many seconds. Throws `CatalogueError.query` for more
    /// than ten million values, or 256 MiB of text.
    package func run(sql: String, seconds: Double) throws -> ResultTable {
        var table = ResultTable(name: "query", columns: [])
        var bytes = 0
        try reader.scan(sql, seconds: seconds) {
            table.columns = $0
        } _: { row in
            for column in table.columns.indices where row.kind(column) == .text {
                bytes += row.withBytes(column, \.count)
            }
            guard bytes <= Self.mostBytes, (table.rows.count + 1) * table.columns.count <= Self.mostValues else {
                throw CatalogueError(
                    .query,
                    "the query returns more than \(Self.mostValues) values or \(Self.mostBytes >> 20) MiB, too much for a table: "
                        + "add LIMIT, or give --format csv or ndjson, which are written as they come")
            }
            table.rows.append(table.columns.indices.map { ResultTable.Cell(row.value($0)) })
            return true
        }
        return table
    }

    /// Writes what `run(sql:seconds:)` answers, row by row as it is read.
    package func write(
        sql: String, seconds: Double, _ format: OutputFormat, to output: @escaping RowWriter.Output
    ) throws {
        var writer = RowWriter(format, to: output)
        guard format != .table else { return try writer.write(try run(sql: sql, seconds: seconds)) }
        var columns = 0
        try reader.scan(sql, seconds: seconds) {
            columns = $0.count
            try writer.writeHeader($0)
        } _: { row in
            try writer.beginRow()
            for column in 0..<columns {
                switch row.kind(column) {
                case .null: writer.null()
                case .integer: writer.integer(row.integer(column))
                case .real: writer.number(row.real(column))
                case .text: row.withBytes(column) { writer.text($0) }
                case .blob: writer.text(ResultTable.Cell(row.value(column)).text)
                }
            }
            try writer.endRow()
            return true
        }
        try writer.finish()
    }
}
