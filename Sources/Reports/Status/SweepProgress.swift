import Foundation
import JobContract
import ResultCatalogue
import SweepModel

/// How much of a sweep's work is recorded, and how long the rest may take. Lengths are weighted by `Training.cost`, in which
/// networks of other people's workers count by their pixels alone, and measures by the time that they took lately beside
/// trainings; before anything was measured they are not counted. What failed or was cancelled is not wanted: a run that ends with
/// failures has done all that it could.
struct SweepProgress {
    /// From 0 to 1; nil for a sweep without trainings.
    let share: Double?
    /// The training that is left, divided by the rate since the oldest running attempt began, and the measures, shared by
    /// those that run. Nil where nothing runs, or training is left and none was recorded since.
    let secondsLeft: Double?

    /// `now` in seconds since 1970.
    init(_ reader: CatalogueReader, _ summary: SweepSummary, now: Double) throws {
        let sweep = summary.name
        let start = try reader.oldestStart(of: sweep).rows[0]
        var (wanted, done, recent) = (0.0, 0.0, 0.0)
        for row in try reader.work(of: sweep).rows {
            let cost = Training.costPerStep(row)
            wanted += cost * (row[4].number ?? 0)
            done += cost * (row[5].number ?? 0)
        }
        if summary.gone > 0 {
            for row in try reader.workGivenUp(of: sweep).rows {
                wanted -= Training.costPerStep(row) * (row[4].number ?? 0)
            }
        }
        let measures = try Measuring(reader, summary)
        let speed = measures.secondsOfOne > 0 ? try Self.secondsPerCost(reader) : 0
        if summary.trials > 0, !summary.isUnfinished {
            share = 1
        } else if speed > 0 {
            share = (done * speed + measures.done) / (wanted * speed + measures.wanted)
        } else {
            share = wanted > 0 ? done / wanted : nil
        }
        guard let began = start[1].number, now > began else {
            secondsLeft = nil
            return
        }
        let measuring = (measures.wanted - measures.done) / Double(max(1, start[2].integer ?? 1))
        guard wanted > done else {
            secondsLeft = measuring > 0 ? measuring : nil
            return
        }
        for row in try reader.trainingsTouched(since: start[0], of: sweep).rows {
            let length = TrainingProgress(row)
            recent += length.cost * Double(length.reached - length.before)
        }
        secondsLeft = recent > 0 ? (wanted - done) * (now - began) / recent + measuring : nil
    }

    /// Seconds that a unit of cost took lately; 0 where nothing is known.
    private static func secondsPerCost(_ reader: CatalogueReader) throws -> Double {
        var (seconds, cost) = (0.0, 0.0)
        for row in try reader.latestTrainings().rows {
            seconds += row[5].number ?? 0
            cost += Training.costPerStep(row) * (row[4].number ?? 0)
        }
        return cost > 0 ? seconds / cost : 0
    }
}

extension SweepSummary {
    /// Trials that no run goes on with.
    fileprivate var gone: Int { counts[.failed, default: 0] + counts[.cancelled, default: 0] }
}

/// The measures of a sweep's trials, in seconds of one slot.
private struct Measuring {
    let secondsOfOne: Double
    let wanted: Double
    let done: Double

    init(_ reader: CatalogueReader, _ summary: SweepSummary) throws {
        secondsOfOne = try reader.measuringSeconds(of: summary.name) ?? 0
        wanted = secondsOfOne * Double(summary.trials - summary.gone)
        done = secondsOfOne * Double(summary.counts[.succeeded, default: 0])
    }
}

/// How far one training is, in steps.
private struct TrainingProgress {
    let cost: Double
    /// Steps recorded now, at most those wanted.
    let reached: Int
    /// Steps recorded before the running attempts began; where that is not known, too many rather than too few.
    let before: Int

    init(_ row: [CatalogueValue]) {
        cost = Training.costPerStep(row)
        let wanted = row[4].integer ?? 0
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
}

extension Training {
    /// `costPerStep` from the columns `model_scale`, `resolution`, `batch` and `architecture`, a row's first, by which the
    /// catalogue counts work.
    fileprivate static func costPerStep(_ row: [CatalogueValue]) -> Double {
        costPerStep(
            architecture: row[3].text, batch: row[2].integer, resolution: row[1].number, scale: row[0].number)
    }
}
