import Foundation

/// Finds by simulation how often intervals of means and shares cover the truth, by the code that tables and figures
/// use.
package enum AverageCoverage {
    /// Shares of 256 samples each; the true shares of replicates follow a beta distribution of this mean and standard
    /// deviation.
    package struct ShareCell: Hashable, Sendable {
        package var replicates: Int
        package var mean: Double
        package var deviation: Double
    }

    /// Coverage of our interval of shares, and of Student's cut to [0, 1].
    package struct Shares: Sendable {
        package var cell: ShareCell
        package var found = Coverage()
        package var student = Coverage()

        /// The median width of our interval over that of Student's.
        package var ratio: Double { found.medianWidth / student.medianWidth }
    }

    package static let shareCells: [ShareCell] = {
        var cells = [ShareCell]()
        for replicates in replicateCounts {
            for mean in [0.01, 0.1, 0.5, 0.9] {
                for deviation in [0, 0.02, 0.05, 0.1, 0.2] where deviation * deviation < mean * (1 - mean) / 2 {
                    cells.append(ShareCell(replicates: replicates, mean: mean, deviation: deviation))
                }
            }
        }
        return cells
    }()

    private static let replicateCounts = [2, 3, 4, 8, 20]

    package static let samples = 256

    package static func shares(_ cell: ShareCell, draws: Int) -> Shares {
        var result = Shares(cell: cell)
        let number = Double(cell.replicates) * 1e9 + cell.mean * 1e6 + cell.deviation * 1e3
        var random = CoverageDraws(seed: UInt64(number))
        for _ in 0..<draws {
            let replicates = place(cell, &random)
            result.found.add(Average([replicates], areShares: true)?.interval, holding: cell.mean)
            let student = ConfidenceInterval(ofTheMeanOf: replicates.map(\.value))
            result.student.add(
                student.map { .init(low: max(0, $0.low), high: min(1, $0.high)) }, holding: cell.mean)
        }
        return result
    }

    private static func place(_ cell: ShareCell, _ random: inout CoverageDraws) -> [Replicate] {
        (0..<cell.replicates).map { _ in
            let share = random.beta(mean: cell.mean, deviation: cell.deviation)
            return Replicate(Double(random.binomial(samples, share)) / Double(samples), n: Double(samples))
        }
    }

    // MARK: Means, places, pairs

    package struct Case: Sendable {
        package var name: String
        package var replicates: Int
        package var truth: Double
        package var draw: @Sendable (inout CoverageDraws) -> ConfidenceInterval?
    }

    package static func coverage(of given: Case, draws: Int) -> Coverage {
        var result = Coverage()
        let name = given.name.utf8.reduce(0) { $0 * 31 % 9973 + Int($1) }
        var random = CoverageDraws(seed: UInt64(given.replicates * 10_000 + name))
        for _ in 0..<draws { result.add(given.draw(&random), holding: given.truth) }
        return result
    }

    package static let cases = replicateCounts.flatMap(cases(of:))

    private static func cases(of k: Int) -> [Case] {
        let cases: [Case] = [
            Case(name: "mean, normal", replicates: k, truth: 0) { random in
                Average([values(k) { random.normal() }], areShares: false)?.interval
            },
            Case(name: "mean, lognormal of deviation 0.5", replicates: k, truth: exp(0.125)) { random in
                Average([values(k) { exp(random.normal() / 2) }], areShares: false)?.interval
            },
            Case(name: "mean of 3 places, deviations 1, 2 and 4", replicates: k, truth: 0) { random in
                let places = [1.0, 2, 4].map { deviation in values(k) { deviation * random.normal() } }
                return Average(places, areShares: false)?.interval
            },
            shares(of: k, "share of 3 places, 0.05, 0.3 and 0.8", [(0.05, 0.02), (0.3, 0.1), (0.8, 0.05)]),
            shares(of: k, "share of 3 places, 0.02 in every replicate", [(0.02, 0), (0.02, 0), (0.02, 0)]),
            Case(name: "difference of shares, 0.12 and 0.05 in pairs", replicates: k, truth: -0.07) { random in
                let pairs = (0..<k).map { _ in
                    let own = random.beta(mean: 0.05, deviation: 0.02)
                    func seen(_ share: Double) -> Replicate {
                        Replicate(Double(random.binomial(samples, share)) / Double(samples), n: Double(samples))
                    }
                    return PairedDifference.Pair(a: seen(own + 0.07), b: seen(own))
                }
                return PairedDifference(pairs, areShares: true)?.interval
            },
        ]
        // Two trials make one pair.
        return k == 2 ? cases : cases + [pairs(of: k)]
    }

    /// A case of shares at places with these means and deviations.
    private static func shares(of k: Int, _ name: String, _ places: [(Double, Double)]) -> Case {
        let truth = places.map(\.0).mean
        let cells = places.map { ShareCell(replicates: k, mean: $0.0, deviation: $0.1) }
        return Case(name: name, replicates: k, truth: truth) { random in
            Average(cells.map { place($0, &random) }, areShares: true)?.interval
        }
    }

    private static func values(_ count: Int, _ draw: () -> Double) -> [Replicate] {
        (0..<count).map { _ in Replicate(draw()) }
    }

    /// The deviation of a trial enters each of its pairs.
    private static func pairs(of k: Int) -> Case {
        Case(name: "mean of all pairs of trials", replicates: k, truth: 0) { random in
            let trials = (0..<k).map { _ in random.normal() }
            var pairs = [(members: [Int32], replicate: Replicate)]()
            for a in 0..<k {
                for b in (a + 1)..<max(k, a + 1) {
                    let value = trials[a] + trials[b] + random.normal()
                    pairs.append(([Int32(a), Int32(b)], Replicate(value)))
                }
            }
            return Average([ComparedReplicates.independent(pairs)], areShares: false)?.interval
        }
    }
}
