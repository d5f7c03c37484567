import ResultQueries

/// A point of the map, by the axes that figures spread out. Trials that differ in replicates or any other axis share it.
struct GridPoint: Hashable, Comparable {
    var scale: Int
    /// The length in the sweep's unit, as the sweep asked for it, before rounding to whole steps.
    var length: Double
    var size: Int

    static func < (a: GridPoint, b: GridPoint) -> Bool {
        (a.scale, a.length, a.size) < (b.scale, b.length, b.size)
    }
}

/// A measurement of one of a sweep's trials, or of several of them.
struct PlacedValue {
    /// For a comparison, the first of `points`.
    var point: GridPoint
    /// The trial's row among the sweep's.
    var trial: Int
    /// Replicates share this number.
    var place: Int32
    /// The subset or comparison that the value is a fact of; −1: its trial's alone.
    var unit: Int32 = -1
    var sigma: Double?
    var position: Int?
    var value: Double
    var n: Int?
    var isShare = false
    /// The keys in which a comparison's trials differ.
    var difference: [String] = []
    /// Where the value's trials lie.
    var points: [GridPoint] = []
    /// A comparison's trials, or their subsets, which other comparisons of its place may share.
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

    /// The averages by place on the map.
    var averages: [GridPoint: Average] {
        Dictionary(grouping: self, by: \.point).compactMapValues(\.average)
    }
}
