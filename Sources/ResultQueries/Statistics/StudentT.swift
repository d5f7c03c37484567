import Foundation

/// Student's t distribution (1908), with any number of degrees of freedom: Welch and Satterthwaite's are no whole numbers.
package enum StudentT {
    /// The value that t stays below with probability 0.975; the normal distribution's for infinitely many degrees.
    package static func quantile(freedom: Double) -> Double {
        guard freedom < 1e7 else { return normalQuantile }
        // 1 and 2 degrees have closed forms, whose far tails bisection would need long for.
        if freedom == 1 { return tan(.pi * 0.475) }
        if freedom == 2 { return 0.95 / (2 * 0.975 * 0.025).squareRoot() }
        var (low, high) = (normalQuantile, 1e9)
        // Between the two the logarithm is halved: t of few degrees lies far out.
        while high / low - 1 > 1e-15 {
            let middle = (low * high).squareRoot()
            if middle <= low || middle >= high { break }
            if tail(middle, freedom: freedom) > 0.025 { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }

    /// The standard normal distribution's 0.975 quantile.
    package static let normalQuantile = 1.959963984540054

    /// The probability of more than `value`, at least 0.
    static func tail(_ value: Double, freedom: Double) -> Double {
        incompleteBeta(freedom / (freedom + value * value), freedom / 2, 0.5) / 2
    }

    /// The regularised incomplete beta function I_x(a, b), by its continued fraction (Abramowitz & Stegun 26.5.8) with
    /// Lentz's algorithm (1976).
    private static func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
        guard x > 0 else { return 0 }
        guard x < 1 else { return 1 }
        // On this side of the mean the fraction ends soon.
        if x > (a + 1) / (a + b + 2) { return 1 - incompleteBeta(1 - x, b, a) }
        let front = exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * log(x) + b * log1p(-x)) / a
        func kept(_ value: Double) -> Double { abs(value) < 1e-300 ? 1e-300 : value }
        var c = 1.0
        var d = 1 / kept(1 - (a + b) * x / (a + 1))
        var fraction = d
        for step in 1..<500 {
            let m = Double(step)
            for term in [
                m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
            ] {
                d = 1 / kept(1 + term * d)
                c = kept(1 + term / c)
                fraction *= c * d
            }
            if abs(c * d - 1) < 1e-16 { break }
        }
        return front * fraction
    }
}

/// ln Γ of a positive number.
func logGamma(_ value: Double) -> Double {
    var sign: Int32 = 0
    return lgamma_r(value, &sign)
}
