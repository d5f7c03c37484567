import JobContract
import SweepModel

/// What was recorded last: the news of a run.
extension CatalogueReader {
    /// A measure of a trial, with its first quantities.
    package struct LatestResult: Hashable, Sendable {
        package var trial: TrialID
        package var measure: String
        package var values: [(name: String, sigma: Double?, value: Double)]

        package static func == (a: Self, b: Self) -> Bool { a.trial == b.trial && a.measure == b.measure }
        package func hash(into hasher: inout Hasher) {
            hasher.combine(trial)
            hasher.combine(measure)
        }
    }

    /// What was measured since a time, the last first, with `values` numbers each: those without a noise level before others,
    /// and the share of copies, which the map is made of, before all.
    package func latestResults(since time: String, most: Int, values: Int) throws -> [LatestResult] {
        let found = try rows(
            """
            SELECT t.trial_id, q.measure, d.key, d.request FROM measured d JOIN trial t ON t.key = d.trial
            JOIN measure_request q ON q.key = d.request
            WHERE d.recorded_at >= ? ORDER BY d.key DESC LIMIT ?
            """, [.text(time), .integer(Int64(most))]
        ).rows
        return try found.compactMap { row in
            guard let trial = row[0].text.flatMap({ TrialID(hex: $0) }), let key = row[2].integer,
                let request = row[3].integer
            else { return nil }
            let numbers = try rows(
                """
                SELECT k.name, v.sigma, v.value FROM quantity k JOIN measurement v ON v.quantity = k.key AND v.measured = ?1
                WHERE k.request = ?2 AND v.position IS NULL AND v.value NOT NULL
                ORDER BY v.sigma NOT NULL, k.name <> 'copied', k.key LIMIT ?3
                """, [.integer(Int64(key)), .integer(Int64(request)), .integer(Int64(values))])
            return LatestResult(
                trial: trial, measure: row[1].text ?? "",
                values: numbers.rows.map { ($0[0].text ?? "", $0[1].number, $0[2].number ?? .nan) })
        }
    }

    /// The trials that failed since a time, the last first, with their reasons.
    package func latestFailures(since time: String, most: Int) throws -> [(trial: TrialID, reason: String)] {
        try rows(
            """
            SELECT trial_id, reason FROM trial WHERE state = 'failed' AND ended_at >= ?
            ORDER BY ended_at DESC, key DESC LIMIT ?
            """, [.text(time), .integer(Int64(most))]
        ).rows.compactMap { row in
            row[0].text.flatMap { TrialID(hex: $0) }.map { ($0, row[1].text ?? "no reason was recorded") }
        }
    }

    /// Seconds that a job which measures took lately; nil where none did.
    package func measuringSeconds() throws -> Double? {
        try rows(
            """
            SELECT sum(seconds) / count(DISTINCT attempt)
            FROM (SELECT seconds, attempt FROM measured ORDER BY key DESC LIMIT 500)
            """
        ).rows.first?.first?.number
    }
}
