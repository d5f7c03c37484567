import Foundation

/// What a group of values is reduced to. NULL values do not count.
package enum Statistic: String, Hashable, Sendable, CaseIterable {
    case mean, median
    /// Sample standard deviation (divisor n − 1); NULL for fewer than two values.
    case sd
    case min, max
    /// How many values there are.
    case count

    /// NULL (nil) of no values, except `count`.
    func of(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return self == .count ? 0 : nil }
        let n = Double(values.count)
        switch self {
        case .count: return n
        case .mean: return values.reduce(0, +) / n
        case .min: return values.min()
        case .max: return values.max()
        case .median:
            let sorted = values.sorted()
            let middle = sorted.count / 2
            return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        case .sd:
            guard values.count > 1 else { return nil }
            let mean = values.reduce(0, +) / n
            return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)).squareRoot()
        }
    }

    func cell(_ values: [Double]) -> ResultTable.Cell {
        self == .count ? .integer(Int64(values.count)) : ResultTable.Cell(of(values))
    }
}
