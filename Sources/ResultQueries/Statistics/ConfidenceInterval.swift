import Foundation

/// A 95 % interval. Of a mean: Student's t below ten values, where the bootstrap covers too little, and the percentile
/// bootstrap from ten; of a share: Wilson's.
package struct ConfidenceInterval: Hashable {
    package var low: Double
    package var high: Double

    /// Nil for fewer than two values. Equal values have equal intervals, on every machine and at every call.
    package init?(ofTheMeanOf values: [Double]) {
        guard let deviation = values.sampleDeviation else { return nil }
        if values.count < 10 {
            let half = Self.studentT(freedom: values.count - 1) * deviation / Double(values.count).squareRoot()
            (low, high) = (values.mean - half, values.mean + half)
        } else {
            let means = Self.resampledMeans(values.sorted())
            (low, high) = (Self.quantile(0.025, of: means), Self.quantile(0.975, of: means))
        }
    }

    /// The interval of a growing function of what it is of.
    package func mapped(_ function: (Double) -> Double) -> ConfidenceInterval {
        var mapped = self
        (mapped.low, mapped.high) = (function(low), function(high))
        return mapped
    }

    /// Wilson's score interval (1927) of a share of `total` independent samples; nil without any.
    package init?(ofTheShare successes: Double, of total: Int) {
        guard total > 0 else { return nil }
        let n = Double(total)
        let z = 1.959963984540054
        let share = successes / n
        let middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        let half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
        (low, high) = (Swift.max(0, middle - half), Swift.min(1, middle + half))
    }

    /// The 0.975 quantiles of Student's t with 1 to 8 degrees of freedom.
    private static let quantiles = [
        12.706204736432095, 4.302652729696142, 3.182446305284263, 2.7764451051977987, 2.5705818366147395,
        2.4469118487916806, 2.3646242510102993, 2.306004135204166,
    ]

    /// The 0.975 quantile of Student's t with 1 to 8 degrees of freedom.
    static func studentT(freedom: Int) -> Double { quantiles[freedom - 1] }

    private static let resamples = 4000

    /// Samples with replacement, always the same ones.
    static func resampled<Value>(_ values: [Value], times: Int) -> [[Value]] {
        var generator = SplitMix64(state: 0)
        return (0..<times).map { _ in values.map { _ in values[Int.random(in: 0..<values.count, using: &generator)] } }
    }

    private static func resampledMeans(_ values: [Double]) -> [Double] {
        var generator = SplitMix64(state: 0)
        return (0..<resamples).map { _ in
            var sum = 0.0
            for _ in values { sum += values[Int.random(in: 0..<values.count, using: &generator)] }
            return sum / Double(values.count)
        }.sorted()
    }

    /// Linear between the order statistics on either side.
    static func quantile(_ share: Double, of sorted: [Double]) -> Double {
        let place = share * Double(sorted.count - 1)
        let below = Int(place)
        let above = Swift.min(below + 1, sorted.count - 1)
        return sorted[below] + (sorted[above] - sorted[below]) * (place - Double(below))
    }
}

/// Steele, Lea & Flood, "Fast splittable pseudorandom number generators" (2014).
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
