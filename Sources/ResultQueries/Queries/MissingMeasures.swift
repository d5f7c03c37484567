import JobContract
import ResultCatalogue

/// The measures that a query asks for and that some trials lack because they could not be taken, in words.
package struct MissingMeasures {
    /// A line for each measure and reason.
    package let lines: [String]

    /// Throws what reading the catalogue throws.
    package init(_ request: QueryRequest, in reader: CatalogueReader) throws {
        let sweep = """
            EXISTS (SELECT 1 FROM sweep_trials v WHERE v.sweep IN (SELECT value FROM json_each(?1))
                AND v.trial_id = m.trial_id)
            """
        let sweeps: CatalogueValue =
            try request.sweep.map {
                .text(try JSONText.write([$0] + request.otherSweeps))
            } ?? .null
        let measures = try JSONText.write(request.measures.map(\.measure))
        let rows = try reader.rows(
            """
            SELECT m.measure, m.reason, count(*) FROM missing_measures m
            WHERE (?1 IS NULL OR \(sweep)) AND (?2 = '[]' OR m.measure IN (SELECT value FROM json_each(?2)))
            GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2
            """, [sweeps, .text(measures)])
        lines = rows.rows.map { row in
            let count = row[2].integer ?? 0
            return
                "\(row[0].text ?? "") is missing of \(count) \(count == 1 ? "trial" : "trials"): \(row[1].text ?? "")"
        }
    }
}
