import Tensors
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
        // Every cluster's draws are equal: they are as certain as one draw of each.
        let once = Estimate(meanOf: [1, 2, 6])
        let thrice = Estimate(meanOf: [1, 2, 6, 1, 2, 6, 1, 2, 6], cycling: 3)
        #expect(thrice.value == once.value && thrice.n == 9)
        #expect(abs(thrice.stderr - once.stderr) < 1e-15)
        #expect(Estimate(meanOf: [1, 2, 6], cycling: 3) == once && Estimate(meanOf: [1, 2, 6], cycling: 7) == once)
        #expect(Estimate(meanOf: [1, 2], cycling: 1).stderr.isNaN)
    }

    /// Errors of differences cluster both ways: the sum of both less that of pairs of clusters.
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

    /// The error is of first order: what moving each side by its error does to the ratio, taken together as roots of
    /// squares.
    @Test func aRatioHasTheErrorsOfBoth() {
        let (a, b) = (Estimate(value: 3, n: 7, stderr: 2e-6), Estimate(value: -0.5, n: 9, stderr: 3e-6))
        func moved(_ byA: Double, _ byB: Double) -> Double { (3 + byA) / (-0.5 + byB) - 3 / -0.5 }
        func root(_ first: Double, _ second: Double) -> Double { (first * first + second * second).squareRoot() }
        let found = Estimate.ratio(a, b)
        #expect(found.value == -6 && found.n == 7)
        #expect(abs(found.stderr / root(moved(2e-6, 0), moved(0, 3e-6)) - 1) < 1e-4)
        // Both sides are known, then one of them.
        #expect(Estimate.ratio(Estimate(value: 1, n: 1, stderr: 0), Estimate(value: 4, n: 1, stderr: 0)).stderr == 0)
        #expect(
            abs(Estimate.ratio(a, Estimate(value: 4, n: 1, stderr: 0)).stderr - 0.5e-6) < 1e-18)
    }

    @Test func aRootHasTheErrorThatItMoves() {
        let found = Estimate(value: 9, n: 4, stderr: 6e-6).squareRoot
        #expect(found.value == 3 && found.n == 4 && abs(found.stderr / ((9 + 6e-6).squareRoot() - 3) - 1) < 1e-5)
    }

    /// Where errors spread little, a mean in dB and the dB of a mean have one error. Where the Gaussian errs by a constant
    /// factor more, the gain is that factor and has no error.
    @Test(arguments: [8, 4]) func decibelsHaveTheErrorOfTheirLogarithm(images: Int) {
        let network = [3, 1, 4, 1, 5, 9, 2, 6].map { 0.2 + 1e-6 * Double($0) }
        let steady = DenoisingErrors(network: network, gaussian: network.map { 2 * $0 }, images: images)
        #expect(abs(steady.pooled.stderr / steady.psnr.stderr - 1) < 1e-4 && steady.psnr.stderr > 0)
        #expect(abs(steady.gain.value - 3.010299956639812) < 1e-9 && steady.gain.stderr < 1e-12)
        let gaussian = [2, 7, 1, 8, 2, 8, 1, 8].map { 0.5 + 1e-6 * Double($0) }
        let apart = DenoisingErrors(network: network, gaussian: gaussian, images: images)
        let differences = Estimate(
            meanOf: zip(network, gaussian).map { Decibels.ofError($0) - Decibels.ofError($1) }, cycling: images)
        #expect(abs(apart.gain.stderr / differences.stderr - 1) < 1e-4)
        #expect(abs(apart.gain.value - differences.value) < 1e-6)
    }

    @Test func varianceHasItsError() throws {
        // About the mean 3: 4, 1, 0, 1, 4, whose fourth powers are 16, 1, 0, 1, 16.
        let found = Estimate(varianceOf: [1, 2, 3, 4, 5])
        #expect(found.value == 2.5 && found.n == 5)
        #expect(abs(found.stderr - ((34.0 / 5 - 4) / 5).squareRoot()) < 1e-15)
        #expect(Estimate(varianceOf: [7, 7]) == Estimate(value: 0, n: 2, stderr: 0))
        #expect(Estimate(varianceOf: [7]).value.isNaN && Estimate(varianceOf: []).n == 0)
        #expect(found / 5 == Estimate(value: 0.5, n: 5, stderr: found.stderr / 5))
    }

    @Test func entropyIsOfTheSharesOfCounts() throws {
        let even = try #require(Estimate(entropyOf: [3, 0, 3, 3]))
        #expect(abs(even.value - 1.0986122886681098) < 1e-15 && even.n == 9 && even.stderr < 1e-8)
        // 3/4 ln 4/3 + 1/4 ln 4, and the deviation of −ln p is ln 3·√(3/4·1/4).
        let uneven = try #require(Estimate(entropyOf: [300, 100]))
        #expect(abs(uneven.value - 0.5623351446188083) < 1e-15)
        #expect(abs(uneven.stderr - 1.0986122886681098 * 0.1875.squareRoot() / 20) < 1e-12)
        #expect(Estimate(entropyOf: [0, 0]) == nil && Estimate(entropyOf: [0, 1])?.stderr.isNaN == true)
    }

    @Test func rankCorrelationKnowsTheOrderAlone() throws {
        func correlation(_ a: [Double], _ b: [Double]) -> Double? { Estimate(rankCorrelation: a, b)?.value }
        #expect(correlation([1, 2, 3, 50], [-9, 0, 0.1, 7]) == 1)
        #expect(correlation([1, 2, 3, 50], [7, 0.1, 0, -9]) == -1)
        // Without ties 1 − 6Σd²/(n(n² − 1)), here with d = 1, 1, 1, 1, 0.
        #expect(abs(try #require(correlation([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])) - 0.8) < 1e-15)
        // 4.5/√(4.5·5): the two in the middle have the mean of their ranks.
        #expect(abs(try #require(correlation([1, 2, 2, 3], [1, 2, 3, 4])) - 0.9.squareRoot()) < 1e-15)
        #expect(correlation([1, 1, 1], [1, 2, 3]) == nil && correlation([1, 2], [1, 2]) == nil)
    }

    /// Of pairs of independent numbers nine in ten and more lie within two standard errors of 0.
    @Test func rankCorrelationHasItsError() throws {
        let values = CounterRandom(seed: 1, purpose: .generator).normals(from: 0, count: 400 * 60)
        let within = try (0..<400).filter { number in
            let pairs = values[number * 60..<(number + 1) * 60]
            let found = try #require(Estimate(rankCorrelation: Array(pairs.prefix(30)), Array(pairs.suffix(30))))
            return abs(found.value) < 2 * found.stderr
        }
        #expect((370...395).contains(within.count))
    }
}
