import JobContract
import ResultCatalogue
import SweepModel

/// Selects the trials of a sweep that a command is about.
package struct TrialSelection: Sendable {
    private let reader: CatalogueReader

    package init(_ reader: CatalogueReader) { self.reader = reader }

    /// The sweep's trials of which `condition` holds, in the sweep's order; without one, all.
    ///
    /// Throws `ReportError.request` for a sweep that the catalogue does not have, `WhereExpression.Failure` for a key that
    /// it does not have.
    package func trials(of sweep: String, where condition: WhereExpression?) throws -> [TrialID] {
        let keys = condition?.keys.sorted() ?? []
        var trials = try TrialKeys(reader, sweep: sweep, keys: keys)
        let holds = try trials.holding(condition, in: reader, sweep: sweep)
        return zip(trials.trials, holds).filter(\.1).compactMap { Digest(hex: $0.0).map(TrialID.init) }
    }
}
