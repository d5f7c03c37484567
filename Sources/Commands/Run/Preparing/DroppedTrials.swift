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
        // Of a sweep that stays as it is nothing has to be looked up.
        let trials = sweep.trials
        var wanted: Set<TrialID>?
        var place = 0
        let axes = try PointAxes(of: revision, in: reader)
        var (count, shown) = (0, [String]())
        try reader.scanAsked(of: sweep.name) { row in
            defer { place += 1 }
            guard let trial = TrialID(hex: row.text(0)) else { return true }
            if place < trials.count, trials[place].id == trial { return true }
            let all = wanted ?? Set(trials.map(\.id))
            wanted = all
            guard !all.contains(trial) else { return true }
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
