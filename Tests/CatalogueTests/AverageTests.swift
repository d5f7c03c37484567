import Foundation
import Testing

@testable import ResultQueries

/// Means over replicates and places, with their intervals.
@Suite struct AverageTests {
    private func average(_ places: [[Double]], n: Double? = nil, areShares: Bool = false) throws -> Average {
        try #require(Average(places.map { $0.map { Replicate($0, n: n) } }, areShares: areShares))
    }

    @Test func ofOnePlaceItIsStudents() throws {
        let values = [0.1, 0.2, 0.3, 0.4, 0.5, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
        let found = try average([values])
        #expect(found.interval == ConfidenceInterval(ofTheMeanOf: values))
        #expect(found.basisWords == "11 replicates" && found.smallest == 0.1 && found.largest == 0.6)
        #expect(Average([[], []], areShares: false) == nil)
    }

    /// The means of the two places are 2 and 10: their mean is 6, whatever the numbers of replicates. Variances of the
    /// means 1/3 and 4/2; Welch and Satterthwaite: (1/3 + 2)² / ((1/3)²/2 + 2²/1) degrees of freedom.
    @Test func ofSeveralPlacesTheSpreadWithinEachCounts() throws {
        let found = try average([[1, 2, 3], [8, 12]])
        let (a, b) = (1.0 / 3, 8.0 / 2)
        let freedom = (a + b) * (a + b) / (a * a / 2 + b * b / 1)
        let half = StudentT.quantile(freedom: freedom) * (a + b).squareRoot() / 2
        let interval = try #require(found.interval)
        #expect(found.mean == 6)
        #expect(abs(interval.low - (6 - half)) < 1e-9 && abs(interval.high - (6 + half)) < 1e-9)
        #expect(found.basisWords == "2 to 3 replicates at each of 2 places")
    }

    /// However far places are apart, they are no replicates of each other.
    @Test func placesAreNoReplicates() throws {
        #expect(try average([[1], [5], [9]]).interval == nil)
        #expect(try average([[1], [5, 6], [9]]).interval == nil)
        let near = try #require(try average([[1, 1.1], [2, 2.1]]).interval)
        let far = try #require(try average([[1, 1.1], [200, 200.1]]).interval)
        #expect(abs((near.high - near.low) - (far.high - far.low)) < 1e-9)
    }

    @Test func aShareOfOneTrainingHasWilsonsInterval() throws {
        let one = try average([[0.25]], n: 256, areShares: true)
        #expect(one.interval == ConfidenceInterval(ofTheShare: 0.25, of: 256))
        #expect(one.basis == .samples && one.basisWords == "samples of one replicate")
        // At several places the errors add; they stay between 0 and 1.
        let places = try average([[0], [0.5], [1]], n: 100, areShares: true)
        let interval = try #require(places.interval)
        let halves = [0, 0.5, 1].map { ConfidenceInterval(ofTheShare: $0, of: 100)!.high - $0 }
        #expect(abs(interval.high - (0.5 + halves.reduce(0) { $0 + $1 * $1 }.squareRoot() / 3)) < 1e-12)
        #expect(places.basisWords == "samples of one replicate at each of 3 places")
    }

    @Test(arguments: [[0.0, 0, 0], [1, 1], [0, 1], [0.5, 0.5, 0.5, 0.5], [0, 0, 0.9], [0.1, 0.3, 0.5, 0.7]])
    func sharesNeverLeaveTheirRangeNorHaveNoWidth(_ shares: [Double]) throws {
        let found = try average([shares], n: 256, areShares: true)
        let interval = try #require(found.interval)
        #expect(interval.low >= 0 && interval.high <= 1 && interval.high > interval.low + 0.003)
        #expect(interval.low <= found.mean && found.mean <= interval.high)
        let places = try #require(try average([shares, shares], n: 256, areShares: true).interval)
        #expect(places.low >= 0 && places.high <= 1 && places.high > places.low)
        // The mirrored shares have the mirrored interval.
        let mirrored = try #require(try average([shares.map { 1 - $0 }], n: 256, areShares: true).interval)
        #expect(abs(mirrored.low - (1 - interval.high)) < 1e-6 && abs(mirrored.high - (1 - interval.low)) < 1e-6)
        // Without numbers of samples equal shares have no interval.
        let bare = try average([shares], areShares: true).interval
        #expect(Set(shares).count > 1 ? bare.map { $0.low >= 0 && $0.high <= 1 } == true : bare == nil)
    }

    /// The shares are 10, 30, 50 and 70 % of 256: seeds differ, so that the interval is about Student's of the four and not
    /// that of 1024 samples.
    @Test func replicatesThatDifferHaveAWideInterval() throws {
        let shares = [0.1015625, 0.30078125, 0.5, 0.69921875]
        let interval = try #require(try average([shares], n: 256, areShares: true).interval)
        #expect(interval.low > 0.04 && interval.low < 0.2 && interval.high > 0.65 && interval.high < 0.85)
    }

    /// The ends follow from the definition, computed in another way: the beta-binomial probabilities as products, the most
    /// likely spread on a grid. At both ends twice the logarithm of the likelihoods' ratio is k ln(1 + t²/(k−1)).
    @Test(arguments: [[0.25, 0.3125, 0.1875], [0.0, 0.03125, 0.5, 0.0], [0.9375, 1, 0.875, 0.9375, 0.96875]])
    func theEndsAreWhereTheLikelihoodSaysSo(_ shares: [Double]) throws {
        let (n, k) = (32, Double(shares.count))
        func logarithm(_ p: Double, _ spread: Double) -> Double {
            let total = 1 / spread - 1
            var sum = -90 / (k * k) * spread * p * (1 - p)
            for share in shares {
                let successes = Int((share * Double(n)).rounded())
                for i in 0..<successes { sum += log(p * total + Double(i)) }
                for i in 0..<(n - successes) { sum += log((1 - p) * total + Double(i)) }
                for i in 0..<n { sum -= log(total + Double(i)) }
            }
            return sum
        }
        func profile(_ p: Double) -> Double {
            (0...2000).map { logarithm(p, exp(-11.5 + (11.5 + log(0.5)) * Double($0) / 2000)) }.max() ?? -.infinity
        }
        let interval = try #require(try average([shares], n: Double(n), areShares: true).interval)
        let most = (1..<400).map { profile(Double($0) / 400) }.max() ?? 0
        let t = StudentT.quantile(freedom: k - 1)
        for end in [interval.low, interval.high] where end > 0 && end < 1 {
            #expect(abs(2 * (most - profile(end)) - k * log1p(t * t / (k - 1))) < 0.02)
        }
    }

    /// Shares that differ by far more than their samples would make them, and stay away from 0 and 1, behave as normal
    /// values.
    @Test func ofManySamplesItIsNearlyStudents() throws {
        let shares = [0.48, 0.5, 0.51, 0.53, 0.49]
        let interval = try #require(try average([shares], n: 1e6, areShares: true).interval)
        let student = try #require(ConfidenceInterval(ofTheMeanOf: shares))
        #expect(abs((interval.high - interval.low) / (student.high - student.low) - 1) < 0.03)
    }

    // MARK: Comparisons

    private func independent(_ pairs: [([Int32], Double)]) -> [Double] {
        ComparedReplicates.independent(pairs.map { ($0.0, Replicate($0.1)) }).map(\.value)
    }

    @Test func comparisonsThatShareNoTrialAreReplicates() {
        #expect(independent([([0, 1], 0.5), ([2, 3], 0.7)]) == [0.5, 0.7])
        #expect(independent([([0, 1], 0.5)]) == [0.5])
    }

    /// Three trials have three pairs; leaving one trial out leaves the pair of the other two.
    @Test func pairsOfThreeTrialsAreThreeReplicates() {
        let found = independent([([0, 1], 0.5), ([0, 2], 0.7), ([1, 2], 0.9)])
        let mean = 0.7
        for (value, other) in zip(found, [0.9, 0.7, 0.5]) { #expect(abs(value - (3 * mean - 2 * other)) < 1e-12) }
    }

    /// Three seeds in two parts: comparisons that are tied together within a part are one replicate.
    @Test func tiedComparisonsAreOneReplicate() {
        let found = independent([
            ([0, 1], 0.5), ([0, 2], 0.7), ([1, 2], 0.9), ([3, 4], 0.1), ([3, 5], 0.1), ([4, 5], 0.4),
        ])
        #expect(found.count == 2)
        #expect(abs(found[0] - 0.7) < 1e-12 && abs(found[1] - 0.2) < 1e-12)
        // Comparisons in a chain are tied, and no trial can be left out alone.
        #expect(independent([([0, 1], 0.5), ([1, 2], 0.7)]).count == 1)
    }
}
