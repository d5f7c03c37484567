import JobContract
import Reports
import ResultCatalogue
import ResultQueries
import SweepModel

/// The map, and curves: a slice of a sweep with the averages of a quantity, or the phases.
struct PlacesView {
    private let head: ServedSweep
    private let reader: CatalogueReader
    private let commands: CommandLines

    /// What is asked for in place of a quantity.
    static let phase = "phase"
    /// Pictures come along where a page may show each.
    private static let mostPictured = 400
    private static let mostCells = 20_000

    init(_ head: ServedSweep, _ reader: CatalogueReader, _ commands: CommandLines) {
        self.head = head
        self.reader = reader
        self.commands = commands
    }

    /// `shown` is `phase`, or a quantity as expressions name it; nil: what tells most.
    func json(_ question: PlacesQuestion, shown: String?) throws -> JSONValue {
        guard let x = question.x else {
            return ["table": .null, "cells": [], "commands": [], "averaged": [], "shown": .null]
        }
        let slice = try PlaceSlice(head.index, x: x, y: question.y, fixed: question.fixed)
        guard slice.cells.count <= Self.mostCells else {
            throw ReportError(
                .request,
                "these axes have \(slice.cells.count) places, more than the \(Self.mostCells) that are shown; choose an axis "
                    + "of fewer values")
        }
        let name = shown ?? (question.isCurves ? defaultCurve : defaultQuantity)
        guard let name else { return try answer(slice, table(slice, [:]), shown: nil, commands: []) }
        guard name != Self.phase else { return try phases(slice) }
        let term = try Self.term(name)
        let averages = try slice.averages(term, in: reader)
        var table = table(slice, ["mean": averages])
        table.add(intervals: averages)
        return try answer(
            slice, table, shown: name,
            commands: [commands.query(["\(term.measure).\(term.quantity)"], levels: term.levels, of: slice)])
    }

    private static func term(_ name: String) throws -> MeasurementTerm {
        if let term = MeasurementTerm(name) { return term }
        throw ReportError(
            .request, "\"\(name)\": expected MEASURE.QUANTITY, or MEASURE.QUANTITY@SIGMA at a noise level")
    }

    private var defaultQuantity: String? {
        head.levels(of: "memorization.copied") != nil ? Self.phase : defaultCurve
    }

    private var defaultCurve: String? {
        if head.levels(of: "memorization.copied") != nil { return "memorization.copied" }
        return head.quantities.first.map { quantity in
            quantity.name + (quantity.levels.first.map { "@\($0)" } ?? "")
        }
    }

    private func table(_ slice: PlaceSlice, _ columns: KeyValuePairs<String, [Average?]>) -> ResultTable {
        let keys = [slice.x.key] + (slice.y.map { [$0.key] } ?? [])
        return ResultTable(
            name: "places", columns: keys + ["trials", "measured"] + columns.map(\.key),
            rows: slice.cells.indices.map { index in
                let cell = slice.cells[index]
                let place =
                    [ResultTable.Cell(slice.x.values[Int(cell.x)])]
                    + (slice.y.map { [.init($0.values[Int(cell.y)])] } ?? [])
                return place + [
                    .init(cell.rows.count), .init(columns.first?.value[index]?.replicates ?? 0),
                ] + columns.map { .init($0.value[index]?.mean) }
            })
    }

    private func phases(_ slice: PlaceSlice) throws -> JSONValue {
        let copied = try slice.averages(Self.term("memorization.copied"), in: reader)
        let held = try worse("wiener_gain_db", slice), trained = try worse("training_gain_db", slice)
        var table = table(slice, ["copied": copied])
        table.add(intervals: copied)
        table.columns += ["phase", "wiener_gain_db", "training_gain_db"]
        for index in table.rows.indices {
            let (gain, trainingGain) = (held.means?[index], trained.means?[index])
            let phase = copied[index].map {
                PhaseMap.Phase(copied: $0.mean, gain: gain ?? nil, trainingGain: trainingGain ?? nil)
            }
            table.rows[index] += [.init(phase?.rawValue), .init(gain ?? nil), .init(trainingGain ?? nil)]
        }
        var lines = [commands.query(["memorization.copied"], levels: [], of: slice)]
        if !held.levels.isEmpty {
            lines.append(
                commands.query(
                    ["denoising.wiener_gain_db", "denoising.training_gain_db"].filter { head.levels(of: $0) != nil },
                    levels: held.levels, of: slice))
        }
        return try answer(slice, table, shown: Self.phase, commands: lines)
    }

    /// The smaller mean of a gain at the two levels of the phases, by cell.
    private func worse(_ quantity: String, _ slice: PlaceSlice) throws -> (means: [Double?]?, levels: [Double]) {
        let name = "denoising.\(quantity)"
        let levels = PhaseMap.levels(among: head.levels(of: name) ?? [])
        guard levels.count == 2 else { return (nil, []) }
        let found = try levels.map { try slice.averages(Self.term("\(name)@\($0)"), in: reader) }
        return (
            slice.cells.indices.map { index in
                found[0][index].flatMap { a in found[1][index].map { min(a.mean, $0.mean) } }
            }, levels
        )
    }

    private func answer(_ slice: PlaceSlice, _ table: ResultTable, shown: String?, commands: [String]) throws
        -> JSONValue
    {
        // Of a cell's replicates the first that has pictures is shown.
        let candidates = slice.cells.map { Array($0.rows.prefix(3)) }
        var pictures = [Int: [(measure: String, name: String, digest: String)]]()
        let rows = candidates.flatMap(\.self)
        if slice.cells.count <= Self.mostPictured {
            for row in try reader.pictures(of: rows.map { slice.index.trials[$0] }).rows {
                guard let digest = Digest(hex: row[3].text ?? "")?.hex else { continue }
                pictures[rows[row[0].integer ?? 0], default: []].append((row[1].text ?? "", row[2].text ?? "", digest))
            }
        }
        let shownRows = candidates.map { rows in rows.first { pictures[$0] != nil } ?? rows[0] }
        let ids = try reader.identities(of: shownRows.map { slice.index.trials[$0] })
        let shared = Set([slice.x.key] + (slice.y.map { [$0.key] } ?? []) + slice.fixed.map(\.key))
        let cells = slice.cells.indices.map { index -> JSONValue in
            let row = shownRows[index]
            let asked = slice.index.asked(row)
            let isOne = slice.cells[index].rows.count == 1
            return [
                "x": .count(Int(slice.cells[index].x)), "y": .count(Int(slice.cells[index].y)),
                "trial": .string(ids.indices.contains(index) ? ids[index] : ""),
                "point": .string(slice.index.names.text(asked)),
                // What all its trials have in common.
                "place": .string(slice.index.names.text(isOne ? asked : asked.filter { shared.contains($0.key) })),
                "pictures": .array(
                    (pictures[row] ?? []).map {
                        ["measure": .string($0.measure), "name": .string($0.name), "digest": .string($0.digest)]
                    }),
            ]
        }
        return [
            "x": .string(slice.x.key), "y": .optional(slice.y?.key), "shown": .optional(shown),
            "fixed": .object(
                Dictionary(uniqueKeysWithValues: slice.fixed.map { ($0.key, .string(PointAxes.plain($0.value))) })),
            "averaged": .array(slice.averaged.map(JSONValue.string)), "trials": .count(slice.count),
            "table": table.json, "cells": .array(cells), "commands": .array(commands.map(JSONValue.string)),
            "colours": .object(
                Dictionary(
                    uniqueKeysWithValues: PhaseMap.Phase.allCases.map { ($0.rawValue, .string($0.colour)) })),
        ]
    }
}

extension ResultTable {
    fileprivate mutating func add(intervals averages: [Average?]) {
        columns += ["ci95_low", "ci95_high", "ci95_of"]
        for index in rows.indices { rows[index] += averages[index]?.intervalCells ?? [.null, .null, .null] }
    }
}
