import ResultQueries

/// A place on the map: what figures spread out. Replicates and every other axis lie together on it.
struct GridPoint: Hashable, Comparable {
    var scale: Int
    /// As the sweep asked for it, before rounding to whole steps; in its unit.
    var length: Double
    var size: Int

    static func < (a: GridPoint, b: GridPoint) -> Bool {
        (a.scale, a.length, a.size) < (b.scale, b.length, b.size)
    }
}

/// A measurement of one of a sweep's trials, or of several of them.
struct PlacedValue {
    /// Of a comparison, the first of `points`.
    var point: GridPoint
    /// The trial, as a row of the sweep's.
    var trial: Int
    /// Its replicates share this number.
    var place: Int32
    /// The subset or comparison that it is a fact of; −1: its trial's alone.
    var unit: Int32 = -1
    var sigma: Double?
    var position: Int?
    var value: Double
    var n: Int?
    var isShare = false
    /// Of a comparison, what its trials differ in.
    var difference: [String] = []
    /// Where its trials lie.
    var points: [GridPoint] = []
    /// Of a comparison, what it shares with others of its place.
    var members: [Int32] = []
}

extension [PlacedValue] {
    /// The mean of places' means, with its interval; nil of no values.
    var average: Average? {
        guard let first else { return nil }
        var samples = GroupedSamples()
        for value in self {
            samples.append(
                value.value, n: value.isShare ? value.n : nil,
                of: .init(group: 0, place: value.place, unit: value.unit))
        }
        samples.sort(into: 1)
        guard !first.members.isEmpty else { return samples.samples(0).average(areShares: first.isShare) }
        var members = [[Int32]](repeating: [], count: Int(map(\.unit).max() ?? -1) + 1)
        for value in self where value.unit >= 0 { members[Int(value.unit)] = value.members }
        return samples.samples(0, members: members).average(areShares: first.isShare)
    }

    /// By place on the map.
    var averages: [GridPoint: Average] {
        Dictionary(grouping: self, by: \.point).compactMapValues(\.average)
    }
}
