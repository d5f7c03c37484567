import Foundation

/// The share of copied samples against the logarithm of the dataset size, as a logistic curve.
package struct LogisticFit: Hashable {
    /// p(x) = 1 / (1 + exp(−(intercept + slope · x))).
    var intercept: Double
    package var slope: Double

    /// Where p is a half.
    package var middle: Double { place(of: 0.5) }

    /// Where p is so much, between 0 and 1.
    func place(of share: Double) -> Double { (log(share / (1 - share)) - intercept) / slope }

    /// The most likely curve through shares of `n` samples at `x`. Half a success and half a failure are added to each
    /// share (Haldane 1956, Anscombe 1956), so that shares of 0 and 1 alone have a curve too.
    ///
    /// Nil for fewer than two different `x`, or where no curve falls or rises.
    package init?(_ points: [(x: Double, share: Double, n: Double)]) {
        guard Set(points.map(\.x)).count > 1 else { return nil }
        let weights = points.map { $0.n + 1 }
        let shares = points.map { ($0.share * $0.n + 0.5) / ($0.n + 1) }
        let total = weights.reduce(0, +)
        let centre = zip(points, weights).reduce(0) { $0 + $1.0.x * $1.1 } / total
        let xs = points.map { $0.x - centre }
        func loss(_ a: Double, _ b: Double) -> Double {
            var sum = 0.0
            for index in xs.indices {
                let z = a + b * xs[index]
                // log(1 + e^z) without overflow.
                sum += weights[index] * (max(z, 0) + log1p(exp(-abs(z))) - shares[index] * z)
            }
            return sum
        }
        var (a, b) = (0.0, 0.0)
        var best = loss(a, b)
        for _ in 0..<100 {
            var (ga, gb, haa, hab, hbb) = (0.0, 0.0, 0.0, 0.0, 0.0)
            for index in xs.indices {
                let p = 1 / (1 + exp(-(a + b * xs[index])))
                let (residual, weight) = (weights[index] * (shares[index] - p), weights[index] * p * (1 - p))
                ga += residual
                gb += residual * xs[index]
                haa += weight
                hab += weight * xs[index]
                hbb += weight * xs[index] * xs[index]
            }
            let determinant = haa * hbb - hab * hab
            guard determinant > 0 else { break }
            var step = 1.0
            let (da, db) = ((hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant)
            // Newton's step, halved until it helps: far from the optimum the whole one may not.
            while step > 1e-10, loss(a + step * da, b + step * db) > best { step /= 2 }
            let next = loss(a + step * da, b + step * db)
            guard next < best else { break }
            (a, b) = (a + step * da, b + step * db)
            if best - next < 1e-14 * abs(best) {
                best = next
                break
            }
            best = next
        }
        guard b.isFinite, abs(b) > 1e-9 else { return nil }
        slope = b
        intercept = a - b * centre
    }
}
