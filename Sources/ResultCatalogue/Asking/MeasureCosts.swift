import JobContract

/// What a measure took, on the mean over trials whose networks are of one size.
package struct MeasureCost: Hashable, Sendable {
    package var measure: String
    package var parameters: [String: JSONValue]
    package var architecture: String?
    package var scale: Int?
    package var resolution: Int?
    /// Of a slot.
    package var seconds: Double
    /// Of the files that it left.
    package var bytes: Double
}

extension CatalogueReader {
    /// The costs of the measures taken last; comparisons are left out.
    package func measureCosts() throws -> [MeasureCost] {
        try rows(
            """
            SELECT q.measure, q.parameters, r.architecture, r.model_scale, r.resolution, avg(d.seconds), avg(d.bytes)
            FROM (
                SELECT trial, request, seconds,
                    (SELECT coalesce(sum(f.bytes), 0) FROM artifact f WHERE f.measured = measured.key) AS bytes
                FROM measured WHERE members = '' ORDER BY key DESC LIMIT 5000
            ) d JOIN measure_request q ON q.key = d.request JOIN trial t ON t.key = d.trial
            JOIN training r ON r.key = t.training GROUP BY q.key, 3, 4, 5
            """
        ).rows.map { row in
            MeasureCost(
                measure: row[0].text ?? "", parameters: JSONText.object(row[1].text ?? "") ?? [:],
                architecture: row[2].text, scale: row[3].integer, resolution: row[4].integer,
                seconds: row[5].number ?? 0, bytes: row[6].number ?? 0)
        }
    }
}
