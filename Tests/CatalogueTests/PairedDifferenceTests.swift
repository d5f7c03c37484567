import Testing

@testable import ResultQueries

@Suite struct PairedDifferenceTests {
    private func difference(_ pairs: [(Double, Double)], n: Double? = nil, areShares: Bool = false) throws
        -> PairedDifference
    {
        try #require(
            PairedDifference(
                pairs.map { .init(a: Replicate($0.0, n: n), b: Replicate($0.1, n: n)) }, areShares: areShares))
    }

    @Test func ofNumbersItIsStudents() throws {
        let found = try difference([(1, 1.5), (2, 3), (5, 5.25)])
        let student = try #require(ConfidenceInterval(ofTheMeanOf: [0.5, 1, 0.25]))
        #expect(found.interval == student && abs(found.mean - 1.75 / 3) < 1e-12)
        #expect(try difference([(1, 2)]).interval == nil)
        #expect(PairedDifference([], areShares: true) == nil)
    }

    /// Agresti and Caffo's interval by hand: (x + 1)/(n + 2) on both sides.
    @Test func oneOfSharesHasThatOfItsSamples() throws {
        let interval = try #require(try difference([(0.25, 0.5)], n: 100, areShares: true).interval)
        let (a, b) = (26.0 / 102, 51.0 / 102)
        let half = 1.959963984540054 * ((a * (1 - a) + b * (1 - b)) / 102).squareRoot()
        #expect(abs(interval.low - (0.25 - half)) < 1e-12 && abs(interval.high - (0.25 + half)) < 1e-12)
    }

    /// Where sides differ from pair to pair the interval is not made narrower, and nothing lies beyond −1 and 1.
    @Test func ofSharesItIsAtLeastStudents() throws {
        let pairs = [(0.0, 0.9), (0.1, 0.3)]
        let student = try #require(ConfidenceInterval(ofTheMeanOf: [0.9, 0.2]))
        let found = try #require(try difference(pairs, n: 256, areShares: true).interval)
        #expect(student.low < -1 && student.high > 1 && found == ConfidenceInterval(low: -1, high: 1))
        let equal = try #require(try difference([(0, 0), (0, 0), (0, 0)], n: 256, areShares: true).interval)
        #expect(equal.low < -0.003 && equal.high > 0.003)
    }

    /// Three trials have three pairs, and the first trial is odd: the interval is a jackknife over trials, not over pairs.
    @Test func pairsThatShareTrialsAreNoReplicates() throws {
        let pairs = [([0, 1], 1.0), ([0, 2], 1.0), ([1, 2], 0.0)].map { members, value in
            PairedDifference.Pair(a: Replicate(0), b: Replicate(value), members: members.map(Int32.init))
        }
        let found = try #require(PairedDifference(pairs, areShares: false)?.interval)
        // Pseudo-values 3·2/3 − 2·(mean of the others' pair): 2, 0, 0.
        let expected = try #require(ConfidenceInterval(ofTheMeanOf: [2, 0, 0]))
        #expect(abs(found.low - expected.low) < 1e-12 && abs(found.high - expected.high) < 1e-12)
    }

    /// Pairs that others tie together are one cluster, in whatever order they come. One replicate has no interval.
    @Test(
        arguments: [
            [[1, 2], [2, 3], [1, 4]], [[1, 2], [3, 4], [2, 3]], [[1, 2], [3, 4], [5, 6], [2, 3], [4, 5], [1, 7]],
        ] as [[[Int32]]])
    func whatIsTiedTogetherIsOneReplicate(members: [[Int32]]) throws {
        func difference(_ members: [[Int32]]) throws -> PairedDifference {
            let pairs = members.enumerated().map { number, members in
                PairedDifference.Pair(a: Replicate(0), b: Replicate(Double(number * number)), members: members)
            }
            return try #require(PairedDifference(pairs, areShares: false))
        }
        #expect(try difference(members).interval == nil)
        #expect(try difference(members + [[8, 9]]).interval != nil)
    }
}
