import Testing

@testable import Measures

struct EstimateTests {
    @Test func aMeanHasTheStandardErrorOfTheMean() {
        let estimate = Estimate(meanOf: [1, 2, 3, 4])
        #expect(estimate.value == 2.5 && estimate.n == 4)
        #expect(abs(estimate.stderr - (5.0 / 3 / 4).squareRoot()) < 1e-15)
        #expect(Estimate(meanOf: []).value.isNaN && Estimate(meanOf: [1]).stderr.isNaN)
    }

    @Test func drawsOfOneClusterCountAsOne() {
        // Every cluster's draws are equal: as certain as one draw of each.
        let once = Estimate(meanOf: [1, 2, 6])
        let thrice = Estimate(meanOf: [1, 2, 6, 1, 2, 6, 1, 2, 6], cycling: 3)
        #expect(thrice.value == once.value && thrice.n == 9)
        #expect(abs(thrice.stderr - once.stderr) < 1e-15)
        #expect(Estimate(meanOf: [1, 2, 6], cycling: 3) == once && Estimate(meanOf: [1, 2, 6], cycling: 7) == once)
        #expect(Estimate(meanOf: [1, 2], cycling: 1).stderr.isNaN)
    }

    /// Clusters both ways: the sum of both less that of pairs of clusters.
    @Test func differencesClusterBothWays() {
        let (a, b) = ([3.0, 1, 4, 1, 5, 9], [2.0, 7, 1, 8, 2, 8])
        let whole = Estimate(differenceOf: a, cycling: 10, b, cycling: 10)
        #expect(whole == Estimate(meanOf: zip(a, b).map { $0 - $1 }))
        // 1, −6, 3, −7, 3, 1 with mean −5/6: clusters of two sum over 0, 2, 4 and over 1, 3, 5; of three over i, i + 3.
        let found = Estimate(differenceOf: a, cycling: 2, b, cycling: 3)
        let deviations = zip(a, b).map { $0 - $1 + 5.0 / 6 }
        func square(_ groups: [[Int]]) -> Double {
            let sums = groups.map { $0.reduce(0) { $0 + deviations[$1] } }
            return sums.reduce(0) { $0 + $1 * $1 } * Double(groups.count) / Double(groups.count - 1)
        }
        let (twos, threes) = (square([[0, 2, 4], [1, 3, 5]]), square([[0, 3], [1, 4], [2, 5]]))
        let both = square((0..<6).map { [$0] })
        #expect(abs(found.stderr - max(twos + threes - both, twos, threes).squareRoot() / 6) < 1e-12)
        #expect(Estimate(differenceOf: a, cycling: 1, b, cycling: 6).stderr.isNaN)
    }

    @Test func aShareHasTheBinomialStandardError() {
        let estimate = Estimate(shareOf: [true, false, false, false])
        #expect(estimate.value == 0.25 && estimate.n == 4)
        #expect(abs(estimate.stderr - (0.25 * 0.75 / 4).squareRoot()) < 1e-15)
    }

    @Test func tiesCountHalf() {
        // Of nine pairs 5 are below and 2 are ties.
        let estimate = Estimate(chance: [1, 2, 3], isBelow: [2, 2, 4])
        #expect(abs(estimate.value - 6.0 / 9) < 1e-15 && estimate.n == 3)
        // Placements 1, ⅔, ⅓ and ½, ½, 1: variances 1/9 and 1/12, of three each.
        #expect(abs(estimate.stderr - (1.0 / 27 + 1.0 / 36).squareRoot()) < 1e-15)
        #expect(Estimate(chance: [1, 1], isBelow: [1, 1]).value == 0.5)
        #expect(Estimate(chance: [1], isBelow: []).value.isNaN)
    }
}
