import Foundation
import ResultQueries

/// What the intervals of the fits that are reported cover, by simulation, through the code that reports them: the dataset
/// size at which copying ends, and the exponents of its law.
package enum FitCoverage {
    package struct Case: Sendable {
        package var name: String
        package var replicates: Int
        /// The sizes swept.
        var sizes: [Int]
        /// Whether the exponents are of rows of three scales by three lengths, or the size is of one row.
        var isLaw: Bool
    }

    /// By what is estimated.
    package typealias Result = [(estimate: String, coverage: Coverage)]

    package static let cases: [Case] = [3, 4, 8, 20].flatMap { replicates in
        [
            Case(
                name: "size at which half are copies", replicates: replicates, sizes: [16, 32, 64, 128, 256, 512],
                isLaw: false),
            Case(
                name: "law, copying ends in all rows", replicates: replicates,
                sizes: [8, 32, 128, 512, 2048], isLaw: true),
            Case(
                name: "law, a third of rows end beyond", replicates: replicates, sizes: [16, 32, 64, 128, 256],
                isLaw: true),
        ]
    }

    private static let (ofParameters, ofLength) = (0.4, 0.7)

    package static func coverage(of given: Case, draws: Int) -> Result {
        var random = CoverageDraws(seed: UInt64(given.replicates * 100 + given.sizes.count * 7 + (given.isLaw ? 1 : 0)))
        return given.isLaw ? law(given, draws: draws, &random) : size(given, draws: draws, &random)
    }

    /// Replicates whose log N* differ by a standard deviation of 0.2, in 256 samples a size.
    private static func size(_ given: Case, draws: Int, _ random: inout CoverageDraws) -> Result {
        var coverage = Coverage()
        for _ in 0..<draws {
            let found = (0..<given.replicates).compactMap { _ in
                PhaseMap.half(shares(about: log(90) + 0.2 * random.normal(), given.sizes, &random))
            }
            let isInside = found.count == given.replicates
            let average = isInside ? Average([found.map { Replicate($0) }], areShares: false) : nil
            coverage.add(average?.interval, holding: log(90))
        }
        return [("log N*", coverage)]
    }

    /// Three scales by three lengths; replicates differ by 0.2 in log N* throughout and by 0.1 in each row, and in both
    /// exponents by 0.1.
    private static func law(_ given: Case, draws: Int, _ random: inout CoverageDraws) -> Result {
        var parameters = Coverage()
        var length = Coverage()
        for _ in 0..<draws {
            var rows = [BoundaryLaw.Row]()
            for replicate in 0..<given.replicates {
                let (all, b, c) = (0.2 * random.normal(), 0.1 * random.normal(), 0.1 * random.normal())
                for (i, scale) in [4, 8, 16].enumerated() {
                    for (j, images) in [1000.0, 4000, 16000].enumerated() {
                        let middle =
                            log(90) + all + 0.1 * random.normal() + (ofParameters + b) * Double(i - 1) * log(4)
                            + (ofLength + c) * Double(j - 1) * log(4)
                        rows.append(
                            BoundaryLaw.Row(
                                scale: scale, length: images, other: 0, replicate: Int32(replicate), otherCells: [],
                                replicateCells: [], parameters: 100 * scale * scale,
                                boundary: BoundaryLaw.boundary(shares(about: middle, given.sizes, &random))))
                    }
                }
            }
            parameters.add(BoundaryExponent.ofParameters(rows)?.interval, holding: ofParameters)
            length.add(BoundaryExponent.ofLength(rows)?.interval, holding: ofLength)
        }
        return [("exponent of P", parameters), ("exponent of length", length)]
    }

    private static func shares(
        about middle: Double, _ sizes: [Int], _ random: inout CoverageDraws
    ) -> [(size: Double, share: Double, n: Double)] {
        sizes.map { size in
            let share = 1 / (1 + exp(-3 * (middle - log(Double(size)))))
            return (Double(size), Double(random.binomial(256, share)) / 256, 256)
        }
    }
}
