/// The rows that queries are made of. There may be millions of measurements: they are handed out row by row, and `body`
/// returns false to end. Keys are numbers of this catalogue alone.
extension CatalogueReader {
    /// Quantities that something was measured of, in the order in which they were first recorded: `key`, the key of the
    /// `request`, its `measure`, `version` and `parameters`, and `name`.
    package func measuredQuantities() throws -> CatalogueRows {
        try rows(
            """
            SELECT k.key, q.key AS request, q.measure, q.version, q.parameters, k.name
            FROM quantity k JOIN measure_request q ON q.key = k.request ORDER BY q.key, k.key
            """)
    }

    /// The keys of the requests that a sweep wants measured of its trials.
    package func wantedRequests(of sweep: String) throws -> Set<Int64> {
        let rows = try rows(
            "SELECT w.request FROM sweep s JOIN wished_measure w ON w.revision = s.revision WHERE s.name = ?",
            [.text(sweep)]
        ).rows
        return Set(rows.compactMap { $0[0].integer.map(Int64.init) })
    }

    /// Whether a request's measurements are each of several trials together; either all of them are, or none.
    package func isOfSeveralTrials(request: Int64) throws -> Bool {
        let first = try rows("SELECT members FROM measured WHERE request = ? LIMIT 1", [.integer(request)])
        return first.rows.first?.first?.text.map { !$0.isEmpty } == true
    }

    /// What was measured of a request, in the order of recording: its key, and its trials as a JSON array of their IDs.
    package func scanMembers(request: Int64, _ body: (CatalogueRow) throws -> Bool) throws {
        try scan("SELECT key, members FROM measured WHERE request = ? ORDER BY key", [.integer(request)], body)
    }

    /// What was measured of a request, in no order: its key, and its trial's.
    package func scanMeasured(request: Int64, _ body: (CatalogueRow) throws -> Bool) throws {
        try scan("SELECT key, trial FROM measured WHERE request = ?", [.integer(request)], body)
    }

    /// The largest key of anything measured; 0 where nothing was.
    package func largestMeasured() throws -> Int64 {
        Int64(try rows("SELECT max(key) FROM measured").rows.first?.first?.integer ?? 0)
    }

    /// A quantity's measurements as they lie in the file: the key of what was measured, `sigma`, `position`, `value`, `n`
    /// and `stderr`. Those of one thing measured follow one another.
    package func scanMeasurements(quantity: Int64, _ body: (CatalogueRow) throws -> Bool) throws {
        try scan(
            "SELECT v.measured, \(Self.measurement) FROM measurement v WHERE v.quantity = ?", [.integer(quantity)], body
        )
    }

    /// The measurements of some trials, in their order, and quantities, all named by their keys: the place in `trials`, the
    /// quantity, the key of what was measured, `sigma`, `position`, `value`, `n` and `stderr`.
    package func scanMeasurements(
        trials: [Int64], quantities: [Int64], _ body: (CatalogueRow) throws -> Bool
    ) throws {
        // json_each tells the place in the array as its key.
        try scan(
            """
            SELECT j.key, k.key, d.key, \(Self.measurement)
            FROM json_each(?) j CROSS JOIN measured d ON d.trial = j.value
            CROSS JOIN quantity k ON k.request = d.request CROSS JOIN measurement v
            ON v.quantity = k.key AND v.measured = d.key
            WHERE k.key IN (\(quantities.map(String.init).joined(separator: ",")))
            """, [.text(StoredRows.array(trials))], body)
    }

    private static let measurement = "v.sigma, v.position, v.value, v.n, v.stderr"
}
