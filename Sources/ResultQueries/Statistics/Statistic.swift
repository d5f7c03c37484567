import Foundation

/// What a group of values is reduced to. NULL values do not count.
package enum Statistic: String, Hashable, Sendable, CaseIterable {
    case mean, median
    /// Sample standard deviation (divisor n − 1); NULL for fewer than two values.
    case sd
    case min, max
    /// How many values there are.
    case count
    /// 95 % interval, as two columns. Of shares (`QuantityChoice.isShare`) Wilson's, of all samples together; of other
    /// quantities that of the mean (`ConfidenceInterval`), NULL for fewer than two values.
    case ci95

    /// What it is called in a table.
    var columns: [String] { self == .ci95 ? ["ci95_low", "ci95_high"] : [rawValue] }

    /// As many as `columns`. NULL of no values, except `count`.
    func cells(_ samples: Samples, isShare: Bool = false) -> [ResultTable.Cell] {
        let values = samples.values
        switch self {
        case .count: return [.integer(Int64(values.count))]
        case .mean: return [.init(values.isEmpty ? nil : values.mean)]
        case .median: return [.init(Self.median(values))]
        case .sd: return [.init(values.sampleDeviation)]
        case .min: return [.init(values.min())]
        case .max: return [.init(values.max())]
        case .ci95:
            let interval =
                isShare
                ? ConfidenceInterval(ofTheShare: samples.successes, of: samples.total ?? 0)
                : ConfidenceInterval(ofTheMeanOf: values)
            return [.init(interval?.low), .init(interval?.high)]
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
