import Foundation

/// The mean of normal values, some of which are only known to lie above or below a bound: the most likely one
/// (`CensoredRegression`), and its 95 % interval.
///
/// The interval is where twice the logarithm of the largest likelihood over that at the mean, both at their most likely
/// deviation, stays below k ln(1 + t²/(k−1)), t being Student's quantile and k the number of values that are known: where all
/// are it is Student's. What bounds leave open is infinite.
package struct CensoredMean: Hashable, Sendable {
    package let mean: Double
    package let interval: ConfidenceInterval

    /// Further from the mean than so much there is no end: values are logarithms.
    private static let farthest = 100.0

    /// Nil where fewer than two values are known, or fewer than half of them.
    package init?(_ values: [CensoredRegression.Value]) {
        let known = values.count { if case .exactly = $0 { true } else { false } }
        guard known > 1, 2 * known >= values.count, let fit = CensoredRegression(values.map { ([1], $0) }) else {
            return nil
        }
        let mean = fit.coefficients[0]
        let k = Double(known)
        let t = StudentT.quantile(freedom: k - 1)
        let least = Self.profile(values, mean) - k * log1p(t * t / (k - 1)) / 2
        func end(_ direction: Double) -> Double {
            var (inside, outside) = (0.0, max(fit.deviation, 1e-9))
            while Self.profile(values, mean + direction * outside) > least {
                inside = outside
                outside *= 2
                guard outside < Self.farthest else { return .infinity * direction }
            }
            for _ in 0..<50 {
                let middle = (inside + outside) / 2
                if Self.profile(values, mean + direction * middle) > least { inside = middle } else { outside = middle }
            }
            return mean + direction * inside
        }
        self.mean = mean
        interval = ConfidenceInterval(low: end(-1), high: end(1))
    }

    /// The logarithm of the likelihood at a mean, at its most likely deviation. It is concave in the deviation's inverse, so
    /// that golden sections over the deviation's logarithm find its maximum (Kiefer 1953).
    private static func profile(_ values: [CensoredRegression.Value], _ mean: Double) -> Double {
        func likelihood(_ logarithm: Double) -> Double {
            let deviation = exp(logarithm)
            return values.reduce(0) { sum, value in
                switch value {
                case .exactly(let x):
                    let z = (x - mean) / deviation
                    return sum - logarithm - z * z / 2
                case .above(let bound): return sum + CensoredRegression.tail((bound - mean) / deviation)
                case .below(let bound): return sum + CensoredRegression.tail((mean - bound) / deviation)
                }
            }
        }
        let golden = (5.0.squareRoot() - 1) / 2
        var (low, high) = (log(1e-9), log(1e4))
        var (left, right) = (high - golden * (high - low), low + golden * (high - low))
        var (ofLeft, ofRight) = (likelihood(left), likelihood(right))
        while high - low > 1e-4 {
            if ofLeft > ofRight {
                (high, right, ofRight) = (right, left, ofLeft)
                left = high - golden * (high - low)
                ofLeft = likelihood(left)
            } else {
                (low, left, ofLeft) = (left, right, ofRight)
                right = low + golden * (high - low)
                ofRight = likelihood(right)
            }
        }
        return max(ofLeft, ofRight)
    }
}
