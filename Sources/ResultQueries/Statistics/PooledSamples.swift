/// The values of one group.
package struct Samples {
    /// The values without NULLs; a fact of a subset counts once for each subset.
    var values: [Double] = []
    /// The same as independent replicates, by place.
    var places: [[Replicate]] = []
    /// The sum of the values' `n`; nil where a value has none.
    var total: Double? = 0

    package func average(areShares: Bool) -> Average? { Average(places, areShares: areShares) }
}

/// Values of many groups, gathered as they come and then laid out group by group.
package struct GroupedSamples {
    /// Where a value belongs.
    package struct Key {
        var group: Int32
        /// The number of its place: trials that only replication tells apart.
        var place: Int32
        /// The subset or comparison that the value is a fact of; −1: its trial's alone.
        var unit: Int32 = -1

        package init(group: Int32, place: Int32, unit: Int32 = -1) {
            self.group = group
            self.place = place
            self.unit = unit
        }
    }

    package init() {}

    private var values: [Double] = []
    private var groups: [Int32] = []
    private var places: [Int32] = []
    /// The values' `n`, −1 for none; empty where no value has one.
    private var counts: [Int32] = []
    private var units: [Int32] = []
    private var starts: [Int] = []

    /// Adds a value, unless it is NaN.
    package mutating func append(_ value: Double, n: Int?, of key: Key) {
        guard !value.isNaN else { return }
        if let n {
            while counts.count < values.count { counts.append(-1) }
            counts.append(Int32(clamping: n))
        } else if !counts.isEmpty {
            counts.append(-1)
        }
        if key.unit >= 0 {
            while units.count < values.count { units.append(-1) }
            units.append(key.unit)
        } else if !units.isEmpty {
            units.append(-1)
        }
        values.append(value)
        groups.append(key.group)
        places.append(key.place)
    }

    /// Lays the values out, in the order in which they came within each of `count` groups.
    package mutating func sort(into count: Int) {
        starts = [Int](repeating: 0, count: count + 1)
        for group in groups { starts[Int(group) + 1] += 1 }
        for group in 0..<count { starts[group + 1] += starts[group] }
        var next = starts
        var order = [Int](repeating: 0, count: values.count)
        for (index, group) in groups.enumerated() {
            order[next[Int(group)]] = index
            next[Int(group)] += 1
        }
        values = order.map { values[$0] }
        places = order.map { places[$0] }
        if !counts.isEmpty { counts = order.map { counts[$0] } }
        if !units.isEmpty { units = order.map { units[$0] } }
        groups = []
    }

    /// The samples of a group. For a group of comparisons, `members` are the trials of each, by unit.
    package func samples(_ group: Int, members: [[Int32]]? = nil) -> Samples {
        var samples = Samples()
        var byPlace = [Int32: Int]()
        var byUnit = [Int32: Int]()
        /// The values at each place, those of one unit together.
        var found = [[ReplicateOf]]()
        for index in starts[group]..<starts[group + 1] {
            let place = byPlace[places[index]] ?? found.count
            if place == found.count {
                byPlace[places[index]] = place
                found.append([])
            }
            let n = counts.isEmpty || counts[index] < 0 ? nil : Double(counts[index])
            let unit = units.isEmpty ? -1 : units[index]
            if unit >= 0, let known = byUnit[unit] {
                found[place][known].values.append(values[index])
            } else {
                if unit >= 0 { byUnit[unit] = found[place].count }
                found[place].append(ReplicateOf(unit: unit, n: n, values: [values[index]]))
                samples.total = n.flatMap { n in samples.total.map { $0 + n } }
            }
        }
        for place in found {
            samples.values += place.map(\.values.mean)
            let replicates = place.map { Replicate($0.values.mean, n: $0.n) }
            samples.places.append(
                members.map { members in
                    ComparedReplicates.independent(zip(place, replicates).map { (members[Int($0.unit)], $1) })
                } ?? replicates)
        }
        if samples.values.isEmpty { samples.total = nil }
        return samples
    }

    /// A value measured of one unit, which several trials may have measured.
    private struct ReplicateOf {
        var unit: Int32
        var n: Double?
        var values: [Double]
    }
}
