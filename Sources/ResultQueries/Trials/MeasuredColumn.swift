import JobContract
import ResultCatalogue
import SweepModel

/// What was measured of each trial, as a key that conditions look at.
///
/// It is of one version and one set of parameters, so that unlike numbers are never taken together: those that the sweep
/// wants, else the newest version's, and among these the first recorded.
struct MeasuredColumn {
    /// The value of each row of the trials: the smallest over the term's levels, null where one of them has none.
    private(set) var values: [JSONValue]

    /// Nil where the catalogue has nothing of the measure. Throws `ReportError.request` where the term does not name one
    /// number a trial. With `ofPart` the trials are some of a sweep's, and need not be measured.
    init?(
        _ term: MeasurementTerm, _ trials: TrialKeys, in reader: CatalogueReader, sweep: String?, ofPart: Bool = false
    ) throws {
        values = [JSONValue](repeating: .null, count: trials.trials.count)
        guard try QuantityChoice.all(in: reader).contains(where: { $0.measure == term.measure }) else { return nil }
        guard let quantity = try QuantityChoice.preferred(for: term, in: reader, sweep: sweep) else { return }
        let comparisons = try ComparedTrials(reader, [quantity.request], among: trials.trials)
        let name = "\(term.measure).\(term.quantity)"
        guard comparisons.isEmpty else {
            throw ReportError(.request, "\(name) is of several trials together, not of one")
        }
        var levels = term.levels.map { NoiseLevels([$0], interpolates: false) }
        try MeasurementBlocks(
            reader: reader, trials: trials, isWanted: [Bool](repeating: true, count: values.count),
            quantities: [quantity], comparisons: comparisons
        ).forEach(ofPart ? .trials : .quantities) { block in
            if block.rows.contains(where: { $0.position != nil }) {
                throw ReportError(.request, "\(name) has several positions, and is not one number of a trial")
            }
            guard !levels.isEmpty else {
                if block.rows.contains(where: { $0.sigma != nil }) {
                    throw ReportError(
                        .request,
                        "\(name) has a value for each noise level: name one, as in \(name)@0.5 or \(name)@worse(0.5, 1.5)"
                    )
                }
                values[block.trial] = Self.number(block.rows.first?.value)
                return true
            }
            let found = levels.indices.map { index in
                var rows = block.rows
                levels[index].select(&rows)
                return rows.first?.value ?? .nan
            }
            values[block.trial] = found.contains(where: \.isNaN) ? .null : Self.number(found.min())
            return true
        }
        if !ofPart { for level in levels { try level.check() } }
    }

    private static func number(_ value: Double?) -> JSONValue {
        value.flatMap { $0.isFinite ? .number($0) : nil } ?? .null
    }
}
