import SweepModel

/// A question to `query` about where rows of trials pass a level along an axis.
package struct CrossingRequest: Sendable {
    package var crossing: CrossingTerm
    /// The key along which a row's trials lie.
    package var along: String
    /// Nil: every trial of the catalogue.
    package var sweep: String?
    /// Sweeps whose trials count beside those of `sweep`.
    package var otherSweeps: [String] = []
    /// Keeps the trials whose keys satisfy it (`TrialKeys`).
    package var filter: WhereExpression?
    /// Keys to group rows by, among them `position`; where there are none, rows are listed.
    package var groupBy: [String] = []
    /// Columns to sort by, the first first; NULL goes last.
    package var sort: [SortColumn] = []
    /// Rows to show at most.
    package var limit: Int?

    package init(_ crossing: CrossingTerm, along: String) {
        self.crossing = crossing
        self.along = along
    }
}

extension Query {
    /// A row per group, or, without keys to group by, one per row of trials.
    ///
    /// Throws `ReportError.request` for names the catalogue does not have, and for what is not one number of a trial.
    package func run(_ request: CrossingRequest) throws -> ResultTable {
        let rows = try CrossingRows(reader, request)
        var table = request.groupBy.isEmpty ? rows.list() : rows.groups()
        try table.sort(by: request.sort)
        if let limit = request.limit { table.rows = Array(table.rows.prefix(limit)) }
        return table
    }

    /// Writes what `run` answers, and returns notes for people.
    package func write(
        _ request: CrossingRequest, _ format: OutputFormat, to output: @escaping RowWriter.Output
    ) throws -> [String] {
        let table = try run(request)
        var writer = RowWriter(format, to: output)
        try writer.write(table)
        return table.notes
    }
}
