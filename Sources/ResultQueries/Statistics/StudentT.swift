import Foundation

/// Student's t distribution (1908), with any number of degrees of freedom: Welch and Satterthwaite's need not be whole.
package enum StudentT {
    /// The value that t stays below with probability 0.975; the normal distribution's for infinitely many degrees.
    package static func quantile(freedom: Double) -> Double {
        guard freedom < 1e7 else { return normalQuantile }
        // 1 and 2 degrees have closed forms; their far tails would be hard to compute.
        if freedom == 1 { return tan(.pi * 0.475) }
        if freedom == 2 { return 0.95 / (2 * 0.975 * 0.025).squareRoot() }
        // Newton's method on ln of the tail as a function of ln t, which is concave: past the root once, then back to it.
        var logarithm = log(normalQuantile)
        for _ in 0..<100 {
            let value = exp(logarithm)
            let tail = tail(value, freedom: freedom)
            let step = log(tail / 0.025) * tail / (density(value, freedom: freedom) * value)
            logarithm += step
            if abs(step) < 1e-15 { break }
        }
        return exp(logarithm)
    }

    private static func density(_ value: Double, freedom: Double) -> Double {
        exp(logGamma((freedom + 1) / 2) - logGamma(freedom / 2) - log1p(value * value / freedom) * (freedom + 1) / 2)
            / (freedom * .pi).squareRoot()
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
        // The fraction converges fast for x below this bound only.
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
