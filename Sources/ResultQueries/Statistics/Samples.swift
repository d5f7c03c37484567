/// The values of one group, and of how many samples they are shares.
struct Samples {
    /// Without NULLs.
    var values: [Double]
    /// The sum of their `n`; nil where one of them has none.
    var total: Int?
    /// The sum of value × n.
    var successes = 0.0
}

/// Values of many groups, gathered as they come and then laid out group by group.
struct GroupedSamples {
    private var values: [Double] = []
    private var groups: [Int32] = []
    /// Empty, or as many as values; −1 for none.
    private var counts: [Int32] = []
    private var starts: [Int] = []

    /// NaN does not count.
    mutating func append(_ value: Double, of group: Int32, n: Int?) {
        guard !value.isNaN else { return }
        if let n {
            while counts.count < values.count { counts.append(-1) }
            counts.append(Int32(clamping: n))
        }
        values.append(value)
        groups.append(group)
    }

    /// Lays the values out, in the order in which they came within each of `count` groups.
    mutating func sort(into count: Int) {
        if !counts.isEmpty { while counts.count < values.count { counts.append(-1) } }
        starts = [Int](repeating: 0, count: count + 1)
        for group in groups { starts[Int(group) + 1] += 1 }
        for group in 0..<count { starts[group + 1] += starts[group] }
        var next = starts
        var sorted = [Double](repeating: 0, count: values.count)
        var sortedCounts = [Int32](repeating: -1, count: counts.count)
        for (index, group) in groups.enumerated() {
            let place = next[Int(group)]
            next[Int(group)] += 1
            sorted[place] = values[index]
            if !counts.isEmpty { sortedCounts[place] = counts[index] }
        }
        values = sorted
        counts = sortedCounts
        groups = []
    }

    subscript(group: Int) -> Samples {
        let range = starts[group]..<starts[group + 1]
        var samples = Samples(values: Array(values[range]), total: nil)
        guard !counts.isEmpty, !range.isEmpty, counts[range].allSatisfy({ $0 >= 0 }) else { return samples }
        samples.total = counts[range].reduce(0) { $0 + Int($1) }
        samples.successes = range.reduce(0) { $0 + values[$1] * Double(counts[$1]) }
        return samples
    }
}
