import Foundation
import Testing

@testable import ResultQueries

@Suite struct ConfidenceIntervalTests {
    @Test func oneValueHasNoInterval() {
        #expect(ConfidenceInterval(ofTheMeanOf: []) == nil)
        #expect(ConfidenceInterval(ofTheMeanOf: [1]) == nil)
        #expect(Average([[Replicate(1)]], areShares: false)?.intervalCells == [.null, .null, .null])
    }

    /// The intervals that Newcombe (Statistics in Medicine 17, 1998, table I, method 3) prints.
    @Test(arguments: [
        (81.0, 263.0, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718),
    ])
    func sharesHaveWilsonsInterval(_ successes: Double, _ total: Double, _ low: Double, _ high: Double) throws {
        let interval = try #require(ConfidenceInterval(ofTheShare: successes / total, of: total))
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

    /// The 0.975 quantiles are as tables print them (Abramowitz & Stegun 26.10), and between whole degrees of freedom as
    /// the distribution's definition has them.
    @Test(arguments: [
        (3.0, 3.182446305284263), (4, 2.7764451051977987), (5, 2.5705818356363146), (8, 2.306004135204166),
        (9, 2.262157162798205), (19, 2.093024054408263), (120, 1.9799304050824402), (.infinity, 1.959963984540054),
    ])
    func studentsQuantiles(_ freedom: Double, _ quantile: Double) {
        #expect(abs(StudentT.quantile(freedom: freedom) - quantile) < 1e-11)
    }

    /// The density's integral beyond the quantile is a tail of 0.025.
    @Test(arguments: [1.3, 2.5, 6.2, 33.3])
    func quantilesBetweenWholeDegrees(_ freedom: Double) {
        let scale = exp(logGamma((freedom + 1) / 2) - logGamma(freedom / 2)) / (freedom * .pi).squareRoot()
        // t = tan(angle): the whole half line in a bounded interval, by Simpson's rule.
        func density(_ angle: Double) -> Double {
            let t = tan(angle)
            return scale * pow(1 + t * t / freedom, -(freedom + 1) / 2) * (1 + t * t)
        }
        let end = atan(StudentT.quantile(freedom: freedom))
        let steps = 4000
        let sum = (0...steps).reduce(0.0) { sum, step in
            let weight = step == 0 || step == steps ? 1.0 : step % 2 == 1 ? 4 : 2
            return sum + weight * density(end * Double(step) / Double(steps))
        }
        #expect(abs(sum * end / Double(steps) / 3 - 0.475) < 1e-9)
    }

    /// The jackknife of a mean is Student's interval of the mean, at every number of clusters.
    @Test(arguments: [[0.3, 1.1], [0.3, 1.1, 0.7, 2.4], (0..<14).map { Double($0 * $0 % 11) }])
    func clustersOfOneValueGiveStudentsInterval(_ values: [Double]) throws {
        let interval = try #require(ClusterInterval.of(values) { $0.mean })
        let student = try #require(ConfidenceInterval(ofTheMeanOf: values))
        #expect(abs(interval.low - student.low) < 1e-12 && abs(interval.high - student.high) < 1e-12)
        #expect(ClusterInterval.of([1.0]) { $0.mean } == nil)
        #expect(ClusterInterval.of([1.0, 2]) { $0.count > 1 ? $0.mean : nil } == nil)
    }
}
