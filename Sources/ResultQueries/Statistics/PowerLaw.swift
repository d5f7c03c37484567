import Foundation

/// A power of x as which something grows, found from rows some of which are only known to lie above or below a bound: its
/// logarithm grows by the exponent with x, here a logarithm too, within strata that share everything else and have an intercept
/// each.
///
/// It rests on those strata alone in which values are known at two different x: those whose rows all lie beyond what was
/// measured do not bend it.
package struct PowerLaw: Sendable {
    package struct Row: Hashable, Sendable {
        package var stratum: Int32
        /// Rows of one replicate are a cluster: what is odd about it is in all of them.
        package var replicate: Int32
        package var x: Double
        package var value: CensoredRegression.Value

        package init(stratum: Int32, replicate: Int32, x: Double, value: CensoredRegression.Value) {
            self.stratum = stratum
            self.replicate = replicate
            self.x = x
            self.value = value
        }

        fileprivate var known: Double? { if case .exactly(let value) = value { value } else { nil } }
    }

    package let exponent: Double
    /// The exponent's interval over replicates (`ClusterInterval`).
    package let interval: ConfidenceInterval?
    /// The strata that it rests on, ascending.
    package let strata: [Int32]
    /// How many rows these strata have, those included of which only a bound is known.
    package let rows: Int
    /// Whether the law passes through the values that are known: it lies off them by no more than they scatter about their mean,
    /// within strata. Where half of the rows and more are bounds, the most likely line passes at these bounds' edge, and all
    /// that was measured lies at one side of it.
    package let explains: Bool
    private let whole: Fit
    /// The fits without one of the replicates each; empty where one of these determines nothing.
    private let withoutOne: [Fit]

    private struct Fit {
        var exponent: Double
        var intercepts: [Double]
        var strata: [Int32]

        func logarithm(_ stratum: Int32, x: Double) -> Double? {
            strata.firstIndex(of: stratum).map { intercepts[$0] + exponent * x }
        }
    }

    package static let fewestRows = 4

    /// Nil where fewer than `fewestRows` known values determine the exponent. Without an interval where `isBare`.
    package init?(_ rows: [Row], isBare: Bool = false) {
        guard let fit = Self.fit(rows) else { return nil }
        whole = fit
        exponent = fit.exponent
        strata = fit.strata
        let carrying = rows.filter { fit.strata.contains($0.stratum) }
        self.rows = carrying.count
        let replicates = isBare ? [] : Set(carrying.map(\.replicate)).sorted()
        let others = replicates.map { left in Self.fit(carrying.filter { $0.replicate != left }) }
        withoutOne = others.contains { $0 == nil } ? [] : others.compactMap(\.self)
        interval = ClusterInterval.of(fit.exponent, leavingOneOut: withoutOne.map(\.exponent))
        var (fromLine, fromMean) = (0.0, 0.0)
        for (stratum, rows) in Dictionary(grouping: carrying, by: \.stratum).sorted(by: { $0.key < $1.key }) {
            let known = rows.compactMap { row in row.known.map { (x: row.x, value: $0) } }
            let mean = known.map(\.value).mean
            for (x, value) in known {
                let off = value - (fit.logarithm(stratum, x: x) ?? mean)
                fromLine += off * off
                fromMean += (value - mean) * (value - mean)
            }
        }
        explains = fromLine <= 2 * fromMean + 1e-6
    }

    /// The logarithm at x; nil in a stratum that the law does not rest on.
    package func logarithm(_ stratum: Int32, x: Double) -> Double? { whole.logarithm(stratum, x: x) }

    /// The interval of that over replicates; nil where leaving one out leaves no law of the stratum.
    package func interval(_ stratum: Int32, x: Double) -> ConfidenceInterval? {
        let others = withoutOne.compactMap { $0.logarithm(stratum, x: x) }
        guard others.count == withoutOne.count, let middle = logarithm(stratum, x: x) else { return nil }
        return ClusterInterval.of(middle, leavingOneOut: others)
    }

    private static func fit(_ rows: [Row]) -> Fit? {
        let known = rows.filter { $0.known != nil }
        let strata = Dictionary(grouping: known, by: \.stratum).filter { Set($0.value.map(\.x)).count > 1 }.keys
            .sorted()
        guard known.count(where: { strata.contains($0.stratum) }) >= fewestRows else { return nil }
        let regression = CensoredRegression(
            rows.compactMap { row in
                strata.firstIndex(of: row.stratum).map { place in
                    ([row.x] + strata.indices.map { $0 == place ? 1 : 0 }, row.value)
                }
            })
        return regression.map {
            Fit(exponent: $0.coefficients[0], intercepts: Array($0.coefficients.dropFirst()), strata: strata)
        }
    }
}

extension PowerLaw {
    /// For people: the exponent to two decimals, and the ends of its interval to so many, at least two, that they differ.
    package var words: (value: String, interval: String) {
        func text(_ number: Double, _ digits: Int) -> String {
            let unit = pow(10, Double(digits))
            return ResultTable.format((number * unit).rounded() / unit + 0)
        }
        guard let interval else { return (text(exponent, 2), "no interval from so few replicates") }
        guard let digits = (2...6).first(where: { text(interval.low, $0) != text(interval.high, $0) }) else {
            return (text(exponent, 2), "no spread between replicates")
        }
        return (text(exponent, 2), "95 % interval \(text(interval.low, digits)) to \(text(interval.high, digits))")
    }

    /// What others claim of an exponent.
    package struct Claim: Hashable, Sendable {
        package var exponent: Double
        /// Whose claim it is, with the year.
        package var source: String

        package init(_ exponent: Double, _ source: String) {
            self.exponent = exponent
            self.source = source
        }
    }

    /// The claim beside the interval, in words.
    package func words(beside claim: Claim) -> String {
        let claimed = "\(ResultTable.format(claim.exponent)) by \(claim.source)"
        guard let interval, interval.high > interval.low else { return "claimed: \(claimed)" }
        let holds = interval.low <= claim.exponent && claim.exponent <= interval.high
        return "claimed: \(claimed), \(holds ? "within" : "outside") the interval"
    }
}
