import JobContract
import ResultCatalogue

/// A place on the map: what figures spread out. Values of seeds and of every other axis lie together on it.
struct GridPoint: Hashable, Comparable {
    var scale: Int
    /// As the sweep asked for it, before rounding to whole steps; in its unit.
    var length: Double
    var size: Int

    static func < (a: GridPoint, b: GridPoint) -> Bool {
        (a.scale, a.length, a.size) < (b.scale, b.length, b.size)
    }
}

/// A sweep's measurements, by place on the map.
struct SweepPoints {
    let sweep: String
    /// "images", "epochs" or "steps": what the sweep's lengths are given in.
    let lengthUnit: String
    let trialCount: Int
    /// Axes besides dataset size, model scale and length that vary: figures average over them.
    let otherAxes: [String]
    private let points: [String: GridPoint]
    private let reader: CatalogueReader

    init(_ reader: CatalogueReader, sweep: String) throws {
        let lengths = try AskedLengths(reader, sweep: sweep)
        let keys = ["dataset.size", "model.scale"]
        let trials = try TrialKeys(reader, sweep: sweep, keys: keys)
        lengthUnit = lengths.unit
        var points = [String: GridPoint]()
        for (row, trial) in trials.trials.enumerated() {
            guard let size = trials.value(row, keys[0]).integerValue,
                let scale = trials.value(row, keys[1]).integerValue, let length = lengths.byTrial[trial]
            else { continue }
            points[trial] = GridPoint(scale: scale, length: length, size: size)
        }
        self.points = points
        self.reader = reader
        self.sweep = sweep
        trialCount = trials.trials.count
        otherAxes = trials.varying.filter { !(keys + ["training.steps"]).contains($0) }
    }

    /// The values of a measure's quantity by noise level (nil where there is none) and place; of the first parameters
    /// the sweep wants the measure with, so that unlike measurements never mix.
    func values(_ measure: String, _ quantity: String) throws -> [Double?: [GridPoint: [Double]]] {
        let request = try reader.rows(
            """
            SELECT q.version, q.parameters FROM sweep s JOIN wished_measure w ON w.revision = s.revision
            JOIN measure_request q ON q.key = w.request WHERE s.name = ? AND q.measure = ? ORDER BY w.position LIMIT 1
            """, [.text(sweep), .text(measure)])
        guard let request = request.rows.first else { return [:] }
        let rows = try reader.rows(
            """
            SELECT trial_id, sigma, value FROM measurements
            WHERE measure = ? AND version = ? AND parameters = ? AND quantity = ? AND position IS NULL
            """, [.text(measure), request[0], request[1], .text(quantity)])
        var values = [Double?: [GridPoint: [Double]]]()
        for row in rows.rows {
            guard let point = points[row[0].text ?? ""], let value = row[2].number else { continue }
            values[row[1].number, default: [:]][point, default: []].append(value)
        }
        return values
    }

    func lengthLabel(_ length: Double) -> String {
        guard lengthUnit != "epochs", length >= 10_000 else { return "\(ResultTable.format(length)) \(lengthUnit)" }
        return length >= 1e6
            ? "\(ResultTable.format(length / 1e6)) M \(lengthUnit)"
            : "\(Int((length / 1e3).rounded())) k \(lengthUnit)"
    }

    /// What stands under every figure, a line each.
    func caption(_ rest: String) -> [String] {
        let averaged = otherAxes.isEmpty ? "" : " Mean over \(otherAxes.joined(separator: ", "))."
        return ["Sweep \(sweep), \(trialCount) trials.\(averaged)", rest]
    }
}
