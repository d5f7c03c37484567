import Foundation
import JobContract
import ResultCatalogue
import SweepModel

/// How much of a sweep's training is recorded, and how long the rest may take. Lengths are weighed by `Training.cost`;
/// measures are not counted.
struct SweepProgress {
    /// From 0 to 1; nil for a sweep without trainings.
    let share: Double?
    /// What is left over the rate since the oldest running attempt began. Nil when nothing runs, nothing was recorded
    /// since, or only measures are left.
    let secondsLeft: Double?

    /// `now` in seconds since 1970.
    init(_ reader: CatalogueReader, sweep: String, now: Double) throws {
        let start = try reader.rows(
            """
            SELECT min(a.started_at), (julianday(min(a.started_at)) - 2440587.5) * 86400 FROM attempt a
            WHERE a.outcome IS NULL AND a.training IN (
                SELECT t.training FROM sweep s JOIN wish w ON w.revision = s.revision JOIN trial t ON t.key = w.trial
                WHERE s.name = ?)
            """, [.text(sweep)]
        ).rows[0]
        var (wanted, done, recent) = (0.0, 0.0, 0.0)
        for row in try reader.rows(Self.lengths, [.text(sweep), start[0]]).rows {
            let length = TrainingProgress(row)
            wanted += length.cost(length.wanted)
            done += length.cost(length.reached)
            recent += length.cost(length.reached) - length.cost(length.before)
        }
        share = wanted > 0 ? done / wanted : nil
        if let began = start[1].number, now > began, recent > 0, wanted > done {
            secondsLeft = (wanted - done) * (now - began) / recent
        } else {
            secondsLeft = nil
        }
    }

    /// By training: steps wanted, milestones reached in all, before a time and first since it, and the recovery point.
    private static let lengths = """
        WITH wanted AS (
            SELECT t.training, max(t.steps) AS steps
            FROM sweep s JOIN wish w ON w.revision = s.revision JOIN trial t ON t.key = w.trial
            WHERE s.name = ?1 GROUP BY t.training
        ), reached AS (
            SELECT t.training, max(t.steps) AS steps,
                max(CASE WHEN m.recorded_at < ?2 THEN t.steps END) AS before,
                min(CASE WHEN m.recorded_at >= ?2 THEN t.steps END) AS since
            FROM wanted w JOIN trial t ON t.training = w.training JOIN milestone m ON m.trial = t.key
            GROUP BY t.training
        )
        SELECT r.training_id, r.model_scale, r.resolution, r.batch, w.steps, x.steps, x.before, x.since, p.steps,
            p.recorded_at < ?2,
            r.key IN (SELECT training FROM attempt WHERE kind = 'train' AND outcome <> 'succeeded' AND ended_at < ?2)
        FROM wanted w JOIN training r ON r.key = w.training
        LEFT JOIN reached x ON x.training = w.training LEFT JOIN recovery_point p ON p.training = w.training
        """
}

/// One training's way, in steps.
private struct TrainingProgress {
    let training: Training?
    let wanted: Int
    /// Recorded now, at most `wanted`.
    let reached: Int
    /// Recorded before the running attempts began; where that is not known, too much rather than too little.
    let before: Int

    init(_ row: [CatalogueValue]) {
        var spec = [String: JSONValue]()
        for (key, value) in zip(["model.scale", "dataset.resolution", "training.batch"], row[1...3]) {
            spec[key] = value.integer.map { .integer(Int64($0)) }
        }
        training = row[0].text.flatMap(Digest.init(hex:)).map { Training(id: TrainingID($0), spec: spec) }
        wanted = row[4].integer ?? 0
        let recovery = row[8].integer ?? 0
        reached = min(wanted, max(row[5].integer ?? 0, recovery))
        var before = row[6].integer ?? 0
        if row[9].integer == 1 {
            before = max(before, recovery)
        } else if row[10].integer == 1 {
            // An interrupted training went on from a recovery point that a newer one has replaced.
            before = max(before, row[7].integer ?? reached)
        }
        self.before = min(before, reached)
    }

    func cost(_ steps: Int) -> Double { training?.cost(steps: steps) ?? 0 }
}
