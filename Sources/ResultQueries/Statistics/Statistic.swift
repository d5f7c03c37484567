import Foundation

/// What a group of values is reduced to. NULL values do not count, and what is a fact of a training subset counts once
/// for each subset.
package enum Statistic: String, Hashable, Sendable, CaseIterable {
    /// Over replicates; of several places the mean of their means (`Average`).
    case mean
    case median
    /// Sample standard deviation (divisor n − 1); NULL for fewer than two values.
    case sd
    case min, max
    /// How many values there are.
    case count
    /// 95 % interval of the mean (`Average`), and what it is of, as three columns.
    case ci95

    /// What it is called in a table.
    var columns: [String] { self == .ci95 ? ["ci95_low", "ci95_high", "ci95_of"] : [rawValue] }

    /// As many as `columns`. NULL of no values, except `count`.
    func cells(_ samples: Samples, _ average: Average?) -> [ResultTable.Cell] {
        let values = samples.values
        switch self {
        case .count: return [.integer(Int64(values.count))]
        case .mean: return [.init(average?.mean)]
        case .median: return [.init(Self.median(values))]
        case .sd: return [.init(values.sampleDeviation)]
        case .min: return [.init(values.min())]
        case .max: return [.init(values.max())]
        case .ci95: return average?.intervalCells ?? [.null, .null, .null]
        }
    }

    private static func median(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}

extension [Double] {
    /// NaN of no values.
    package var mean: Double { reduce(0, +) / Double(count) }

    /// Divisor n − 1; nil for fewer than two values.
    var sampleDeviation: Double? {
        guard count > 1 else { return nil }
        let mean = mean
        return (reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count - 1)).squareRoot()
    }
}
