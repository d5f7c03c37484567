import Foundation

/// The function that reduces a group of values. NULL values do not count, and a fact of a training subset counts once
/// for each subset.
package enum Statistic: String, Hashable, Sendable, CaseIterable {
    /// The mean over replicates; over several places the mean of their means (`Average`).
    case mean
    case median
    /// Sample standard deviation (divisor n − 1); NULL for fewer than two values.
    case sd
    case min, max
    /// How many values there are.
    case count
    /// 95 % interval of the mean (`Average`), and what it is of, as three columns.
    case ci95

    /// The names of its columns in a table.
    var columns: [String] { self == .ci95 ? ["ci95_low", "ci95_high", "ci95_of"] : [rawValue] }

    /// A cell for each of `columns`. Without values all are NULL but `count`.
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
    /// NaN where there are no values.
    package var mean: Double { reduce(0, +) / Double(count) }

    /// The standard deviation with divisor n − 1; nil for fewer than two values.
    var sampleDeviation: Double? {
        guard count > 1 else { return nil }
        let mean = mean
        return (reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count - 1)).squareRoot()
    }
}
