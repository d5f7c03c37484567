import Foundation

/// Random numbers for simulations, the same for the same seed: Steele, Lea & Flood, "Fast splittable pseudorandom number
/// generators" (2014).
package struct CoverageDraws {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number above 0 and below 1.
    package mutating func uniform() -> Double { (Double(next() >> 11) + 0.5) * 0x1p-53 }

    package mutating func normal() -> Double { (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform()) }

    /// How many of `n` independent events occur, each of probability p.
    package mutating func binomial(_ n: Int, _ p: Double) -> Int {
        (0..<n).reduce(0) { sum, _ in sum + (uniform() < p ? 1 : 0) }
    }

    /// A draw of the beta distribution of this mean and standard deviation; the mean itself where the deviation is 0.
    package mutating func beta(mean: Double, deviation: Double) -> Double {
        guard deviation > 0 else { return mean }
        let total = mean * (1 - mean) / (deviation * deviation) - 1
        let (a, b) = (logarithmOfGamma(mean * total), logarithmOfGamma((1 - mean) * total))
        return 1 / (1 + exp(b - a))
    }

    /// The logarithm of a gamma variate (Marsaglia & Tsang 2000); the variate itself would round to 0 for small shapes.
    private mutating func logarithmOfGamma(_ shape: Double) -> Double {
        if shape < 1 { return log(uniform()) / shape + logarithmOfGamma(shape + 1) }
        let d = shape - 1.0 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            let x = normal()
            let v = pow(1 + c * x, 3)
            if v > 0, log(uniform()) < x * x / 2 + d - d * v + d * log(v) { return log(d * v) }
        }
    }
}

/// How often an interval holds the true value, and how wide it is.
package struct Coverage: Sendable {
    package private(set) var draws = 0
    package private(set) var held = 0
    /// Draws without an interval.
    package private(set) var missing = 0
    private var widths: [Double] = []

    package init() {}

    package mutating func add(_ interval: ConfidenceInterval?, holding truth: Double) {
        draws += 1
        guard let interval else {
            missing += 1
            return
        }
        held += interval.low <= truth && truth <= interval.high ? 1 : 0
        widths.append(interval.high - interval.low)
    }

    /// The share of intervals that hold the true value, among the draws that have one.
    package var share: Double { Double(held) / Double(max(1, draws - missing)) }

    package var medianWidth: Double { widths.isEmpty ? .nan : widths.sorted()[widths.count / 2] }
}
