import Foundation
import JobContract
import ResultCatalogue
import SweepModel

/// The rows that a crossing is asked of: trials that agree in everything but the axis along which they lie.
struct CrossingRows {
    private struct Row {
        /// The first of its trials.
        var trial: Int
        var position: Int?
        var points: [CrossingRule.Point]
        var crossing: Crossing
    }

    private struct Key: Hashable {
        var line: Int32
        var position: Int
    }

    private let request: CrossingRequest
    private let trials: TrialKeys
    /// The axes that vary, beside the one along which rows lie.
    private let axes: [String]
    private let groupBy: [String]
    private let rows: [Row]
    private let hasPositions: Bool
    private var notes: [String] = []

    private static let workerKeys = ["worker.name", "worker.numerics"]

    init(_ reader: CatalogueReader, _ request: CrossingRequest) throws {
        self.request = request
        let along = request.along
        let quantity = try Self.quantity(request, in: reader)
        hasPositions = try reader.hasPositions(quantity: quantity.key)
        let bare = try TrialKeys(reader, sweep: request.sweep, and: request.otherSweeps)
        let byKeys = request.groupBy.filter { $0 != "position" }
        let asked = bare.varying + byKeys + [along] + (request.filter?.keys.sorted() ?? [])
        var trials = try TrialKeys(
            reader, sweep: request.sweep, and: request.otherSweeps, keys: Array(Set(asked)))
        try trials.check(byKeys + [along])
        let isWanted = try trials.holding(request.filter, in: reader, sweep: request.sweep)
        let length = try bare.varying.contains("training.steps") ? Self.length(of: &trials, request, in: reader) : nil
        let wanted = isWanted.indices.filter { isWanted[$0] }
        let candidates = bare.varying.filter { $0 != along && $0 != "training.steps" } + [length].compactMap(\.self)
        let axes = candidates.filter { key in
            wanted.contains { trials.value($0, key) != trials.value(wanted[0], key) }
        }
        self.axes = axes
        groupBy =
            request.groupBy.isEmpty
            ? [] : request.groupBy + axes.filter { Self.workerKeys.contains($0) && !byKeys.contains($0) }
        self.trials = trials
        let lines = trials.groups(by: axes).codes
        for key in byKeys {
            let values = trials.groups(by: [key]).codes
            guard Set(wanted.map { [lines[$0], values[$0]] }).count == Set(wanted.map { lines[$0] }).count else {
                throw ReportError(.request, "--by \(key): it has several values along \(along)")
            }
        }

        var found = [Key: (trial: Int, points: [CrossingRule.Point])]()
        var measured = [Bool](repeating: false, count: isWanted.count)
        var levels = request.crossing.term.levels.map { NoiseLevels([$0], interpolates: false) }
        let none = try ComparedTrials(reader, [], among: [])
        try MeasurementBlocks(
            reader: reader, trials: trials, isWanted: isWanted, quantities: [quantity], comparisons: none
        ).forEach(.quantities) { block in
            let place = trials.value(block.trial, along)
            guard let number = place.doubleValue, number > 0 else {
                throw ReportError(.request, "--along \(along): expected numbers above 0, got \(PointAxes.plain(place))")
            }
            for row in Self.chosen(block.rows, &levels) where row.value.isFinite {
                measured[block.trial] = true
                let key = Key(line: lines[block.trial], position: row.position ?? -1)
                let n = quantity.isShare ? row.n.map(Double.init) : nil
                found[key, default: (block.trial, [])].points.append(.init(x: log(number), value: row.value, n: n))
                if let first = found[key]?.trial, block.trial < first { found[key]?.trial = block.trial }
            }
            return true
        }
        let ordered = found.map { (trial: $1.trial, position: $0.position, points: $1.points.sorted { $0.x < $1.x }) }
            .sorted { ($0.trial, $0.position) < ($1.trial, $1.position) }
        let rule = request.crossing.rule
        let direction = request.crossing.direction ?? rule.direction(of: ordered.map(\.points))
        rows = ordered.compactMap { row in
            let crossing =
                direction.map { rule.crossing(of: row.points, $0, areShares: quantity.isShare) } ?? .never(nil)
            return crossing.map {
                Row(
                    trial: row.trial, position: row.position < 0 ? nil : row.position, points: row.points, crossing: $0)
            }
        }
        switch (direction, request.crossing.direction) {
        case (nil, _) where !rows.isEmpty:
            notes.append("no row passes the level or tends towards it: > or < says on which side rows would end")
        case (.up?, nil): notes.append("rows are taken to rise through the level along \(along); < asks for the fall")
        case (.down?, nil): notes.append("rows are taken to fall through the level along \(along); > asks for the rise")
        default: break
        }
        let without = ordered.count { !rule.hasLevel($0.points) }
        if without > 0 {
            notes.append(
                "\(without) row\(without == 1 ? " has a smallest value" : "s have smallest values") of 0 or less, of which no "
                    + "multiple lies above: never")
        }
        let begun = Set(found.keys.map(\.line))
        let incomplete = Set(wanted.filter { !measured[$0] }.map { lines[$0] }).intersection(begun).count
        if incomplete > 0 {
            notes.append(
                "\(incomplete) row\(incomplete == 1 ? " has" : "s have") trials without a value: their bounds are of "
                    + "what was measured")
        }
    }

    /// The quantity of the term, which is one number of a network, or one by position.
    private static func quantity(_ request: CrossingRequest, in reader: CatalogueReader) throws -> QuantityChoice {
        let term = request.crossing.term
        let name = "\(term.measure).\(term.quantity)"
        guard let quantity = try QuantityChoice.preferred(for: term, in: reader, sweep: request.sweep) else {
            throw ReportError(.request, "the catalogue has no measurements of \(name)")
        }
        try TrialList.check(term, in: reader)
        if try reader.isOfSeveralTrials(request: quantity.request) {
            throw ReportError(.request, "\(name) is of several trials together, not of one")
        }
        if quantity.isOfSubset {
            throw ReportError(.request, "\(name) is a fact of the training images, not of the networks trained on them")
        }
        let byPosition = request.groupBy.contains("position")
        if !request.groupBy.isEmpty, try reader.hasPositions(quantity: quantity.key) != byPosition {
            throw ReportError(
                .request,
                byPosition ? "--by position: \(name) has none" : "\(name) has several positions: add position to --by")
        }
        if quantity.isShare, case .value(let level) = request.crossing.rule.level, !(level > 0 && level < 1) {
            throw ReportError(.request, "\(name) is a share: expected a level between 0 and 1, got \(level)")
        }
        return quantity
    }

    /// The key of lengths in the unit in which one sweep asked for them, which is added to the trials; nil where rows lie
    /// along lengths.
    private static func length(
        of trials: inout TrialKeys, _ request: CrossingRequest, in reader: CatalogueReader
    ) throws -> String? {
        guard !PointAxes.isLength(request.along) else { return nil }
        guard let sweep = request.sweep, request.otherSweeps.isEmpty else { return "training.steps" }
        let lengths = try AskedLengths(reader, sweep: sweep)
        let key = "training." + lengths.unit
        trials.add(
            key,
            trials.trials.map { trial in
                lengths.byTrial[trial].map { length in Int64(exactly: length).map { .integer($0) } ?? .number(length) }
                    ?? .null
            })
        return key
    }

    /// Of each position the value that the term names, the smaller where it names two noise levels.
    private static func chosen(_ rows: [BlockRow], _ levels: inout [NoiseLevels]) -> [BlockRow] {
        guard !levels.isEmpty else { return rows }
        var found = [BlockRow]()
        for index in levels.indices {
            var kept = rows
            levels[index].select(&kept)
            found += kept
        }
        return Dictionary(grouping: found, by: \.position).values.compactMap { rows in
            rows.count == levels.count && !rows.contains { $0.value.isNaN } ? rows.min { $0.value < $1.value } : nil
        }
    }

    // MARK: Tables

    private var leading: [ResultTable.Cell] { [.text("\(request.crossing)"), .text(request.along)] }

    /// A row of the table for each row of trials.
    func list() -> ResultTable {
        var table = ResultTable(
            name: "crossings",
            columns: axes + (hasPositions ? ["position"] : []) + ["crossing", "along", "is", "at", "bound", "values"])
        table.notes = notes
        table.rows = rows.map { row in
            let (at, bound): (Double?, Double?) =
                switch row.crossing {
                case .at(let place): (Crossing.number(place), nil)
                case .before(let bound), .beyond(let bound): (nil, Crossing.number(bound))
                case .never(let bound): (nil, bound.map(Crossing.number))
                case .against: (nil, nil)
                }
            return axes.map { trials.cell(row.trial, $0) } + (hasPositions ? [.init(row.position)] : []) + leading
                + [.text(row.crossing.kind.rawValue), .init(at), .init(bound), .init(row.points.count)]
        }
        return table
    }

    /// A row of the table for each group of rows.
    func groups() -> ResultTable {
        struct Group: Hashable {
            var code: Int32
            var position: Int?
        }
        let codes = trials.groups(by: groupBy).codes
        let others = axes.filter { !(groupBy + TrialKeys.replicateKeys).contains($0) }
        let places = trials.groups(by: others).codes
        var order = [Group]()
        var members = [Group: [Row]]()
        for row in rows {
            let group = Group(code: codes[row.trial], position: row.position)
            if members[group] == nil { order.append(group) }
            members[group, default: []].append(row)
        }
        var table = ResultTable(
            name: "crossings",
            columns: groupBy + ["crossing", "along", "at", "ci95_low", "ci95_high", "ci95_of", "rows"]
                + Crossing.Kind.allCases.map { $0 == .at ? "inside" : $0.rawValue } + (others.isEmpty ? [] : ["places"])
        )
        table.notes = notes
        if !others.isEmpty {
            table.notes.append("averaged over \(others.joined(separator: ", ")): the mean of each place counts once")
        }
        for group in order {
            let rows = members[group] ?? []
            let byPlace = Dictionary(grouping: rows) { places[$0.trial] }.sorted { $0.key < $1.key }
            guard let first = rows.first else { continue }
            let average = CrossingAverage(byPlace.map { $0.value.map(\.crossing) })
            table.rows.append(
                groupBy.map { $0 == "position" ? .init(group.position) : trials.cell(first.trial, $0) } + leading
                    + average.cells + [.init(rows.count)]
                    + Crossing.Kind.allCases.map { .init(average.counts[$0] ?? 0) }
                    + (others.isEmpty ? [] : [.init(average.places)]))
        }
        return table
    }
}
