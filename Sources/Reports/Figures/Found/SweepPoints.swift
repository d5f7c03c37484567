import JobContract
import ResultCatalogue
import ResultQueries

/// A sweep's measurements, by place on the map.
struct SweepPoints {
    let sweep: String
    /// "images", "epochs" or "steps": what the sweep's lengths are given in.
    let lengthUnit: String
    let trialCount: Int
    /// Axes besides dataset size, model scale and length in which trials at one point of the map differ. Figures show the
    /// mean over these axes of the means over replicates.
    let otherAxes: [String]
    /// Keys in which replicates of this sweep differ.
    let replicateAxes: [String]
    let seeds: [Int]
    /// The workers' builds that the results come from.
    let builds: [WorkerBuild]
    /// Whether some network is like those for which GL scores above 0.6 were found to mean generalization: of scale 128,
    /// on images of 64 × 64 from files.
    let hasThreshold: Bool
    /// Where each trial lies, and the number of its network's parameters once it is trained; by row of `trials`.
    private let points: [GridPoint?]
    private let parameters: [Int?]
    private let trials: TrialKeys
    /// By row, a number that trials which are alike in `otherAxes` share, and one that trials alike in `replicateAxes` do.
    private let others: [Int32]
    private let replicates: [Int32]
    private let reader: CatalogueReader

    init(_ reader: CatalogueReader, sweep: String) throws {
        let lengths = try AskedLengths(reader, sweep: sweep)
        let mapKeys = ["dataset.size", "model.scale"]
        let varying = try TrialKeys(reader, sweep: sweep).varying
        let trials = try TrialKeys(
            reader, sweep: sweep, keys: Array(Set(varying + mapKeys + ["seed"])), withPlaces: true)
        lengthUnit = lengths.unit
        let points = trials.trials.enumerated().map { row, trial -> GridPoint? in
            guard let size = trials.value(row, mapKeys[0]).integerValue, let length = lengths.byTrial[trial] else {
                return nil
            }
            // Networks without a scale have one place.
            return GridPoint(scale: trials.value(row, mapKeys[1]).integerValue ?? 0, length: length, size: size)
        }
        self.points = points
        self.trials = trials
        self.reader = reader
        self.sweep = sweep
        trialCount = trials.trials.count
        let candidates = varying.filter { !(mapKeys + ["training.steps"] + TrialKeys.replicateKeys).contains($0) }
        otherAxes = candidates.filter { key in
            var first = [GridPoint: ResultTable.Cell]()
            return points.enumerated().contains { row, point in
                guard let point else { return false }
                let cell = trials.cell(row, key)
                if first[point] == nil { first[point] = cell }
                return first[point] != cell
            }
        }
        replicateAxes = TrialKeys.replicateKeys.filter(varying.contains).sorted {
            $0 == "seed" || $1 != "seed" && $0 < $1
        }
        others = trials.groups(by: otherAxes).codes
        replicates = trials.groups(by: replicateAxes).codes
        seeds = Set(trials.trials.indices.map { trials.value($0, "seed").integerValue ?? 0 }).sorted()
        builds = try reader.builds(of: sweep).map(WorkerBuild.init)
        hasThreshold = try reader.trains(sweep, resolution: 64, scale: 128)
        let known = try reader.parameterCounts(of: sweep)
        parameters = trials.trials.map { known[$0] }
    }

    /// What decides, besides scale and length, to which row of the boundary's map a trial's numbers belong.
    struct Line: Hashable {
        /// The trial's number among those alike in `otherAxes`.
        var other: Int32
        var replicate: Int32
    }

    func line(of value: PlacedValue) -> Line {
        Line(other: others[value.trial], replicate: replicates[value.trial])
    }

    /// How many lengths were swept.
    var lengthCount: Int { Set(points.compactMap { $0?.length }).count }

    func parameters(of value: PlacedValue) -> Int? { parameters[value.trial] }

    /// The values of axes of the trial that `value` is of.
    func cells(of value: PlacedValue, _ axes: [String]) -> [ResultTable.Cell] {
        axes.map { trials.cell(value.trial, $0) }
    }

    /// The values of a measure's quantity, with the first parameters with which the sweep wants the measure, so that unlike
    /// measurements never mix.
    func all(_ measure: String, _ quantity: String) throws -> [PlacedValue] {
        guard let request = try reader.firstRequest(of: measure, in: sweep) else { return [] }
        let quantities = try QuantityChoice.all(in: reader).filter {
            $0.request == request && $0.name == quantity
        }
        guard let first = quantities.first else { return [] }
        let comparisons = try ComparedTrials(reader, [request], among: trials.trials)
        let kinds = GroupKinds(trials, [], comparisons)
        var values = [PlacedValue]()
        let isWanted = [Bool](repeating: true, count: trials.trials.count)
        try MeasurementBlocks(
            reader: reader, trials: trials, isWanted: isWanted, quantities: quantities, comparisons: comparisons
        ).forEach(.trials) { block in
            let members = block.comparison < 0 ? [] : comparisons.members[Int(block.comparison)]
            let places = Set(members.compactMap { points[Int($0)] }).sorted()
            guard let point = places.first ?? points[block.trial] else { return true }
            let belongs = kinds.belonging(of: block, isOfSubset: first.isOfSubset)
            let difference = trials.differing(members)
            let tied = members.isEmpty ? [] : kinds.members[Int(belongs.unit)]
            for row in block.rows where !row.value.isNaN {
                values.append(
                    PlacedValue(
                        point: point, trial: block.trial, place: belongs.place, unit: belongs.unit, sigma: row.sigma,
                        position: row.position, value: row.value, n: row.n, isShare: first.isShare,
                        difference: difference, points: places.isEmpty ? [point] : places, members: tied))
            }
            return true
        }
        return values
    }

    /// Why a figure of this quantity has nothing to show.
    func wanting(_ measure: String, _ quantity: String) throws -> FigureAbsence {
        try reader.firstRequest(of: measure, in: sweep) == nil
            ? .unasked(measure: measure) : "the measure \(measure) has given no \(quantity) yet"
    }

    /// The values of a quantity that have no position, by noise level; nil is the level of values without one.
    func values(_ measure: String, _ quantity: String) throws -> [Double?: [PlacedValue]] {
        Dictionary(grouping: try all(measure, quantity).filter { $0.position == nil }, by: \.sigma)
    }

    /// The loss of every training up to its last wanted length; the point of each value has the length so far.
    func losses() throws -> [PlacedValue] {
        let found = try reader.losses(of: sweep).rows
        var drawn = Set<Int>()
        let rowOf = Dictionary(uniqueKeysWithValues: trials.trials.enumerated().map { ($1, $0) })
        return try found.flatMap { row -> [PlacedValue] in
            guard let training = row[0].integer, let trial = rowOf[row[1].text ?? ""], let place = points[trial],
                let steps = row[2].integer, let text = row[3].text, drawn.insert(training).inserted
            else { return [] }
            return try JSONText.decode([LossPoint].self, from: Array(text.utf8)).map { loss in
                var point = place
                point.length *= Double(loss.steps) / Double(steps)
                return PlacedValue(point: point, trial: trial, place: trials.places[trial], value: loss.mean)
            }
        }
    }

    /// A length, which may be in images, as no dataset size is shown: "length 66 k images" in labels, "66 k images of
    /// training" in sentences.
    func lengthLabel(_ length: Double) -> String { "length \(lengthNumber(length)) \(lengthUnit)" }
    func lengthWords(_ length: Double) -> String { "\(lengthNumber(length)) \(lengthUnit) of training" }

    func lengthNumber(_ length: Double) -> String {
        guard lengthUnit != "epochs", length >= 10_000 else { return ResultTable.format(length) }
        return length >= 1e6
            ? "\(ResultTable.format(length / 1e6)) M" : "\(Int((length / 1e3).rounded())) k"
    }

    /// The axis of lengths, and that of dataset sizes.
    var lengthAxis: String { "length of training (\(lengthUnit))" }
    static let sizeAxis = "dataset size N (training images)"

    /// The lines under every figure: the sweep, its seeds and the workers that made the numbers, by the commits they
    /// were built from.
    ///
    /// - Parameter compared: keys in which the members of comparisons differ, over which nothing is averaged.
    func caption(_ rest: String, isMean: Bool = true, compared: Set<String> = []) -> [String] {
        var line = "Sweep \(sweep), \(trialCount) trial\(trialCount == 1 ? "" : "s")."
        if isMean, let meanWords = meanWords(less: compared) { line += " Mean \(meanWords)." }
        if let first = seeds.first, let last = seeds.last {
            line += first == last ? " Seed \(first)." : " Seeds \(first) to \(last) (\(seeds.count))."
        }
        let workers = Set(builds.map(\.short)).sorted()
        if !workers.isEmpty { line += " Worker of \(workers.joined(separator: ", "))." }
        return [line, rest]
    }

    /// A sentence on what sentences and tables average over; nil where each point of the map is one trial.
    var averageSentence: String? { meanWords(less: []).map { "What is said of a place is the mean \($0)." } }

    private func meanWords(less compared: Set<String>) -> String? {
        let replicates = replicateAxes.filter { !compared.contains($0) }.joined(separator: ", ")
        let otherAxes = otherAxes.filter { !compared.contains($0) }
        guard !otherAxes.isEmpty else { return replicates.isEmpty ? nil : "over \(replicates)" }
        return "over \(otherAxes.joined(separator: ", "))"
            + (replicates.isEmpty ? "" : " of the means over \(replicates)")
    }

    /// The words that explain bands and bars in captions; empty where nothing is repeated.
    func intervalWords(_ marks: String, compared: Set<String> = []) -> String {
        guard !replicateAxes.isEmpty else { return "" }
        let axes = replicateAxes.filter { !compared.contains($0) }
        return " \(marks): 95 % intervals over \(axes.isEmpty ? "the comparisons" : axes.joined(separator: ", "))"
            + (otherAxes.allSatisfy(compared.contains) ? "." : ", from the spread within each place.")
    }

    /// A trial's length, and its value of each of `otherAxes`.
    func place(of trial: String) -> (length: Double, others: [ResultTable.Cell])? {
        guard let row = trials.trials.firstIndex(of: trial), let point = points[row] else { return nil }
        return (point.length, otherAxes.map { trials.cell(row, $0) })
    }
}
