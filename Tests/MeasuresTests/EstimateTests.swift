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
