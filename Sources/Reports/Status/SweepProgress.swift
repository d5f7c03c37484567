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
            WHERE a.outcome IS NULL AND EXISTS (
                SELECT 1 FROM trial t CROSS JOIN wish w ON w.trial = t.key CROSS JOIN sweep s ON s.revision = w.revision
                WHERE t.training = a.training AND s.name = ?)
            """, [.text(sweep)]
        ).rows[0]
        var (wanted, done, recent) = (0.0, 0.0, 0.0)
        for row in try reader.rows(Self.sums, [.text(sweep)]).rows {
            let cost = Training.costPerStep(row)
            wanted += cost * (row[3].number ?? 0)
            done += cost * (row[4].number ?? 0)
        }
        share = wanted > 0 ? done / wanted : nil
        guard let began = start[1].number, now > began, wanted > done else {
            secondsLeft = nil
            return
        }
        for row in try reader.rows(Self.lengths, [.text(sweep), start[0]]).rows {
            let length = TrainingProgress(row)
            recent += length.cost * Double(length.reached - length.before)
        }
        secondsLeft = recent > 0 ? (wanted - done) * (now - began) / recent : nil
    }

    /// What a step's cost depends on, and the steps wanted and reached, summed over the trainings of that cost.
    private static let sums = """
        SELECT x.model_scale, x.resolution, x.batch, x.wanted, x.reached
        FROM sweep s JOIN sweep_work x ON x.sweep = s.key WHERE s.name = ?
        """

    /// By training with something recorded since a time: steps wanted, milestones reached in all, before the time and
    /// first since it, and the recovery point.
    private static let lengths = """
        WITH touched AS (
            SELECT t.training FROM milestone m JOIN trial t ON t.key = m.trial WHERE m.recorded_at >= ?2
            UNION SELECT training FROM recovery_point WHERE recorded_at >= ?2
        ), wanted AS (
            SELECT t.training, max(t.steps) AS steps
            FROM touched x CROSS JOIN trial t ON t.training = x.training CROSS JOIN wish w ON w.trial = t.key
            CROSS JOIN sweep s ON s.revision = w.revision
            WHERE s.name = ?1 GROUP BY t.training
        ), reached AS (
            SELECT t.training, max(t.steps) AS steps,
                max(CASE WHEN m.recorded_at < ?2 THEN t.steps END) AS before,
                min(CASE WHEN m.recorded_at >= ?2 THEN t.steps END) AS since
            FROM wanted w JOIN trial t ON t.training = w.training JOIN milestone m ON m.trial = t.key
            GROUP BY t.training
        )
        SELECT r.model_scale, r.resolution, r.batch, w.steps, x.steps, x.before, x.since, p.steps, p.recorded_at < ?2,
            EXISTS (
                SELECT 1 FROM trial y CROSS JOIN attempt_trial z ON z.trial = y.key
                CROSS JOIN attempt a ON a.number = z.attempt
                WHERE y.training = r.key AND a.kind = 'train' AND a.outcome <> 'succeeded' AND a.ended_at < ?2)
        FROM wanted w JOIN training r ON r.key = w.training
        LEFT JOIN reached x ON x.training = w.training LEFT JOIN recovery_point p ON p.training = w.training
        """
}

/// One training's way, in steps.
private struct TrainingProgress {
    let cost: Double
    /// Recorded now, at most what is wanted.
    let reached: Int
    /// Recorded before the running attempts began; where that is not known, too much rather than too little.
    let before: Int

    init(_ row: [CatalogueValue]) {
        cost = Training.costPerStep(row)
        let wanted = row[3].integer ?? 0
        let recovery = row[7].integer ?? 0
        reached = min(wanted, max(row[4].integer ?? 0, recovery))
        var before = row[5].integer ?? 0
        if row[8].integer == 1 {
            before = max(before, recovery)
        } else if row[9].integer == 1 {
            // An interrupted training went on from a recovery point that a newer one has replaced.
            before = max(before, row[6].integer ?? reached)
        }
        self.before = min(before, reached)
    }
}

extension Training {
    /// `costPerStep` from the columns `model_scale`, `resolution` and `batch`, a row's first.
    fileprivate static func costPerStep(_ row: [CatalogueValue]) -> Double {
        costPerStep(batch: row[2].integer, resolution: row[1].number, scale: row[0].number)
    }
}
