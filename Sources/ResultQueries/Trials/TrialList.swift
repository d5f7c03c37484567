import JobContract
import ResultCatalogue
import SweepModel

/// A question to `trials`.
package struct TrialListRequest: Sendable {
    package var sweep: String
    /// Over keys, measurements and the columns of the list.
    package var filter: WhereExpression?
    /// Keys, measures, or single quantities of them, one column each.
    package var shown: [String] = []
    package var sort: [SortColumn] = []
    package var limit: Int?
    /// Only trials with all of these tags.
    package var tags: [String] = []
    /// Only trials whose note has these words in it, in any case.
    package var note: String?

    package init(sweep: String) { self.sweep = sweep }
}

/// The trials of a sweep with their place, state, host and time, and what was asked of their keys and measurements. They are
/// read piece by piece, so that the first of a million are there at once.
package struct TrialList {
    private let reader: CatalogueReader
    let request: TrialListRequest
    private let axes: PointAxes
    private let shown: [String]
    /// The keys among `shown` that were measured.
    private let terms: [String: MeasurementTerm]
    /// What people wrote of trials: read where it is asked for.
    private let remarks: TrialRemarks

    /// Throws `ReportError.request` for names that the sweep's trials do not have.
    package init(_ reader: CatalogueReader, _ request: TrialListRequest) throws {
        try TrialKeys.check(request.sweep, in: reader)
        self.reader = reader
        self.request = request
        axes = try PointNames(reader).axes(of: request.sweep)
        let own = Set(Self.columns + Self.peoplesColumns + axes.keys)
        let sorted = request.sort.map(\.name).filter { !own.contains($0) && !request.shown.contains($0) }
        var (shown, terms) = ([String](), [String: MeasurementTerm]())
        for name in request.shown + sorted {
            for (column, term) in try Self.resolve(name, request.sweep, in: reader) where !shown.contains(column) {
                shown.append(column)
                terms[column] = term
            }
        }
        self.shown = shown
        self.terms = terms
        let isAsked = !request.tags.isEmpty || request.note != nil || !TrialRemarks.columns.isDisjoint(with: shown)
        remarks = isAsked ? try reader.trialRemarks(of: request.sweep) : TrialRemarks()
        let measures = Set(try QuantityChoice.all(in: reader).map(\.measure))
        for key in request.filter?.keys.sorted() ?? [] {
            guard let term = MeasurementTerm(key), measures.contains(term.measure) else { continue }
            do { try Self.check(term, in: reader) } catch let error as ReportError {
                throw WhereExpression.Failure(of: key, in: request.filter?.description ?? "", error.message)
            }
        }
    }

    private static let columns = ["trial_id", "point", "state", "host", "seconds"]
    private static let peoplesColumns = ["point", "id", "state", "host", "seconds"]

    /// The columns that one asked for, with the measurements of those that are none of the trials' keys.
    private static func resolve(_ name: String, _ sweep: String, in reader: CatalogueReader) throws -> [(
        String, MeasurementTerm?
    )] {
        if TrialRemarks.columns.contains(name) { return [(name, nil)] }
        let known = try QuantityChoice.all(in: reader)
        let measure = name.prefix { $0 != "." && $0 != "@" }.description
        guard known.contains(where: { $0.measure == measure }) else {
            let keys = try TrialKeys(reader, sweep: sweep, at: 0..<1, keys: []).names
            if try keys.contains(name) || SpecColumns(reader, sweep: sweep, keys: []).names.contains(name) {
                return [(name, nil)]
            }
            throw ReportError(
                .request,
                "no trial has the key \"\(name)\", nor is there a measure of that name"
                    + NearestName.advice(for: name, among: try keys + QuantityChoice.names(in: reader)))
        }
        guard name != measure else {
            // Of a whole measure those quantities that are one number of a trial.
            var found = [String]()
            for choice in known where choice.measure == measure && !found.contains(choice.name) {
                guard try reader.levels(ofQuantity: choice.key).isEmpty, try !reader.hasPositions(quantity: choice.key)
                else { continue }
                found.append(choice.name)
            }
            return found.map { ("\(measure).\($0)", MeasurementTerm("\(measure).\($0)")) }
        }
        guard let term = MeasurementTerm(name) else {
            throw ReportError(
                .request, "\"\(name)\": expected MEASURE.QUANTITY, or MEASURE.QUANTITY@SIGMA at a noise level")
        }
        try check(term, in: reader)
        return [(name, term)]
    }

    /// Throws for what has no single number a trial, naming what would.
    static func check(_ term: MeasurementTerm, in reader: CatalogueReader) throws {
        let name = "\(term.measure).\(term.quantity)"
        let choices = try QuantityChoice.all([.init(measure: term.measure, quantity: term.quantity)], in: reader)
        for choice in choices {
            let levels = try reader.levels(ofQuantity: choice.key)
            let list = levels.map { "\($0)" }.joined(separator: ", ")
            guard term.levels.isEmpty else {
                for level in term.levels
                where !levels.contains(where: { abs($0 - level) <= NoiseLevels.tolerance * $0 }) {
                    throw ReportError(
                        .request,
                        levels.isEmpty
                            ? "\(name) has no noise levels"
                            : "\(name) was not measured at sigma \(level); there are \(list)")
                }
                continue
            }
            guard levels.isEmpty else {
                throw ReportError(
                    .request,
                    "\(name) has a value for each noise level: name one, as in \(name)@\(levels[0]); there are \(list)")
            }
        }
    }

    /// The places of the sweep from one on, in pieces that grow: the first trials are there at once.
    func windows(from start: Int = 0) throws -> [Range<Int>] {
        let count = try reader.placeCount(of: request.sweep)
        var (windows, start, length) = ([Range<Int>](), start, 256)
        while start < count {
            windows.append(start..<min(count, start + length))
            start += length
            length = min(length * 4, 16384)
        }
        return windows
    }

    /// The trials in the sweep's order, each with its place and a row; `body` returns false to end.
    func forEach(
        _ columns: [String], in windows: [Range<Int>], _ body: (_ place: Int, [ResultTable.Cell]) throws -> Bool
    ) throws {
        let terms = terms.filter { columns.contains($0.key) }
        let keys = Set(
            columns.filter { ["host", "seconds"].contains($0) || shown.contains($0) && self.terms[$0] == nil }
                + (request.filter?.keys ?? [])
        ).subtracting(TrialRemarks.columns)
        for places in windows {
            let stored = try reader.trials(of: request.sweep, at: places).rows
            let byTrial = Dictionary(
                stored.map { ($0[0].text ?? "", $0) }, uniquingKeysWith: { first, _ in first })
            var trials = try TrialKeys(reader, sweep: request.sweep, at: places, keys: Array(keys))
            // What the sweep still wants of a trial counts, not what others have had of it.
            trials.add("state", trials.trials.map { .string(byTrial[$0]?[2].text ?? "") })
            var holds = try trials.holding(request.filter, in: reader, sweep: request.sweep)
            for row in holds.indices where holds[row] {
                holds[row] = remarks.has(request.tags, note: request.note, trials.trials[row])
            }
            for column in TrialRemarks.columns.intersection(shown) {
                trials.add(column, trials.trials.map { remarks.value(column, of: $0) })
            }
            if holds.contains(true) {
                for (column, term) in terms {
                    let values = try MeasuredColumn(term, trials, in: reader, sweep: request.sweep, ofPart: true)
                    trials.add(column, values?.values ?? trials.trials.map { _ in .null })
                }
            }
            for row in trials.trials.indices where holds[row] {
                let own = byTrial[trials.trials[row]]
                let asked = JSONText.object(own?[1].text ?? "") ?? [:]
                let cells = columns.map { column -> ResultTable.Cell in
                    switch column {
                    case "trial_id": .text(trials.trials[row])
                    case "id": .text(String(trials.trials[row].prefix(PointNames.digits)))
                    case "point": .text(axes.text(asked))
                    case _ where shown.contains(column) || Self.columns.contains(column): trials.cell(row, column)
                    default: asked[column].map(Self.cell) ?? .null
                    }
                }
                guard try body(own?[3].integer ?? 0, cells) else { return }
            }
        }
    }

    private static func cell(_ value: JSONValue) -> ResultTable.Cell {
        switch value {
        case .null: .null
        case .integer(let whole): .integer(whole)
        case .number(let number): .number(number)
        default: .text(PointAxes.plain(value))
        }
    }

    /// Those for programs: with the axes that are not asked for besides.
    var allColumns: [String] { Self.columns + axes.keys.filter { !shown.contains($0) } + shown }

    /// Writes the list; `width` is what people's terminals hold.
    package func write(_ format: OutputFormat, width: Int? = nil, to output: @escaping RowWriter.Output) throws {
        let columns = format == .table ? Self.peoplesColumns + shown : allColumns
        var writer = RowWriter(format, to: output)
        var left = request.limit ?? .max
        guard request.sort.isEmpty, format != .table else {
            var table = ResultTable(name: "trials", columns: columns)
            let bound = request.sort.isEmpty ? left : .max
            if bound > 0 {
                try forEach(columns, in: try windows()) { _, cells in
                    table.rows.append(cells)
                    return table.rows.count < bound
                }
            }
            try table.sort(by: request.sort)
            table.rows.removeLast(max(0, table.rows.count - left))
            return try writer.write(table, width: width)
        }
        try writer.writeHeader(columns)
        if left > 0 {
            try forEach(columns, in: try windows()) { _, cells in
                try writer.writeRow(cells)
                left -= 1
                return left > 0
            }
        }
        try writer.finish()
    }
}
