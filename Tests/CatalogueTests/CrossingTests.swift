import Foundation
import Testing

@testable import ResultQueries

/// Where a row of values passes a level, of values whose crossing is known.
@Suite struct CrossingTests {
    private func points(_ values: [Double], n: Double? = nil) -> [CrossingRule.Point] {
        values.enumerated().map { .init(x: Double($0) + 1, value: $1, n: n) }
    }

    private func stays(_ values: [Double], _ direction: CrossingRule.Direction = .up) -> Crossing? {
        CrossingRule(level: .value(0)).crossing(of: points(values), direction, areShares: false)
    }

    private func first(_ values: [Double], _ direction: CrossingRule.Direction = .up) -> Crossing? {
        CrossingRule(level: .value(0), isFirst: true).crossing(of: points(values), direction, areShares: false)
    }

    @Test func aCrossingThatStaysIsTheLast() {
        #expect(stays([-1, 1, -1, -3, 1, 2]) == .at(4.75))
        #expect(stays([-2, -1, 3, 1]) == .at(2.25))
        #expect(stays([3, 1, -1, -1], .down) == .at(2.5))
        // A value equal to the level is above it.
        #expect(stays([-1, 0, 0]) == .at(2) && stays([1, 0, -1], .down) == .at(2))
    }

    @Test func theFirstCrossingMayNotStay() {
        #expect(first([-1, 1, -1, -3, 1, 2]) == .at(1.5))
        #expect(first([-3, -1, 1, -5]) == .at(2.5))
        #expect(first([2, 1, -1, 4], .down) == .at(2.5))
    }

    @Test func whatDoesNotCrossIsCensored() {
        #expect(stays([-3, -2, -1]) == .beyond(3) && stays([1, 2, 3]) == .before(1))
        #expect(stays([-3, -2, -1], .down) == .before(1) && stays([1, 2, 3], .down) == .beyond(3))
        #expect(stays([-1]) == .beyond(1) && stays([]) == nil)
        // It passes and comes back: over what was measured it does not stay.
        #expect(stays([-1, 2, -1]) == .beyond(3))
        #expect(stays([1, 2, -1]) == .against)
        #expect(first([1, -1, 2]) == .before(1))
        // A maximum inside stays below; one at the end may go on.
        #expect(first([-3, -1, -2]) == .never(nil) && first([-3, -2, -1]) == .never(3))
        #expect(
            Crossing.never(3).value == .above(3) && Crossing.never(nil).value == nil && Crossing.against.value == nil)
        #expect(Crossing.before(1).value == .below(1))
    }

    /// Two shares determine the curve: the logits with half a success and half a failure added lie on a line.
    @Test(arguments: [0.1, 0.5, 0.9]) func sharesCrossWhereTheCurveDoes(_ level: Double) throws {
        let (low, high) = (3.0 / 256, 250.0 / 256)
        func logit(_ share: Double) -> Double {
            let corrected = (share * 256 + 0.5) / 257
            return log(corrected / (1 - corrected))
        }
        let rule = CrossingRule(level: .value(level))
        let due = 1 + (log(level / (1 - level)) - logit(low)) / (logit(high) - logit(low))
        guard case .at(let place) = rule.crossing(of: points([low, high], n: 256), .up, areShares: true) else {
            Issue.record("no crossing at \(level)")
            return
        }
        #expect(abs(place - due) < 1e-9)
        #expect(rule.crossing(of: points([low, high], n: 256), .down, areShares: true) == .against)
        #expect(rule.crossing(of: points([1, 1], n: 256), .down, areShares: true) == .beyond(2))
    }

    /// The last share lies above the level, by chance or because shares do not follow the curve, and the curve does not.
    @Test func aCurveThatPassesOutsideOfWhatWasMeasuredIsCensored() {
        let rule = CrossingRule(level: .value(0.9))
        let rise = [0.5, 0.5, 0.5, 0.5, 0.905]
        #expect(rule.crossing(of: points(rise, n: 256), .up, areShares: true) == .beyond(5))
        #expect(rule.crossing(of: points(rise.reversed(), n: 256), .down, areShares: true) == .before(1))
        let low = CrossingRule(level: .value(0.1))
        let fall = rise.map { 1 - $0 }
        #expect(low.crossing(of: points(fall, n: 256), .down, areShares: true) == .beyond(5))
    }

    @Test func aRiseAboveTheLeastBeginsBehindIt() {
        let rule = CrossingRule(level: .timesLeast(1.25), isFirst: true)
        #expect(rule.crossing(of: points([9, 4, 4.5, 5.5, 5]), .up, areShares: false) == .at(3.5))
        #expect(rule.crossing(of: points([9, 6, 5, 4]), .up, areShares: false) == .beyond(4))
        #expect(rule.crossing(of: points([9, 4, 4.5]), .up, areShares: false) == .beyond(3))
        // What was least before the first place may have been less.
        #expect(rule.crossing(of: points([4, 4.5, 5.5]), .up, areShares: false) == .before(2.5))
        #expect(rule.crossing(of: points([4, 5.5, 6]), .up, areShares: false) == .before(2))
        // A multiple of what is not positive does not lie above it.
        for least in [0, -1.0] {
            #expect(rule.crossing(of: points([9, least, 4.5]), .up, areShares: false) == .never(nil))
        }
    }

    @Test func mostRowsSayTheDirection() {
        let rule = CrossingRule(level: .value(0))
        func direction(_ rows: [Double]..., isFirst: Bool = false) -> CrossingRule.Direction? {
            CrossingRule(level: .value(0), isFirst: isFirst).direction(of: rows.map { points($0) })
        }
        #expect(direction([-1, 1], [-1, 2], [5, -5]) == .up && direction([1, -1], [3, 2]) == .down)
        #expect(direction([-3, -2], [-5, -2]) == .up && direction([2, 1]) == .down && direction([1, 1]) == nil)
        #expect(direction([-1, 2, -3], isFirst: true) == .up && direction([-1, 2, -3]) == .down)
        #expect(rule.direction(of: []) == nil)
    }

    // MARK: As a person writes it

    @Test func aTermReads() throws {
        let half = try CrossingTerm("memorization.copied = 0.5")
        #expect(
            half.term.quantity == "copied" && half.rule == CrossingRule(level: .value(0.5)) && half.direction == nil)
        let gain = try CrossingTerm(" first denoising.wiener_gain_db@worse(0.5, 1.5)>0 ")
        #expect(gain.term.levels == [0.5, 1.5] && gain.rule.isFirst && gain.direction == .up)
        let loss = try CrossingTerm("first loss.loss_held_out > 1.01 * min")
        #expect(loss.rule == CrossingRule(level: .timesLeast(1.01), isFirst: true) && loss.direction == .up)
        #expect(try CrossingTerm("a.b >= min*2.5 ").rule == CrossingRule(level: .timesLeast(2.5)))
        for text in [
            "memorization.copied = 0.5", "first a.b@worse(0.5, 1.5) > 0", "a.b@2.0 < -1.5", "a.b > 1.01 * min",
        ] {
            #expect(try CrossingTerm(text).description == text)
        }
    }

    @Test(
        arguments: [
            ("memorization.copied", "expected MEASURE.QUANTITY"), ("copied = 0.5", "expected MEASURE.QUANTITY"),
            ("a.b = ", "expected MEASURE.QUANTITY"), ("a.b => 1", "expected MEASURE.QUANTITY"),
            ("a.b = nan", "expected MEASURE.QUANTITY"), ("a.b > 0.9 * min", "a factor above 1"),
            ("a.b < 2 * min", "only rises"), ("a.b > 2 * max", "expected MEASURE.QUANTITY"),
        ])
    func whatIsNoTermIsRefused(_ text: String, _ message: String) {
        let error = #expect(throws: ReportError.self) { try CrossingTerm(text) }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    // MARK: Means

    @Test func withoutCensoringTheIntervalIsStudents() throws {
        let values = [1.0, 1.2, 1.7, 0.9]
        let mean = try #require(CensoredMean(values.map { .exactly($0) }))
        let due = try #require(ConfidenceInterval(ofTheMeanOf: values))
        #expect(abs(mean.mean - 1.2) < 1e-9)
        #expect(abs(mean.interval.low - due.low) < 1e-4 && abs(mean.interval.high - due.high) < 1e-4)
        let average = CrossingAverage([values.map { .at($0) }])
        #expect(average.mean == values.mean && average.interval == due && average.basisWords == "4 replicates")
    }

    /// Nearby no mean and deviation is likelier, and at the interval's ends the likelihood has fallen to the bound.
    @Test func boundsEnterTheMean() throws {
        let values: [CensoredRegression.Value] = [.exactly(1), .exactly(1.4), .exactly(0.8), .above(1.5), .below(0.7)]
        let mean = try #require(CensoredMean(values))
        func likelihood(_ m: Double, _ s: Double) -> Double {
            values.reduce(0) { sum, value in
                switch value {
                case .exactly(let y): sum - log(s) - (y - m) * (y - m) / (2 * s * s)
                case .above(let y): sum + log(erfc((y - m) / s / 2.squareRoot()) / 2)
                case .below(let y): sum + log(erfc((m - y) / s / 2.squareRoot()) / 2)
                }
            }
        }
        func profile(_ m: Double) -> Double { (1...4000).map { likelihood(m, Double($0) / 500) }.max() ?? -.infinity }
        let best = profile(mean.mean)
        #expect(best >= profile(mean.mean - 0.01) && best >= profile(mean.mean + 0.01))
        let t = StudentT.quantile(freedom: 2)
        for end in [mean.interval.low, mean.interval.high] where end.isFinite {
            #expect(abs(2 * (best - profile(end)) - 3 * log1p(t * t / 2)) < 0.02)
        }
        #expect(mean.interval.low < 0.8 && mean.interval.high > 1.2)
    }

    @Test func rowsWithoutAPlaceLeaveNoMean() {
        let censored = CrossingAverage([[.at(1), .at(1.5), .beyond(2)]])
        #expect((censored.mean ?? 0) > 1.25 && censored.basisWords == "3 replicates, 1 censored")
        #expect(censored.counts == [.at: 2, .beyond: 1])
        #expect(CrossingAverage([[.at(1), .at(1.5), .never(nil)]]).mean == nil)
        #expect(CrossingAverage([[.at(1), .beyond(2), .beyond(2)]]).mean == nil)
        #expect(CrossingAverage([[.at(1)]]).mean == 1 && CrossingAverage([[.at(1)]]).interval == nil)
        let places = CrossingAverage([[.at(1), .at(1.1), .at(1.2)], [.at(2), .at(2.1), .beyond(2.2)]])
        #expect(places.places == 2 && (places.mean ?? 0) > 1.55 && (places.interval?.low ?? 9) < 1.6)
        #expect(CrossingAverage([[.at(1), .at(1.1)], [.beyond(2), .beyond(2)]]).mean == nil)
    }

    /// The interval of each place has the degrees of freedom of the rows that cross, and so has that of all together: places that
    /// are equal give the one's half width by Welch and Satterthwaite's formula.
    @Test func boundsAddNoDegreesOfFreedom() throws {
        let rows: [Crossing] = [.at(1), .at(1.4), .at(0.9), .at(1.2), .beyond(1.3), .beyond(1.3)]
        let one = try #require(CensoredMean(rows.compactMap(\.value)))
        let three = try #require(CrossingAverage([rows, rows, rows]).interval)
        for (half, due) in [
            (one.mean - three.low, one.mean - one.interval.low), (three.high - one.mean, one.interval.high - one.mean),
        ] {
            #expect(
                abs(half - due * StudentT.quantile(freedom: 9) / StudentT.quantile(freedom: 3) / 3.0.squareRoot())
                    < 1e-9)
        }
    }
}
