import Foundation
import ResultQueries

/// The coverage of lengths after which something sets in, and of the exponents of their laws.
extension FitCoverage {
    private static let lengths = [1024, 2048, 4096, 8192, 16384, 32768, 65536]
    /// The logarithm of the length of the middle size, and how steeply shares rise with the logarithm of the length.
    private static let (start, slope) = (log(9000.0), 3.0)
    private static let sizes = [16.0, 64, 256, 1024]

    static func timeCases(_ replicates: Int) -> [Case] {
        func cut(_ end: Double) -> [Int] {
            lengths.filter { Double($0) < exp(start) } + [Int(exp(start + end * deviation))]
        }
        // A third of the replicates lie beyond the mean and 0.43 standard deviations, a sixth beyond 0.97.
        let short = cut(0.43)
        func given(_ name: String, _ kind: Kind, _ lengths: [Int]) -> Case {
            Case(name: name, replicates: replicates, kind: kind, sizes: lengths)
        }
        return [
            given("length of copied = ½", .time(share: 0.5), lengths),
            given("length of copied = 0.9", .time(share: 0.9), lengths),
            given("length of copied = ½, a third beyond", .time(share: 0.5), short),
            given("length of copied = ½ at 3 places, a sixth beyond", .time(share: 0.5, places: 3), cut(0.97)),
            given("length of the first gain", .gain, lengths),
            given("length of the first gain, a third beyond", .gain, short),
            given("law of lengths, copying begins in all rows", .timeLaw(1), [256, 1024, 4096, 16384, 65536, 262144]),
            given("law of lengths, a third of rows beyond", .timeLaw(1), [256, 1024, 4096, 16384, 24576]),
            given("law of lengths, half of rows beyond", .timeLaw(1), [256, 1024, 4096, 9000]),
            given("law of lengths, the same at all sizes", .timeLaw(0), lengths),
            given("law of turning, in all rows", .turnLaw(1), (9...18).map { 1 << $0 }),
            given("law of turning, a quarter of rows before", .turnLaw(1), (11...18).map { 1 << $0 }),
            given("law of turning, three of eight rows before", .turnLaw(1), (10...17).map { 3 << $0 }),
            given("law of turning, half of rows before", .turnLaw(1), (11...17).map { 3 << $0 }),
            // What is least between the first two lengths is told from what lies before them by little.
            given("law of turning, a size at the edge", .turnLaw(1), (12...18).map { 1 << $0 }),
            given("law of turning, half before, a size at the edge", .turnLaw(1), (13...19).map { 1 << $0 }),
        ]
    }

    /// A held-out loss that is least at the middle, with an error of a thousandth.
    static func turning(about middle: Double, _ lengths: [Int], _ random: inout CoverageDraws) -> [CrossingRule.Point] {
        lengths.map { length in
            let x = log(Double(length))
            let loss = (1 + 0.05 * (x - middle) * (x - middle)) * (1 + 0.001 * random.normal())
            return CrossingRule.Point(x: x, value: loss)
        }
    }

    static func copied(about middle: Double, _ lengths: [Int], _ random: inout CoverageDraws) -> [CrossingRule
        .Point]
    {
        lengths.map { length in
            let share = 1 / (1 + exp(slope * (middle - log(Double(length)))))
            return CrossingRule.Point(x: log(Double(length)), value: Double(random.binomial(256, share)) / 256, n: 256)
        }
    }

    /// Replicates differ by `deviation` in the logarithm of the length.
    static func time(_ given: Case, draws: Int, _ random: inout CoverageDraws) -> Result {
        var (share, places) = (Double?.none, 1)
        if case .time(let asked, let number) = given.kind { (share, places) = (asked, number) }
        let rule = CrossingRule(level: .value(share ?? 0), isFirst: share == nil)
        let truth = start + (share.map { log($0 / (1 - $0)) / slope } ?? 0)
        var coverage = Coverage()
        for _ in 0..<draws {
            func row() -> Crossing? {
                let middle = start + deviation * random.normal()
                let points =
                    share == nil
                    ? given.sizes.map { length in
                        let x = log(Double(length))
                        return CrossingRule.Point(x: x, value: 2 * (x - middle) + 0.1 * random.normal())
                    } : copied(about: middle, given.sizes, &random)
                return rule.crossing(of: points, .up, areShares: share != nil)
            }
            let rows = (0..<places).map { _ in (0..<given.replicates).compactMap { _ in row() } }
            coverage.add(CrossingAverage(rows).interval, holding: truth)
        }
        return [("log length", coverage)]
    }

    /// Replicates differ by `deviation` in the logarithm of the length throughout, by 0.1 in each row, and by 0.1 in the exponent.
    static func lengthLaw(
        _ given: Case, _ exponent: Double, _ rule: CrossingRule, draws: Int, _ random: inout CoverageDraws,
        _ points: (_ middle: Double, inout CoverageDraws) -> [CrossingRule.Point]
    ) -> Result {
        var coverage = Coverage()
        for _ in 0..<draws {
            var rows = [CrossingLaw.Row]()
            for replicate in 0..<given.replicates {
                let (all, own) = (deviation * random.normal(), exponent + 0.1 * random.normal())
                for size in sizes {
                    let middle = start + all + own * log(size / 128) + 0.1 * random.normal()
                    let points = points(middle, &random)
                    guard let crossing = rule.crossing(of: points, .up, areShares: points.allSatisfy { $0.n != nil })
                    else { continue }
                    rows.append(
                        CrossingLaw.Row(
                            stratum: .init(scale: 8, size: 0, other: 0), replicate: Int32(replicate), x: log(size),
                            crossing: crossing, cells: []))
                }
            }
            coverage.add(CrossingLaw(rows).law?.interval, holding: exponent)
        }
        return [("exponent of N", coverage)]
    }
}
