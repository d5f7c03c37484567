import Foundation
import Testing

@testable import ResultQueries

@Suite struct ConfidenceIntervalTests {
    @Test func oneValueHasNoInterval() {
        #expect(ConfidenceInterval(ofTheMeanOf: []) == nil)
        #expect(ConfidenceInterval(ofTheMeanOf: [1]) == nil)
        #expect(Statistic.ci95.cells(Samples(values: [1])) == [.null, .null])
    }

    /// The intervals that Newcombe (Statistics in Medicine 17, 1998, table I, method 3) prints.
    @Test(arguments: [
        (81.0, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718),
    ])
    func sharesHaveWilsonsInterval(_ successes: Double, _ total: Int, _ low: Double, _ high: Double) throws {
        let interval = try #require(ConfidenceInterval(ofTheShare: successes, of: total))
        #expect(abs(interval.low - low) < 5e-5 && abs(interval.high - high) < 5e-5)
        #expect(ConfidenceInterval(ofTheShare: 0, of: 0) == nil)
    }

    /// Two values a, b: the mean ± tan(0.475 π) |a − b| / 2, as t with one degree of freedom is Cauchy's.
    @Test func twoValuesFollowCauchy() throws {
        let interval = try #require(ConfidenceInterval(ofTheMeanOf: [1, 3]))
        #expect(abs(interval.high - (2 + tan(0.475 * Double.pi))) < 1e-9)
        #expect(abs(interval.low - (2 - tan(0.475 * Double.pi))) < 1e-9)
    }

    /// With two degrees of freedom t's quantile has a closed form: (2p − 1) sqrt(2 / (4p(1 − p))).
    @Test func threeValuesFollowStudent() throws {
        let t = 0.95 * (2 / (4 * 0.975 * 0.025)).squareRoot()
        let interval = try #require(ConfidenceInterval(ofTheMeanOf: [1, 2, 3]))
        #expect(abs(interval.high - (2 + t / 3.squareRoot())) < 1e-9)
    }

    /// The means of resampled coin tosses are binomial: of 100 tosses with 50 heads, 95 % lie within 0.5 ± 0.098.
    @Test func theBootstrapFindsTheBinomialInterval() throws {
        let tosses = (0..<100).map { Double($0 % 2) }
        let interval = try #require(ConfidenceInterval(ofTheMeanOf: tosses))
        #expect(abs(interval.low - 0.402) <= 0.015)
        #expect(abs(interval.high - 0.598) <= 0.015)
        #expect(ConfidenceInterval(ofTheMeanOf: tosses.reversed()) == interval)
        let shifted = try #require(ConfidenceInterval(ofTheMeanOf: tosses.map { $0 + 1 }))
        #expect(abs(shifted.low - interval.low - 1) < 1e-12)
    }
}
