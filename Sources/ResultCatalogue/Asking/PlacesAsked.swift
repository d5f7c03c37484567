import JobContract
import SweepModel

/// Where trials lie in their sweeps: the axes as sweep files asked for them, as JSON.
extension CatalogueReader {
    /// The sweep that wants a trial, the given one where it does, else the newest; its revision, by which what is known of
    /// the sweep's axes can be kept; and what was asked. Nil for a trial that no sweep wants.
    package func place(of trial: TrialID, in sweep: String? = nil) throws -> (
        sweep: String, revision: Int, asked: String
    )? {
        try rows(
            """
            SELECT s.name, w.revision, w.asked FROM trial t CROSS JOIN wish w ON w.trial = t.key
            CROSS JOIN sweep s ON s.revision = w.revision
            WHERE t.trial_id = ?1 ORDER BY s.name IS ?2 DESC, s.key DESC LIMIT 1
            """, [.text(trial.hex), sweep.map { .text($0) } ?? .null]
        ).rows.first.map { ($0[0].text ?? "", $0[1].integer ?? 0, $0[2].text ?? "") }
    }

    /// `dataset.size`, `dataset.part`, `model.scale`, `training.images` and `seed` of a trial, as its training's columns tell.
    package func plainPlace(of trial: TrialID) throws -> CatalogueRows {
        try rows(
            """
            SELECT r.dataset_size AS "dataset.size", r.part AS "dataset.part", r.model_scale AS "model.scale",
                t.steps * r.batch AS "training.images", r.seed FROM trial t JOIN training r ON r.key = t.training
            WHERE t.trial_id = ?
            """, [.text(trial.hex)])
    }

    /// What a revision asked of some of its trials: of all of them, or of about `most`, the first and the last among them
    /// and the others so spread that no axis is always met at the same value.
    package func asked(ofSome most: Int, in revision: Int) throws -> [String] {
        let last = try rows("SELECT max(position) FROM wish WHERE revision = ?", [.integer(Int64(revision))])
        guard let last = last.rows.first?.first?.integer else { return [] }
        guard last >= most else {
            return try rows("SELECT asked FROM wish WHERE revision = ?", [.integer(Int64(revision))]).rows
                .compactMap { $0[0].text }
        }
        let places = Self.spread(over: last, most: most).map { Int64($0) }
        return try rows(
            "SELECT w.asked FROM json_each(?2) j CROSS JOIN wish w ON w.revision = ?1 AND w.position = j.value",
            [.integer(Int64(revision)), .text(StoredRows.array(places))]
        ).rows.compactMap { $0[0].text }
    }

    /// Places from 0 to `last`, both among them. Steps of the golden ratio meet every part of a grid, whatever the lengths
    /// of its axes.
    package static func spread(over last: Int, most: Int) -> [Int] {
        let golden = (5.0.squareRoot() - 1) / 2
        guard last >= most else { return Array(0...max(0, last)) }
        return [0, last]
            + (0..<most).map { Int(Double(last) * (Double($0) * golden).truncatingRemainder(dividingBy: 1)) }
    }

    /// The key of what a sweep wants now.
    package func revision(of sweep: String) throws -> Int? {
        try rows("SELECT revision FROM sweep WHERE name = ?", [.text(sweep)]).rows.first?.first?.integer
    }

    /// The places of a sweep's trials: the largest, and one more; 0 without any.
    package func placeCount(of sweep: String) throws -> Int {
        try rows(
            "SELECT max(w.position) + 1 FROM sweep s JOIN wish w ON w.revision = s.revision WHERE s.name = ?",
            [.text(sweep)]
        ).rows.first?.first?.integer ?? 0
    }

    /// `trial_id` and what was asked of each trial of a sweep, in order.
    package func scanAsked(of sweep: String, _ body: (CatalogueRow) throws -> Bool) throws {
        try scan(
            """
            SELECT t.trial_id, w.asked FROM sweep s CROSS JOIN wish w ON w.revision = s.revision
            CROSS JOIN trial t ON t.key = w.trial WHERE s.name = ? ORDER BY w.position
            """, [.text(sweep)], body)
    }

    /// `trial_id`, what was asked, the state, and the place of the sweep's trials at these places, in order.
    package func trials(of sweep: String, at places: Range<Int>) throws -> CatalogueRows {
        try rows(
            """
            SELECT trial_id, asked, state, position FROM sweep_trials
            WHERE sweep = ?1 AND position >= ?2 AND position < ?3 ORDER BY position
            """, [.text(sweep), .integer(Int64(places.lowerBound)), .integer(Int64(places.upperBound))])
    }

    /// The trials of the trainings whose IDs begin with `prefix`, by training and length, `limit` at most.
    package func trials(ofTrainingsStartingWith prefix: String, limit: Int) throws -> [TrialID] {
        try rows(
            """
            SELECT t.trial_id FROM training r CROSS JOIN trial t ON t.training = r.key
            WHERE r.training_id >= ?1 AND r.training_id < ?1 || 'g' ORDER BY r.training_id, t.steps LIMIT ?2
            """, [.text(prefix.lowercased()), .integer(Int64(limit))]
        ).rows.compactMap { $0[0].text.flatMap { TrialID(hex: $0) } }
    }

    /// The trials of the last attempts, the last first.
    package func lastTrials(most: Int) throws -> [TrialID] {
        try rows(
            """
            SELECT t.trial_id FROM (SELECT number FROM attempt ORDER BY number DESC LIMIT ?) a
            JOIN attempt_trial x ON x.attempt = a.number JOIN trial t ON t.key = x.trial
            GROUP BY t.key ORDER BY max(a.number) DESC
            """, [.integer(Int64(most))]
        ).rows.compactMap { $0[0].text.flatMap { TrialID(hex: $0) } }
    }

    /// The last of the trials that an attempt is at.
    package func lastTrial(of attempt: AttemptNumber) throws -> TrialID? {
        try rows(
            """
            SELECT t.trial_id FROM attempt_trial x JOIN trial t ON t.key = x.trial WHERE x.attempt = ?
            ORDER BY x.position DESC LIMIT 1
            """, [.integer(Int64(attempt.value))]
        ).rows.first?.first?.text.flatMap { TrialID(hex: $0) }
    }

    /// The trials whose IDs come next before and after `prefix`.
    package func trials(around prefix: String) throws -> [TrialID] {
        try rows(
            """
            SELECT * FROM (SELECT trial_id FROM trial WHERE trial_id < ?1 ORDER BY 1 DESC LIMIT 1)
            UNION ALL SELECT * FROM (SELECT trial_id FROM trial WHERE trial_id > ?1 ORDER BY 1 LIMIT 1)
            """, [.text(prefix.lowercased())]
        ).rows.compactMap { $0[0].text.flatMap { TrialID(hex: $0) } }
    }

    /// The noise levels among the first measurements of a quantity; empty where it has none.
    package func levels(ofQuantity key: Int64) throws -> [Double] {
        try rows(
            """
            SELECT DISTINCT sigma FROM (SELECT sigma FROM measurement WHERE quantity = ? LIMIT 4096)
            WHERE sigma NOT NULL ORDER BY 1
            """, [.integer(key)]
        ).rows.compactMap { $0[0].number }
    }

    /// Whether the first measurements of a quantity have several positions.
    package func hasPositions(quantity key: Int64) throws -> Bool {
        try rows(
            "SELECT 1 FROM (SELECT position FROM measurement WHERE quantity = ? LIMIT 64) WHERE position NOT NULL LIMIT 1",
            [.integer(key)]
        ).rows.count == 1
    }
}
