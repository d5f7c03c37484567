extension CatalogueReader {
    /// The numbers of parameters of a sweep's trained networks, by trial.
    package func parameterCounts(of sweep: String) throws -> [String: Int] {
        var known = [String: Int]()
        for row in try rows(
            """
            SELECT t.trial_id, m.parameters FROM sweep s JOIN wish w ON w.revision = s.revision
            JOIN milestone m ON m.trial = w.trial JOIN trial t ON t.key = w.trial WHERE s.name = ?
            """, [.text(sweep)]
        ).rows {
            known[row[0].text ?? ""] = row[1].integer
        }
        return known
    }

    /// The training's key, `trial_id`, `steps` and `losses` of a sweep's trials that have losses, the longest trial of each
    /// training first.
    package func losses(of sweep: String) throws -> CatalogueRows {
        try rows(
            """
            SELECT t.training, t.trial_id, t.steps, m.losses FROM sweep s JOIN wish w ON w.revision = s.revision
            JOIN milestone m ON m.trial = w.trial JOIN trial t ON t.key = w.trial
            WHERE s.name = ? AND m.losses NOT NULL ORDER BY t.training, t.steps DESC
            """, [.text(sweep)])
    }

    /// The first trials of a sweep: `trial_id`, `asked`, `state`, the last loss, `steps`, `parameters`, `host`, `attempts`,
    /// `seconds`.
    package func firstTrials(of sweep: String, most: Int) throws -> CatalogueRows {
        try rows(
            """
            SELECT t.trial_id, s.asked, s.state, json_extract(m.losses, '$[#-1][1]'), t.steps, t.parameters, t.host,
                t.attempts, t.seconds
            FROM sweep_trials s JOIN trials t ON t.trial_id = s.trial_id
            JOIN trial k ON k.trial_id = t.trial_id LEFT JOIN milestone m ON m.trial = k.key
            WHERE s.sweep = ? ORDER BY s.position LIMIT ?
            """, [.text(sweep), .integer(Int64(most))])
    }

    /// The quantities of a sweep's measures that have one value a trial, as `measure.quantity`.
    package func singleQuantities(of sweep: String, most: Int) throws -> [(key: Int, name: String)] {
        try rows(
            """
            SELECT k.key, q.measure || '.' || k.name
            FROM sweep s JOIN wished_measure w ON w.revision = s.revision JOIN measure_request q ON q.key = w.request
            JOIN quantity k ON k.request = q.key
            WHERE s.name = ? AND EXISTS (
                SELECT 1 FROM measurement v WHERE v.quantity = k.key AND v.sigma IS NULL AND v.position IS NULL)
            ORDER BY w.position, k.key LIMIT ?
            """, [.text(sweep), .integer(Int64(most))]
        ).rows.compactMap { row in row[0].integer.map { ($0, row[1].text ?? "") } }
    }

    /// `trial_id` and value of such a quantity, of the first trials of a sweep.
    package func values(ofSingle quantity: Int, of sweep: String, most: Int) throws -> CatalogueRows {
        try rows(
            """
            SELECT t.trial_id, v.value FROM (
                SELECT w.trial FROM sweep s JOIN wish w ON w.revision = s.revision WHERE s.name = ?1
                ORDER BY w.position LIMIT ?3
            ) x JOIN trial t ON t.key = x.trial JOIN quantity k ON k.key = ?2
            JOIN measured d ON d.trial = x.trial AND d.request = k.request AND d.members = ''
            JOIN measurement v ON v.quantity = k.key AND v.measured = d.key
            WHERE v.sigma IS NULL AND v.position IS NULL AND v.value NOT NULL
            """, [.text(sweep), .integer(Int64(quantity)), .integer(Int64(most))])
    }
}
