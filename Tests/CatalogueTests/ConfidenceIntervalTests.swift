import Foundation
import Testing

@testable import Reports

@Suite struct ConfidenceIntervalTests {
    @Test func oneValueHasNoInterval() {
        #expect(ConfidenceInterval(ofTheMeanOf: []) == nil)
        #expect(ConfidenceInterval(ofTheMeanOf: [1]) == nil)
        #expect(Statistic.ci95.cells([1]) == [.null, .null])
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
