import Foundation
import ResultQueries

/// How often the intervals of reported fits hold the true value, by simulation, through the code that reports them. The fits
/// are the dataset sizes of both contours and the exponents of the boundary's law, the lengths after which something sets in
/// and their exponents.
package enum FitCoverage {
    package struct Case: Sendable {
        package var name: String
        package var replicates: Int
        var kind: Kind
        /// The sizes swept, or the lengths.
        var sizes: [Int]

        /// Whether it is of the exponents of a law.
        package var isOfLaw: Bool {
            switch kind {
            case .law, .timeLaw, .turnLaw: true
            case .half, .nearness, .time, .gain: false
            }
        }
    }

    enum Kind {
        /// The size of one row at which half of the samples are copies.
        case half
        /// The size of one row at which `copy_auc` is that of the contour.
        case nearness
        /// The exponents from rows of three scales by three lengths, where each scale multiplies N* by a factor of its own.
        case law([Double])
        /// The length at which so large a share of the samples are copies, of one size, or the mean of that of several places.
        case time(share: Double, places: Int = 1)
        /// The first length at which a gain rises above 0, of one size.
        case gain
        /// The exponent of N of the length at which half of the samples are copies, from rows of four sizes.
        case timeLaw(Double)
        /// The exponent of N of the length at which a held-out loss has risen 1 % above its least, from rows of four sizes.
        case turnLaw(Double)
    }

    /// The coverage of each estimate.
    package typealias Result = [(estimate: String, coverage: Coverage)]

    package static let cases: [Case] = [3, 4, 8, 20].flatMap { replicates in
        let sizes = [16, 32, 64, 128, 256, 512]
        func law(_ name: String, _ sizes: [Int], _ factors: [Double] = [1, 1, 1]) -> Case {
            Case(name: "law, " + name, replicates: replicates, kind: .law(factors), sizes: sizes)
        }
        return [
            Case(name: "copied = ½", replicates: replicates, kind: .half, sizes: sizes),
            Case(name: "copy_auc = 0.95", replicates: replicates, kind: .nearness, sizes: sizes),
            law("copying ends in all rows", [8, 32, 128, 512, 2048]),
            law("a third of rows end beyond", [16, 32, 64, 128, 256]),
            law("one scale of three ends inside", [8, 32, 128, 512, 2048], [1, 1e3, 1e6]),
        ] + timeCases(replicates)
    }

    private static let (ofParameters, ofLength) = (0.4, 0.7)
    /// log N* of a row, and its standard deviation between replicates.
    static let (middle, deviation) = (log(90.0), 0.2)

    package static func coverage(of given: Case, draws: Int) -> Result {
        let name = given.name.utf8.reduce(0) { $0 * 31 % 9973 + Int($1) }
        var random = CoverageDraws(seed: UInt64(given.replicates * 10_000 + name))
        switch given.kind {
        case .half:
            return crossing(given, draws: draws, truth: middle, &random) { middle, random in
                PhaseMap.half(shares(about: middle, given.sizes, &random))
            }
        case .nearness:
            // The contour is defined by lines between the sizes swept, so the true value is found by them too.
            let deviates = (-400...400).map { Double($0) / 100 }
            let weights = deviates.map { exp(-$0 * $0 / 2) }
            let truth =
                zip(deviates, weights).reduce(0) { sum, part in
                    sum + part.1 * (nearness(about: middle + deviation * part.0, given.sizes) { _ in 0 } ?? .nan)
                } / weights.reduce(0, +)
            return crossing(given, draws: draws, truth: truth, &random) { middle, random in
                nearness(about: middle, given.sizes) { error in error * random.normal() }
            }
        case .law(let factors): return law(given, factors, draws: draws, &random)
        case .time, .gain: return time(given, draws: draws, &random)
        case .timeLaw(let exponent):
            return lengthLaw(given, exponent, CrossingRule(level: .value(0.5)), draws: draws, &random) {
                copied(about: $0, given.sizes, &$1)
            }
        case .turnLaw(let exponent):
            let rule = CrossingRule(level: .timesLeast(1.01), isFirst: true)
            return lengthLaw(given, exponent, rule, draws: draws, &random) { turning(about: $0, given.sizes, &$1) }
        }
    }

    /// The coverage of the size of one row, which is found in each replicate.
    private static func crossing(
        _ given: Case, draws: Int, truth: Double, _ random: inout CoverageDraws,
        _ find: (Double, inout CoverageDraws) -> Double?
    ) -> Result {
        var coverage = Coverage()
        for _ in 0..<draws {
            let found = (0..<given.replicates).compactMap { _ in
                find(middle + deviation * random.normal(), &random)
            }
            let isInside = found.count == given.replicates
            let average = isInside ? Average([found.map { Replicate($0) }], areShares: false) : nil
            coverage.add(average?.interval, holding: truth)
        }
        return [("log N", coverage)]
    }

    /// Where `copy_auc`, here ½ and half of the share copied, passes the contour's level; `noise` adds to each size an error
    /// like that of 256 samples.
    private static func nearness(about middle: Double, _ sizes: [Int], _ noise: (Double) -> Double) -> Double? {
        let areas = sizes.map { size in
            let area = (1 + share(about: middle, size)) / 2
            return (size: Double(size), value: area + noise((area * (1 - area) / 256).squareRoot()))
        }
        return PhaseMap.fall(areas, below: PhaseMap.nearness)?.at
    }

    /// Three scales by three lengths; replicates differ by 0.2 in log N* throughout and by 0.1 in each row, and in both
    /// exponents by 0.1.
    private static func law(
        _ given: Case, _ factors: [Double], draws: Int, _ random: inout CoverageDraws
    ) -> Result {
        var parameters = Coverage()
        var length = Coverage()
        for _ in 0..<draws {
            var rows = [BoundaryLaw.Row]()
            for replicate in 0..<given.replicates {
                let (all, b, c) = (deviation * random.normal(), 0.1 * random.normal(), 0.1 * random.normal())
                for (i, scale) in [4, 8, 16].enumerated() {
                    for (j, images) in [1000.0, 4000, 16000].enumerated() {
                        let size =
                            middle + log(factors[i]) + all + 0.1 * random.normal() + (ofParameters + b) * Double(i - 1)
                            * log(4)
                            + (ofLength + c) * Double(j - 1) * log(4)
                        rows.append(
                            BoundaryLaw.Row(
                                scale: scale, length: images, other: 0, replicate: Int32(replicate), otherCells: [],
                                replicateCells: [], parameters: 100 * scale * scale,
                                boundary: BoundaryLaw.boundary(shares(about: size, given.sizes, &random))))
                    }
                }
            }
            parameters.add(BoundaryExponent.ofParameters(rows)?.interval, holding: ofParameters)
            length.add(BoundaryExponent.ofLength(rows)?.interval, holding: ofLength)
        }
        // Factors that differ make scales of which one alone ends inside: they tell nothing of P.
        return (Set(factors).count > 1 ? [] : [("exponent of P", parameters)]) + [("exponent of length", length)]
    }

    private static func shares(
        about middle: Double, _ sizes: [Int], _ random: inout CoverageDraws
    ) -> [(size: Double, share: Double, n: Double)] {
        sizes.map { size in
            (Double(size), Double(random.binomial(256, share(about: middle, size))) / 256, 256)
        }
    }

    private static func share(about middle: Double, _ size: Int) -> Double {
        1 / (1 + exp(-3 * (middle - log(Double(size)))))
    }
}
