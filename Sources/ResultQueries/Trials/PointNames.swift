import Foundation
import JobContract
import ResultCatalogue
import SweepModel

/// Names trials for people: by their places in the sweeps that want them, with the first digits of their IDs beside. All
/// that is shown of a trial comes from here.
package final class PointNames: @unchecked Sendable {
    private let reader: CatalogueReader
    private let lock = NSLock()
    /// By revision, guarded by `lock`.
    private var known: [Int: PointAxes] = [:]

    package init(_ reader: CatalogueReader) { self.reader = reader }

    /// Digits of an ID that people are shown.
    package static let digits = 8

    /// The axes of a revision.
    package func axes(of revision: Int) throws -> PointAxes {
        if let axes = lock.withLock({ known[revision] }) { return axes }
        let axes = try PointAxes(of: revision, in: reader)
        lock.withLock { known[revision] = axes }
        return axes
    }

    /// The axes of a sweep as it is wanted now; none where it has no trials.
    package func axes(of sweep: String) throws -> PointAxes {
        guard let revision = try reader.revision(of: sweep) else { return PointAxes([]) }
        return try axes(of: revision)
    }

    /// The trial's place in the sweep given, where that wants it, or in the newest that does; of a trial that no sweep
    /// wants, what its training tells. Empty where nothing is known of it.
    package func point(_ trial: TrialID, in sweep: String? = nil, withLength: Bool = true) -> String {
        if let place = try? reader.place(of: trial, in: sweep), let asked = JSONText.object(place.asked),
            let text = try? axes(of: place.revision).text(asked, withLength: withLength), !text.isEmpty
        {
            return text
        }
        guard let facts = try? reader.plainPlace(of: trial), let row = facts.rows.first else { return "" }
        var plain = [String: JSONValue]()
        for (column, value) in zip(facts.columns, row) {
            switch value {
            case .integer(let whole): plain[column] = .integer(whole)
            case .real(let number): plain[column] = .number(number)
            case .text(let text): plain[column] = .string(text)
            case .null, .blob: break
            }
        }
        return PointAxes([plain]).text(plain, withLength: withLength)
    }

    /// The last of the trials that an attempt is at; nil for an attempt that the catalogue does not know.
    package func name(ofAttempt attempt: AttemptNumber) -> String? {
        (try? reader.lastTrial(of: attempt)).flatMap(\.self).map { name($0) }
    }

    /// The place with the ID beside it: `N=256 seed=0 (3f2a91bc)`.
    package func name(_ trial: TrialID, in sweep: String? = nil) -> String {
        let point = point(trial, in: sweep)
        let id = String(trial.hex.prefix(Self.digits))
        return point.isEmpty ? "trial \(id)" : "\(point) (\(id))"
    }
}
