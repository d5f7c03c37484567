import JobContract
import ResultCatalogue
import ResultQueries
import SweepModel

/// What every view of a sweep says of it: how far it is, its axes, and what was measured.
struct ServedSweep {
    let index: PlaceIndex
    let summary: SweepSummary
    let quantities: [Quantity]

    /// A quantity of which a trial has one number, or one for each level.
    struct Quantity {
        var name: String
        var levels: [Double]
    }

    /// More values than anybody moves a slider over.
    private static let mostValues = 5000

    init(_ index: PlaceIndex, _ summary: SweepSummary, in reader: CatalogueReader) throws {
        self.index = index
        self.summary = summary
        let wanted = try reader.wantedRequests(of: index.sweep)
        var quantities: [Quantity] = []
        for choice in try QuantityChoice.all(in: reader) where wanted.isEmpty || wanted.contains(choice.request) {
            let name = "\(choice.measure).\(choice.name)"
            guard !quantities.contains(where: { $0.name == name }),
                try !reader.isOfSeveralTrials(request: choice.request), try !reader.hasPositions(quantity: choice.key)
            else { continue }
            quantities.append(Quantity(name: name, levels: try reader.levels(ofQuantity: choice.key)))
        }
        self.quantities = quantities
    }

    func levels(of name: String) -> [Double]? { quantities.first { $0.name == name }?.levels }

    var json: JSONValue {
        [
            "name": .string(summary.name), "about": .string(summary.about), "revision": .count(summary.revision),
            "stored_at": .string(summary.storedAt), "states": Self.states(summary),
            "axes": .array(
                index.axes.map { axis in
                    [
                        "key": .string(axis.key), "label": .string(axis.label),
                        "values": .array(
                            axis.values.prefix(Self.mostValues).map { .string(PointAxes.plain($0)) }),
                        "count": .count(axis.values.count),
                        "isReplicate": .bool(TrialKeys.replicateKeys.contains(axis.key)),
                        "isLength": .bool(PointAxes.isLength(axis.key)),
                    ]
                }),
            "quantities": .array(
                quantities.map {
                    ["name": .string($0.name), "levels": .array($0.levels.map(JSONValue.number))]
                }),
        ]
    }

    /// Numbers of trials by state.
    static func states(_ summary: SweepSummary) -> JSONValue {
        .object(
            Dictionary(
                uniqueKeysWithValues: TrialState.allCases.compactMap { state in
                    summary.counts[state].flatMap { $0 > 0 ? (state.rawValue, .count($0)) : nil }
                }))
    }
}
