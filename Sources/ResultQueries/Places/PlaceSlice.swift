import JobContract
import ResultCatalogue
import SweepModel

/// A part of a sweep laid out on one axis or two: the trials that agree in some others, which are averaged over the rest as
/// `query` averages.
package struct PlaceSlice {
    package struct Cell: Hashable, Sendable {
        /// Which values of the axes; `y` is −1 where there is one axis.
        package var x: Int32
        package var y: Int32
        /// Rows of the index.
        package var rows: [Int]
    }

    package let index: PlaceIndex
    package let x: PlaceIndex.Axis
    package let y: PlaceIndex.Axis?
    /// Keys whose value was given, with it.
    package let fixed: [(key: String, value: JSONValue)]
    /// Keys over whose values cells are averaged, because nobody gave one.
    package let averaged: [String]
    /// In the order of the axes, x first.
    package let cells: [Cell]

    /// Throws `ReportError.request` for a key that is no axis, and for a value that is none of the axis.
    package init(_ index: PlaceIndex, x: String, y: String?, fixed given: [(key: String, value: String)]) throws {
        func axis(_ key: String) throws -> PlaceIndex.Axis {
            if let axis = index.axis(key) { return axis }
            throw ReportError(
                .request,
                "sweep \(index.sweep) has no axis \"\(key)\""
                    + NearestName.advice(for: key, among: index.axes.map(\.key)))
        }
        self.index = index
        self.x = try axis(x)
        self.y = try y.map(axis)
        var fixed: [(key: String, value: JSONValue)] = []
        var codes: [(axis: PlaceIndex.Axis, code: Int32)] = []
        for (key, text) in given where key != x && key != y {
            let axis = try axis(key)
            guard let code = axis.values.firstIndex(where: { PointAxes.plain($0) == text }) else {
                throw ReportError(
                    .request,
                    "no trial of sweep \(index.sweep) has \(key) \(text); there are "
                        + axis.values.prefix(20).map(PointAxes.plain).joined(separator: ", ")
                        + (axis.values.count > 20 ? " and \(axis.values.count - 20) more" : ""))
            }
            fixed.append((key, axis.values[code]))
            codes.append((axis, Int32(code)))
        }
        self.fixed = fixed
        averaged = index.axes.map(\.key).filter { key in
            key != x && key != y && !fixed.contains { $0.key == key }
        }
        var rows = [SIMD2<Int32>: [Int]]()
        for row in index.rows(where: codes) {
            let place = SIMD2(self.x.codes[row], self.y.map { $0.codes[row] } ?? -1)
            guard place.x >= 0, self.y == nil || place.y >= 0 else { continue }
            rows[place, default: []].append(row)
        }
        cells = rows.map { Cell(x: $0.key.x, y: $0.key.y, rows: $0.value) }.sorted { ($0.x, $0.y) < ($1.x, $1.y) }
    }

    /// How many trials it has.
    package var count: Int { cells.reduce(0) { $0 + $1.rows.count } }

    /// The average of a quantity in each cell; nil where nothing was measured. Trials that differ in other keys than those
    /// of replicates are several places, whose means count once.
    package func averages(_ term: MeasurementTerm, in reader: CatalogueReader) throws -> [Average?] {
        guard let quantity = try QuantityChoice.preferred(for: term, in: reader, sweep: index.sweep) else {
            return cells.map { _ in nil }
        }
        let values = try MeasuredPlaces(term, quantity, in: reader).values(of: index, cells.flatMap(\.rows))
        let apart = averaged.filter { !TrialKeys.replicateKeys.contains($0) }.compactMap(index.axis)
        var start = 0
        return cells.map { cell in
            defer { start += cell.rows.count }
            var places = [[Int32]: [Replicate]]()
            for (row, value) in zip(cell.rows, values[start...]) {
                guard let value else { continue }
                places[apart.map { $0.codes[row] }, default: []].append(value)
            }
            let sorted = places.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
            return Average(sorted, areShares: quantity.isShare)
        }
    }
}

/// One number of each of some trials.
package struct MeasuredPlaces {
    private let term: MeasurementTerm
    private let quantity: QuantityChoice
    private let reader: CatalogueReader

    /// Throws `ReportError.request` where the quantity is not one number of one trial.
    package init(_ term: MeasurementTerm, _ quantity: QuantityChoice, in reader: CatalogueReader) throws {
        self.term = term
        self.quantity = quantity
        self.reader = reader
        try TrialList.check(term, in: reader)
        let name = "\(term.measure).\(term.quantity)"
        guard try !reader.isOfSeveralTrials(request: quantity.request) else {
            throw ReportError(.request, "\(name) is of several trials together, not of one")
        }
        guard try !reader.hasPositions(quantity: quantity.key) else {
            throw ReportError(.request, "\(name) has several positions, and is not one number of a trial")
        }
    }

    /// By place in `rows`, which are rows of `index`; nil where nothing was measured.
    package func values(of index: PlaceIndex, _ rows: [Int]) throws -> [Replicate?] {
        var found = [Replicate?](repeating: nil, count: rows.count)
        var levels = term.levels.map { NoiseLevels([$0], interpolates: false) }
        var block: [BlockRow] = []
        var place = -1
        func finish() {
            guard place >= 0, !block.isEmpty else { return }
            let chosen =
                levels.isEmpty
                ? [block[0]]
                : levels.indices.compactMap { level in
                    var rows = block
                    levels[level].select(&rows)
                    return rows.first
                }
            // Of two levels the worse counts, and nothing where one of them is missing.
            guard chosen.count == max(1, levels.count), let least = chosen.min(by: { $0.value < $1.value }),
                chosen.allSatisfy({ !$0.value.isNaN })
            else { return }
            found[place] = Replicate(least.value, n: least.n.map(Double.init))
        }
        try reader.scanMeasurements(trials: rows.map { index.trials[$0] }, quantities: [quantity.key]) { row in
            if Int(row.integer(0)) != place {
                finish()
                block.removeAll(keepingCapacity: true)
                place = Int(row.integer(0))
            }
            block.append(
                BlockRow(
                    sigma: row.number(3), position: row.count(4), value: row.number(5) ?? .nan, n: row.count(6),
                    stderr: row.number(7)))
            return true
        }
        finish()
        return found
    }
}
