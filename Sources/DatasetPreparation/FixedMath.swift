/// Elementary functions from + − × ÷ alone, so that generated images have the same bits on every machine.
enum FixedMath {
    /// cos and sin of 2πk/n for k = 0 ..< n, correct to about 1 ulp and exact at multiples of a quarter turn.
    static func circle(_ n: Int) -> (cosines: [Double], sines: [Double]) {
        let points = (0..<n).map { k in point(k, n) }
        return (points.map(\.0), points.map(\.1))
    }

    // Folds the angle into the first eighth of a turn, where the series are short; k/n stays a ratio of integers.
    private static func point(_ k: Int, _ n: Int) -> (Double, Double) {
        if 2 * k > n {
            let (c, s) = point(n - k, n)
            return (c, -s)
        }
        if 4 * k > n {
            // A half turn minus the angle; doubled denominators keep n/2 whole.
            let (c, s) = firstQuarter(2 * (n - 2 * k), 4 * n)
            return (-c, s)
        }
        return firstQuarter(4 * k, 4 * n)
    }

    // The angle 2πa/b for 0 <= a/b <= 1/4; b is a multiple of 4.
    private static func firstQuarter(_ a: Int, _ b: Int) -> (Double, Double) {
        if 8 * a > b {
            let x = 2 * Double.pi * (Double(b / 4 - a) / Double(b))
            return (sine(x), cosine(x))
        }
        let x = 2 * Double.pi * (Double(a) / Double(b))
        return (cosine(x), sine(x))
    }

    private static func cosine(_ x: Double) -> Double {
        var sum = 0.0
        for k in stride(from: 18, to: 0, by: -2) { sum = (1 - sum) * x * x / Double(k * (k - 1)) }
        return 1 - sum
    }

    private static func sine(_ x: Double) -> Double {
        var sum = 0.0
        for k in stride(from: 19, to: 1, by: -2) { sum = (1 - sum) * x * x / Double(k * (k - 1)) }
        return x - x * sum
    }

    /// x^y for x > 0; relative error of about 1e-15 · (1 + |y ln x|).
    static func power(_ x: Double, _ y: Double) -> Double { exponential(y * logarithm(x)) }

    private static let ln2 = 0x1.62e42fefa39efp-1

    static func logarithm(_ x: Double) -> Double {
        var significand = x.significand
        var exponent = Double(x.exponent)
        if significand > 1.4142135623730951 {
            significand /= 2
            exponent += 1
        }
        // ln m = 2 artanh s with s = (m − 1)/(m + 1).
        let s = (significand - 1) / (significand + 1)
        var sum = 0.0
        for k in stride(from: 27, to: 0, by: -2) { sum = sum * s * s + 1 / Double(k) }
        return exponent * ln2 + 2 * s * sum
    }

    static func exponential(_ x: Double) -> Double {
        let exponent = (x / ln2).rounded()
        let rest = x - exponent * ln2
        var sum = 1.0
        for k in stride(from: 20, to: 0, by: -1) { sum = 1 + sum * rest / Double(k) }
        return Double(sign: .plus, exponent: Int(exponent), significand: sum)
    }
}
