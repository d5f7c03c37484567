import JobContract
import ResultCatalogue
import SweepModel

/// Trials with keys that queries filter and group by: those of the training's spec (`dataset.size`, `seed`, …), the
/// length as `training.steps`, `training.images` and `training.epochs`, and the columns of the view `trials`.
package struct TrialKeys {
    /// Trial IDs in the sweep's order, or the catalogue's: a trial's row is its place here.
    package private(set) var trials: [String] = []
    /// The trials' keys in the catalogue, by row.
    private(set) var keys: [Int64] = []
    /// Every key some trial has, sorted.
    package let names: [String]
    /// Keys of the spec, and the length, that differ between trials: a sweep's axes. Sorted.
    package let varying: [String]

    /// The only keys in which replicates of one place differ.
    package static var replicateKeys: [String] { Trial.replicateKeys }

    /// Whether these are some of a sweep's trials, beside which others may have further keys.
    private let isPart: Bool
    private var columns: [String: CodedColumn] = [:]

    /// By row, the numbers of the trial's place, of its training subset, and of its subset's place; empty unless asked for.
    package private(set) var places: [Int32] = []
    private(set) var subsets: [Int32] = []
    private(set) var subsetPlaces: [Int32] = []

    /// Reads the trials that a sweep wants, and `others`, those at some places of it, or all, with the keys `asked`; where
    /// these are nil, with the keys that vary.
    ///
    /// Throws `.request` for a sweep the catalogue does not know.
    package init(
        _ reader: CatalogueReader, sweep: String?, and others: [String] = [], at window: Range<Int>? = nil,
        keys asked: [String]? = nil, withPlaces: Bool = false
    ) throws {
        isPart = window != nil
        if let sweep, window == nil { for name in [sweep] + others { try Self.check(name, in: reader) } }
        let viewColumns = try reader.trialColumns().filter { $0 != "spec" }
        // A key that is grouped by may be in the condition too: each is read once.
        let asked = try Set(
            asked ?? (SpecColumns(reader, sweep: sweep, and: others, keys: []).varying + ["training.steps"])
        )
        .sorted()
        let specs = try SpecColumns(
            reader, sweep: sweep, and: others, at: window, keys: asked, withLikenesses: withPlaces)

        // Where the spec has a key of the name of a view's column, the spec's value counts.
        let ofView = asked.filter { !specs.names.contains($0) }
        let lengths = ofView.filter { Self.lengths[$0] != nil }
        let others = ofView.filter { Self.lengths[$0] == nil && viewColumns.contains($0) }
        let selected = lengths.compactMap { Self.lengths[$0] } + others.map { .ofView($0) }
        var found = (lengths + others).map { _ in CodedColumn() }
        var trainings = [Int32]()
        var steps: (least: Int64, most: Int64)?
        var ofLength = [Int64]()
        var (keys, trials) = ([Int64](), [String]())
        try reader.scanTrials(of: sweep, and: others, at: window, selected) { row in
            // A trial whose training a damaged catalogue lacks has no keys, and is in no view.
            guard let training = specs.rows[row.integer(2)] else { return true }
            keys.append(row.integer(0))
            trials.append(row.text(1))
            trainings.append(Int32(training))
            let length = row.integer(3)
            steps = (min(steps?.least ?? length, length), max(steps?.most ?? length, length))
            if withPlaces { ofLength.append(length) }
            for index in found.indices { found[index].append(Self.json(row.value(4 + index))) }
            return true
        }
        self.keys = keys
        self.trials = trials
        for (name, column) in zip(lengths + others, found) { columns[name] = column }
        names = specs.names.union(viewColumns).union(steps == nil ? [] : Set(Self.lengths.keys)).sorted()
        varying = (specs.varying + (steps?.least == steps?.most ? [] : ["training.steps"])).sorted()

        for (name, column) in specs.columns where specs.names.contains(name) {
            columns[name] = column.gathered(trainings)
        }
        guard withPlaces else { return }
        let alike = trainings.map { specs.likenesses[Int($0)] }
        places = Self.numbered(zip(alike, ofLength).map { [$0.place, Int($1)] })
        subsets = Self.numbered(alike.map(\.subset))
        subsetPlaces = Self.numbered(alike.map(\.subsetPlace))
    }

    /// Equal values have one number; numbers are given as values first appear.
    static func numbered<Value: Hashable>(_ values: [Value]) -> [Int32] {
        var known = [Value: Int32]()
        return values.map { value in
            let number = known[value] ?? Int32(known.count)
            if Int(number) == known.count { known[value] = number }
            return number
        }
    }

    private static let lengths: [String: TrialColumn] = [
        "training.steps": .steps, "training.images": .images, "training.epochs": .epochs,
    ]

    /// Throws `.request` unless the catalogue has a sweep of that name.
    package static func check(_ sweep: String, in reader: CatalogueReader) throws {
        let names = try reader.sweepNames(oldestFirst: true)
        guard names.contains(sweep) else {
            throw ReportError(
                .request,
                "the catalogue \(reader.path) has no sweep \"\(sweep)\"; it has "
                    + (names.isEmpty ? "none" : names.joined(separator: ", ")))
        }
    }

    /// Throws `.request` for a key that no trial has, naming the keys there are. Where there are no trials, any key passes.
    package func check(_ keys: [String]) throws {
        for key in keys where !trials.isEmpty && !names.contains(key) {
            throw ReportError(
                .request, "no trial has the key \"\(key)\"" + NearestName.advice(for: key, among: names))
        }
    }

    /// Adds a key that is none of the catalogue's, with its values by row.
    mutating func add(_ key: String, _ values: [JSONValue]) {
        var column = CodedColumn()
        for value in values { column.append(value) }
        columns[key] = column
    }

    /// By row, whether `filter` holds. The trials' keys that it looks at must have been asked for; its other keys are
    /// quantities measured of the sweep's trials.
    ///
    /// Throws `WhereExpression.Failure`, which shows the place, for a key that is neither.
    package mutating func holding(_ filter: WhereExpression?, in reader: CatalogueReader, sweep: String?) throws
        -> [Bool]
    {
        guard let filter else { return [Bool](repeating: true, count: trials.count) }
        try Self.checkStates(filter)
        for key in filter.keys.sorted() where !trials.isEmpty && !names.contains(key) {
            do {
                guard let term = MeasurementTerm(key),
                    let values = try MeasuredColumn(term, self, in: reader, sweep: sweep, ofPart: isPart)
                else {
                    // Other trials of the sweep may have the key.
                    if isPart, try SpecColumns(reader, sweep: sweep, keys: []).names.contains(key) { continue }
                    throw ReportError(
                        .request,
                        "no trial has the key \"\(key)\", nor is there a measure of that name"
                            + NearestName.advice(for: key, among: try names + QuantityChoice.names(in: reader)))
                }
                add(key, values.values)
            } catch let error as ReportError {
                throw WhereExpression.Failure(of: key, in: filter.description, error.message)
            }
        }
        return rows(where: filter.holds(for:))
    }

    /// A state that there is not would be the state of no trial, and of all where it is excluded.
    private static func checkStates(_ filter: WhereExpression) throws {
        let states = TrialState.allCases.map(\.rawValue)
        for value in filter.values(of: "state") where value != .null && !states.contains(value.stringValue ?? "") {
            let word = value.stringValue ?? ((try? CanonicalJSON.text(value)) ?? "")
            throw WhereExpression.Failure(
                of: "state", in: filter.description,
                "\"\(word)\" is no state of a trial" + NearestName.advice(for: word, among: states))
        }
    }

    private static func json(_ value: CatalogueValue) -> JSONValue {
        switch value {
        case .null, .blob: .null
        case .integer(let value): .integer(value)
        case .real(let value): .number(value)
        case .text(let value): .string(value)
        }
    }

    /// Null where the trial lacks the key, or the key was not asked for.
    package func value(_ row: Int, _ key: String) -> JSONValue { columns[key]?[row] ?? .null }

    /// The keys that were read, of one trial.
    func record(_ row: Int) -> [String: JSONValue] { columns.mapValues { $0[row] } }

    /// Whether `condition` holds, by row. The keys it looks at must have been asked for.
    private func rows(where condition: ([String: JSONValue]) -> Bool) -> [Bool] {
        let groups = groups(by: columns.keys.sorted())
        var known = [Bool?](repeating: nil, count: groups.count)
        return trials.indices.map { row in
            let group = Int(groups.codes[row])
            if let known = known[group] { return known }
            let holds = condition(record(row))
            known[group] = holds
            return holds
        }
    }

    /// A code for each trial: trials that agree in `keys` have the same. Codes are numbered as they first appear; `first`
    /// holds the first row of each.
    package func groups(by keys: [String]) -> (codes: [Int32], first: [Int], count: Int) {
        let columns = keys.map { self.columns[$0] }
        var known = [[Int32]: Int32]()
        var first = [Int]()
        let codes = trials.indices.map { row in
            let combination = columns.map { $0?.codes[row] ?? -1 }
            if let code = known[combination] { return code }
            known[combination] = Int32(first.count)
            first.append(row)
            return Int32(first.count - 1)
        }
        return (codes, first, first.count)
    }

    package func cell(_ row: Int, _ key: String) -> ResultTable.Cell {
        switch value(row, key) {
        case .null: .null
        case .bool(let value): .text(value ? "true" : "false")
        case .integer(let value): .integer(value)
        case .number(let value): ResultTable.Cell(value)
        case .string(let value): .text(value)
        case .object(let part) where Set(part.keys) == ["index", "of"]:
            .text("\(part["index"]?.integerValue ?? 0)/\(part["of"]?.integerValue ?? 1)")
        case let value: .text((try? CanonicalJSON.text(value)) ?? "")
        }
    }
}
