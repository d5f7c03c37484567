import Foundation

/// A 95 % interval.
package struct ConfidenceInterval: Hashable, Sendable {
    package var low: Double
    package var high: Double

    package init(low: Double, high: Double) {
        self.low = low
        self.high = high
    }

    /// Student's interval of the mean that independent values are drawn about; nil for fewer than two values.
    package init?(ofTheMeanOf values: [Double]) {
        guard let deviation = values.sampleDeviation else { return nil }
        let half =
            StudentT.quantile(freedom: Double(values.count - 1)) * deviation / Double(values.count).squareRoot()
        (low, high) = (values.mean - half, values.mean + half)
    }

    /// Wilson's score interval (1927) of a share of `total` independent samples; nil without any.
    package init?(ofTheShare share: Double, of total: Double) {
        guard total > 0 else { return nil }
        let z = StudentT.normalQuantile
        let middle = (share + z * z / (2 * total)) / (1 + z * z / total)
        let half =
            z / (1 + z * z / total) * (share * (1 - share) / total + z * z / (4 * total * total)).squareRoot()
        (low, high) = (Swift.max(0, middle - half), Swift.min(1, middle + half))
    }

    /// The interval of an increasing function of the estimated quantity.
    package func mapped(_ function: (Double) -> Double) -> ConfidenceInterval {
        ConfidenceInterval(low: function(low), high: function(high))
    }
}
