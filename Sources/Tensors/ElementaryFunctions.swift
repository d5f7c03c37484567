import Kernels

/// Elementary functions in float64 whose bits do not depend on the CPU or the C library. Everything that reaches a
/// stored result uses these instead of libm's.
package enum Elementary {
    package static func exp(_ x: Double) -> Double { ek_exp(x) }
    package static func log(_ x: Double) -> Double { ek_log(x) }
    /// Radians, |x| < 1e6.
    package static func sin(_ x: Double) -> Double { ek_sin(x) }
    /// Radians, |x| < 1e6.
    package static func cos(_ x: Double) -> Double { ek_cos(x) }
    /// x^y for x > 0.
    package static func pow(_ x: Double, _ y: Double) -> Double { ek_pow(x, y) }

    /// x^n by repeated squaring, n >= 0.
    package static func power(_ x: Double, _ n: Int) -> Double {
        var result = 1.0
        var factor = x
        var rest = n
        while rest > 0 {
            if rest & 1 == 1 { result *= factor }
            factor *= factor
            rest >>= 1
        }
        return result
    }
}
