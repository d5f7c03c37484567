import JobContract
import ResultCatalogue
import ResultQueries
import SweepModel

/// Trials that a stored sweep wants and its file, with what is set beside it, does not want any more.
struct DroppedTrials {
    private static let most = 5
    private(set) var count = 0
    /// The first of them by their places, and how many there are beside.
    private(set) var lines: [String] = []

    /// Nil where none is dropped, or the sweep is not stored yet.
    init?(of sweep: ExpandedSweep, in reader: CatalogueReader) throws {
        guard let revision = try reader.revision(of: sweep.name) else { return nil }
        let wanted = Set(sweep.trials.map(\.id))
        let axes = try PointAxes(of: revision, in: reader)
        var (count, shown) = (0, [String]())
        try reader.scanAsked(of: sweep.name) { row in
            guard let trial = TrialID(hex: row.text(0)), !wanted.contains(trial) else { return true }
            count += 1
            if count <= Self.most {
                let asked = JSONText.object(row.text(1)) ?? [:]
                shown.append("  \(axes.text(asked)) (\(trial.hex.prefix(PointNames.digits)))")
            }
            return true
        }
        guard count > 0 else { return nil }
        self.count = count
        lines = shown + (count > shown.count ? ["  and \(Readable.count(count - shown.count)) more"] : [])
    }
}
