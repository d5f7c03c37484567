import JobContract
import ResultQueries

/// Which slice of a sweep is looked at: what the page asks for, and for the rest what is likely to be looked for.
struct PlacesQuestion {
    let x: String?
    let y: String?
    let isCurves: Bool
    /// Axes that are in neither list are averaged over.
    let fixed: [(key: String, value: String)]

    /// What the page sends for no second axis, and for an axis to be averaged over.
    private static let (none, all) = ("-", "*")
    /// Of more trials the mean over replicates is taken where it is asked for.
    private static let mostAveraged = 20_000

    /// - Parameter isCurves: along the length, where that varies; else a map of dataset size and model scale.
    init(_ index: PlaceIndex, x: String?, y: String?, isCurves: Bool, fixed: [(key: String, value: String)]) {
        self.isCurves = isCurves
        let axes = index.axes
        let length = axes.first { PointAxes.isLength($0.key) }?.key
        func firstAxis(but taken: String?) -> String? {
            let left = axes.filter { $0.key != taken && !(isCurves && taken == nil && $0.key == "seed") }
            // Axes of replicates tell least.
            return (left.first { !TrialKeys.replicateKeys.contains($0.key) } ?? left.first)?.key
        }
        let first = x ?? (isCurves ? length : nil) ?? firstAxis(but: y)
        self.x = first
        self.y = y == Self.none ? nil : y ?? firstAxis(but: first)
        let second = self.y
        let others = axes.filter { $0.key != first && $0.key != second }
        var given: [(key: String, value: String)] = []
        for axis in others where !fixed.contains(where: { $0.key == axis.key }) {
            guard !TrialKeys.replicateKeys.contains(axis.key), let last = axis.values.last else { continue }
            given.append((axis.key, PointAxes.plain(last)))
        }
        // Replicates are averaged over unless they are very many.
        var share = Double(index.trials.count)
        for (key, value) in given + fixed where value != Self.all {
            share /= Double(max(1, index.axis(key)?.values.count ?? 1))
        }
        for axis in others where TrialKeys.replicateKeys.contains(axis.key) && share > Double(Self.mostAveraged) {
            guard !fixed.contains(where: { $0.key == axis.key }), let value = axis.values.first else { continue }
            given.append((axis.key, PointAxes.plain(value)))
            share /= Double(axis.values.count)
        }
        self.fixed = (given + fixed).filter { $0.value != Self.all && $0.key != first && $0.key != second }
    }
}
