/// What a browser shows beside tables: pictures in the store, and the places of a revision's trials.
extension CatalogueReader {
    /// Where the trials of a revision lie: the key of each trial, and what was asked as JSON, in the revision's order.
    package func scanWishes(of revision: Int, _ body: (CatalogueRow) throws -> Bool) throws {
        try scan(
            "SELECT position, trial, asked FROM wish WHERE revision = ? ORDER BY position",
            [.integer(Int64(revision))], body)
    }

    /// The pictures that measures made of some trials, which are named by their keys: the place in `trials`, `measure`,
    /// `name` and `digest`.
    package func pictures(of trials: [Int64]) throws -> CatalogueRows {
        try rows(
            """
            SELECT j.key AS place, q.measure, f.name, f.digest FROM json_each(?) j CROSS JOIN measured d ON d.trial = j.value
            CROSS JOIN artifact f ON f.measured = d.key JOIN measure_request q ON q.key = d.request
            WHERE f.media_type = 'image/png' ORDER BY 1, d.key, f.ordinal
            """, [.text(StoredRows.array(trials))])
    }

    /// Whether some measure made a picture of that digest.
    package func hasPicture(_ digest: String) throws -> Bool {
        try rows(
            "SELECT 1 FROM artifact WHERE digest = ? AND media_type = 'image/png' LIMIT 1", [.text(digest)]
        ).rows.count == 1
    }

    /// The IDs of trials that are named by their keys, in their order.
    package func identities(of trials: [Int64]) throws -> [String] {
        try rows(
            "SELECT t.trial_id FROM json_each(?) j CROSS JOIN trial t ON t.key = j.value ORDER BY j.key",
            [.text(StoredRows.array(trials))]
        ).rows.map { $0[0].text ?? "" }
    }
}
