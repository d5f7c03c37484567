import Foundation

/// The likelihood of the shares of k replicates, where the replicates' true shares follow a beta distribution of mean p and
/// standard deviation s, and each is seen in n samples: beta-binomial (Skellam 1948). The 95 % interval of p is where twice
/// the logarithm of the largest likelihood over that at p, both at their most likely s, stays below k ln(1 + t²/(k−1)), t
/// being Student's quantile: with that bound the same interval of k normal values is Student's.
///
/// s² is at most half of p(1−p), and small s are preferred: 90 s²/k² is subtracted from the logarithm of the likelihood,
/// which matters at two to four replicates only. Both were chosen by simulation: `scripts/bench coverage` tells what the
/// interval covers, and docs/statistics.md holds the table.
struct ShareLikelihood {
    /// A count of successes and failures, and how many replicates have it.
    private struct Count: Hashable {
        var successes: Double
        var failures: Double
        var times = 1.0
    }

    private let counts: [Count]
    private let replicates: Double
    private let penalty: Double
    /// Whether failures are counted as successes, so that the interval of mirrored shares is the mirror image.
    private let isMirrored: Bool
    private let mean: Double

    /// The largest share of p(1−p) that s² may be.
    private static let mostSpread = 0.5
    /// Below this share of p(1−p) the shares of replicates are as good as equal.
    private static let leastSpread = 1e-5

    /// At least two shares, each of n > 0 samples.
    init(_ shares: [(share: Double, n: Double)]) {
        mean = shares.reduce(0) { $0 + $1.share } / Double(shares.count)
        isMirrored = mean > 0.5
        var known: [[Double]: Int] = [:]
        var counts = [Count]()
        for (share, n) in shares {
            let successes = min(max(isMirrored ? (1 - share) * n : share * n, 0), n)
            if let place = known[[successes, n]] {
                counts[place].times += 1
            } else {
                known[[successes, n]] = counts.count
                counts.append(Count(successes: successes, failures: n - successes))
            }
        }
        self.counts = counts
        replicates = Double(shares.count)
        penalty = 90 / (replicates * replicates)
    }

    var interval: ConfidenceInterval {
        let t = StudentT.quantile(freedom: replicates - 1)
        let bound = (replicates * log1p(t * t / (replicates - 1))).squareRoot()
        let (best, most) = mostLikely
        /// How far p lies beyond the interval's bound, as a normal deviate; it grows almost linearly with the logit.
        func deviate(_ logit: Double) -> Double { (2 * max(0, most - profile(logit))).squareRoot() - bound }
        func end(_ direction: Double) -> Double {
            var (inside, outside) = ((x: best, y: -bound), (x: best, y: 0.0))
            var step = 0.5
            repeat {
                outside.x = inside.x + direction * step
                outside.y = deviate(outside.x)
                if outside.y < 0 { inside = outside }
                step *= 1.6
            } while outside.y < 0 && abs(outside.x) < 40
            guard outside.y >= 0 else { return direction < 0 ? 0 : 1 }
            for _ in 0..<60 where abs(outside.x - inside.x) > 1e-7 {
                // Where the line between the two crosses zero, kept away from its ends.
                let share = min(max(inside.y / (inside.y - outside.y), 0.02), 0.98)
                let x = inside.x + share * (outside.x - inside.x)
                let y = deviate(x)
                if y < 0 { inside = (x, y) } else { outside = (x, y) }
                if abs(y) < 1e-9 { break }
            }
            return Self.share(inside.x)
        }
        let isNone = counts.allSatisfy { $0.successes == 0 }
        let (low, high) = (isNone ? 0 : end(-1), end(1))
        let mean = isMirrored ? 1 - mean : mean
        let whole = ConfidenceInterval(low: min(low, mean), high: max(high, mean))
        return isMirrored ? ConfidenceInterval(low: 1 - whole.high, high: 1 - whole.low) : whole
    }

    private static func share(_ logit: Double) -> Double { 1 / (1 + exp(-logit)) }
    private static func logit(_ share: Double) -> Double { log(share / (1 - share)) }

    /// The logit of the most likely p, and the logarithm of its likelihood.
    private var mostLikely: (logit: Double, value: Double) {
        let total = counts.reduce(0) { $0 + $1.times * ($1.successes + $1.failures) }
        // Without any success p = 0 is the most likely: the search for the upper end begins just above it.
        guard counts.contains(where: { $0.successes > 0 }) else { return (Self.logit(0.25 / total), 0) }
        let shares = counts.map { ($0.successes + 0.25) / ($0.successes + $0.failures + 0.5) }
        guard let low = shares.min(), let high = shares.max() else { return (0, 0) }
        let found = Self.largest(Self.logit(low) - 0.1, Self.logit(high) + 0.1, within: 1e-3, profile)
        return (found.x, found.y)
    }

    /// The logarithm of the likelihood at p's logit, at the most likely s.
    private func profile(_ logit: Double) -> Double {
        let p = Self.share(logit)
        var equal = 0.0
        for count in counts { equal += count.times * (count.successes * log(p) + count.failures * log1p(-p)) }
        let spread = Self.largest(log(Self.leastSpread), log(Self.mostSpread), within: 0.02) {
            logarithm(p, spread: exp($0))
        }
        return max(equal, spread.y, logarithm(p, spread: Self.mostSpread))
    }

    /// The log-likelihood at mean p and s² = spread · p(1−p), without the terms that depend on neither.
    private func logarithm(_ p: Double, spread: Double) -> Double {
        let total = 1 / spread - 1
        let (a, b) = (p * total, (1 - p) * total)
        let base = logGamma(total) - logGamma(a) - logGamma(b)
        var sum = -penalty * spread * p * (1 - p)
        var (samples, ofSamples) = (-1.0, 0.0)
        for count in counts {
            if count.successes + count.failures != samples {
                samples = count.successes + count.failures
                ofSamples = logGamma(total + samples)
            }
            sum +=
                count.times
                * (base + logGamma(a + count.successes) + logGamma(b + count.failures) - ofSamples)
        }
        return sum
    }

    /// Finds the maximum of a function that has a single one, by golden sections (Kiefer 1953).
    private static func largest(
        _ low: Double, _ high: Double, within tolerance: Double, _ function: (Double) -> Double
    ) -> (x: Double, y: Double) {
        let golden = (5.0.squareRoot() - 1) / 2
        var (low, high) = (low, high)
        var left = (x: high - golden * (high - low), y: 0.0)
        var right = (x: low + golden * (high - low), y: 0.0)
        (left.y, right.y) = (function(left.x), function(right.x))
        while high - low > tolerance {
            if left.y > right.y {
                (high, right) = (right.x, left)
                left.x = high - golden * (high - low)
                left.y = function(left.x)
            } else {
                (low, left) = (left.x, right)
                right.x = low + golden * (high - low)
                right.y = function(right.x)
            }
        }
        return left.y > right.y ? left : right
    }
}
