import JobContract
import ResultCatalogue
import SweepModel

/// Which trials of a sweep a command is about.
package struct TrialSelection: Sendable {
    private let reader: CatalogueReader

    package init(_ reader: CatalogueReader) { self.reader = reader }

    /// The sweep's trials of which `condition` holds, in the sweep's order; without one, all.
    ///
    /// Throws `ReportError.request` for a sweep or a key the catalogue does not have.
    package func trials(of sweep: String, where condition: WhereExpression?) throws -> [TrialID] {
        let keys = condition?.keys.sorted() ?? []
        let trials = try TrialKeys(reader, sweep: sweep, keys: keys)
        if let condition { try trials.check(condition) }
        let holds = trials.rows(where: condition.map { $0.holds(for:) })
        return zip(trials.trials, holds).filter(\.1).compactMap { Digest(hex: $0.0).map(TrialID.init) }
    }
}
