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
        try trials.check(keys)
        return trials.trials.filter { condition?.holds(for: trials.record($0)) ?? true }
            .compactMap { Digest(hex: $0).map(TrialID.init) }
    }
}
