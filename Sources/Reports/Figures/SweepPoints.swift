import JobContract
import ResultCatalogue
import ResultQueries

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

/// A measurement of one of a sweep's trials.
struct PlacedValue: Hashable {
    var point: GridPoint
    var seed: Int
    var sigma: Double?
    var position: Int?
    var value: Double
    var n: Int?
}

/// A sweep's measurements, by place on the map.
struct SweepPoints {
    let sweep: String
    /// "images", "epochs" or "steps": what the sweep's lengths are given in.
    let lengthUnit: String
    let trialCount: Int
    /// Axes besides dataset size, model scale and length that vary: figures average over them.
    let otherAxes: [String]
    let seeds: [Int]
    /// The workers' builds that the results come from.
    let builds: [WorkerBuild]
    /// Whether some network is like those for which GL scores above 0.6 were found to mean generalization: of scale 128,
    /// on images of 64 × 64 from files.
    let hasThreshold: Bool
    /// Numbers of parameters by model scale, where every network of that scale has as many.
    let parameters: [Int: Int]
    /// By trial ID.
    private let points: [String: (point: GridPoint, seed: Int)]
    private let trials: TrialKeys
    private let reader: CatalogueReader

    init(_ reader: CatalogueReader, sweep: String) throws {
        let lengths = try AskedLengths(reader, sweep: sweep)
        let keys = ["dataset.size", "model.scale"]
        let trials = try TrialKeys(reader, sweep: sweep, keys: keys + ["seed"])
        lengthUnit = lengths.unit
        var points = [String: (point: GridPoint, seed: Int)]()
        for (row, trial) in trials.trials.enumerated() {
            guard let size = trials.value(row, keys[0]).integerValue, let length = lengths.byTrial[trial] else {
                continue
            }
            // Networks without a scale have one place.
            let scale = trials.value(row, keys[1]).integerValue ?? 0
            points[trial] = (
                GridPoint(scale: scale, length: length, size: size), trials.value(row, "seed").integerValue ?? 0
            )
        }
        self.points = points
        self.trials = trials
        self.reader = reader
        self.sweep = sweep
        trialCount = trials.trials.count
        otherAxes = trials.varying.filter { !(keys + ["training.steps"]).contains($0) }
        seeds = Set(points.values.map(\.seed)).sorted()
        builds = try reader.rows(
            """
            SELECT DISTINCT a.build FROM sweep s JOIN wish w ON w.revision = s.revision
            JOIN milestone m ON m.trial = w.trial JOIN attempt a ON a.number = m.attempt
            WHERE s.name = ? AND a.build NOT NULL ORDER BY 1
            """, [.text(sweep)]
        ).rows.compactMap { $0[0].text.map(WorkerBuild.init) }
        hasThreshold =
            try reader.rows(
                """
                SELECT 1 FROM sweep s JOIN wish w ON w.revision = s.revision JOIN trial t ON t.key = w.trial
                JOIN training r ON r.key = t.training
                WHERE s.name = ? AND r.resolution = 64 AND r.model_scale = 128 AND length(r.dataset) = 64 LIMIT 1
                """, [.text(sweep)]
            ).rows.count == 1
        var parameters = [Int: Int]()
        for row in try reader.rows(
            """
            SELECT r.model_scale, min(m.parameters) FROM sweep s JOIN wish w ON w.revision = s.revision
            JOIN milestone m ON m.trial = w.trial JOIN trial t ON t.key = w.trial JOIN training r ON r.key = t.training
            WHERE s.name = ? GROUP BY 1 HAVING min(m.parameters) = max(m.parameters)
            """, [.text(sweep)]
        ).rows {
            parameters[row[0].integer ?? 0] = row[1].integer
        }
        self.parameters = parameters
    }

    /// The values of a measure's quantity; of the first parameters the sweep wants the measure with, so that unlike
    /// measurements never mix.
    func all(_ measure: String, _ quantity: String) throws -> [PlacedValue] {
        let wanted = try reader.rows(
            """
            SELECT q.key FROM (
                SELECT w.request, w.position FROM sweep s JOIN wished_measure w ON w.revision = s.revision
                WHERE s.name = ?1
                UNION ALL SELECT w.request, w.position FROM sweep s JOIN wished_comparison w ON w.revision = s.revision
                WHERE s.name = ?1
            ) w JOIN measure_request q ON q.key = w.request WHERE q.measure = ?2 ORDER BY w.position LIMIT 1
            """, [.text(sweep), .text(measure)])
        guard let request = wanted.rows.first?.first?.integer else { return [] }
        let quantities = try QuantityChoice.all(in: reader).filter {
            $0.request == Int64(request) && $0.name == quantity
        }
        var values = [PlacedValue]()
        let isWanted = [Bool](repeating: true, count: trials.trials.count)
        try MeasurementBlocks(reader: reader, trials: trials, isWanted: isWanted, quantities: quantities).forEach(
            .trials
        ) { block in
            guard let place = points[trials.trials[block.trial]] else { return true }
            for row in block.rows where !row.value.isNaN {
                values.append(
                    PlacedValue(
                        point: place.point, seed: place.seed, sigma: row.sigma, position: row.position,
                        value: row.value, n: row.n))
            }
            return true
        }
        return values
    }

    /// The same by noise level (nil where there is none) and place, of quantities without a position.
    func values(_ measure: String, _ quantity: String) throws -> [Double?: [GridPoint: [Double]]] {
        var values = [Double?: [GridPoint: [Double]]]()
        for found in try all(measure, quantity) where found.position == nil {
            values[found.sigma, default: [:]][found.point, default: []].append(found.value)
        }
        return values
    }

    /// How the loss of every training went to its last wanted length: its places' lengths are those so far.
    func losses() throws -> [PlacedValue] {
        let found = try reader.rows(
            """
            SELECT t.training, t.trial_id, t.steps, m.losses FROM sweep s JOIN wish w ON w.revision = s.revision
            JOIN milestone m ON m.trial = w.trial JOIN trial t ON t.key = w.trial
            WHERE s.name = ? AND m.losses NOT NULL ORDER BY t.training, t.steps DESC
            """, [.text(sweep)]
        ).rows
        var drawn = Set<Int>()
        return try found.flatMap { row -> [PlacedValue] in
            guard let training = row[0].integer, let place = points[row[1].text ?? ""], let steps = row[2].integer,
                let text = row[3].text, drawn.insert(training).inserted
            else { return [] }
            return try JSONText.decode([LossPoint].self, from: Array(text.utf8)).map { loss in
                var point = place.point
                point.length *= Double(loss.steps) / Double(steps)
                return PlacedValue(point: point, seed: place.seed, value: loss.mean)
            }
        }
    }

    func lengthLabel(_ length: Double) -> String {
        guard lengthUnit != "epochs", length >= 10_000 else { return "\(ResultTable.format(length)) \(lengthUnit)" }
        return length >= 1e6
            ? "\(ResultTable.format(length / 1e6)) M \(lengthUnit)"
            : "\(Int((length / 1e3).rounded())) k \(lengthUnit)"
    }

    /// What stands under every figure, a line each: the sweep, its seeds and the workers that made the numbers, by the
    /// commits they were built from.
    func caption(_ rest: String) -> [String] {
        var line = "Sweep \(sweep), \(trialCount) trials."
        if !otherAxes.isEmpty { line += " Mean over \(otherAxes.joined(separator: ", "))." }
        if let first = seeds.first, let last = seeds.last {
            line += first == last ? " Seed \(first)." : " Seeds \(first) to \(last) (\(seeds.count))."
        }
        let workers = Set(builds.map(\.short)).sorted()
        if !workers.isEmpty { line += " Worker of \(workers.joined(separator: ", "))." }
        return [line, rest]
    }
}
