import Foundation
import ResultQueries

/// An exponent of the boundary's law: log N* grows by it with x, the logarithm of parameters or of length, within strata
/// that share everything else and have an intercept each.
struct BoundaryExponent {
    /// Rows that differ in nothing but x and the replicate.
    struct Stratum: Hashable, Comparable {
        /// `Row.other`, which all of its rows share.
        var other: Int32
        /// Where x is of the parameters, the length; else the scale.
        var value: Double

        static func < (a: Stratum, b: Stratum) -> Bool { (a.other, a.value) < (b.other, b.value) }
    }

    let value: Double
    /// The exponent's interval over replicates, each of which is a cluster of rows.
    let interval: ConfidenceInterval?
    /// The strata that it rests on, ascending: those in which copying ends within the sizes swept at two different x.
    let strata: [Stratum]
    /// How many rows these strata have, those included in which copying ends beyond the sizes swept.
    let rows: Int
    private let intercepts: [Double]

    static let fewestRows = 4

    /// Without an interval where `isBare`.
    static func ofParameters(_ rows: [BoundaryLaw.Row], isBare: Bool = false) -> BoundaryExponent? {
        BoundaryExponent(rows, isBare: isBare) {
            $0.lengthStratum
        } x: {
            $0.parameters.map { log(Double($0)) }
        }
    }

    static func ofLength(_ rows: [BoundaryLaw.Row], isBare: Bool = false) -> BoundaryExponent? {
        BoundaryExponent(rows, isBare: isBare) {
            $0.scaleStratum
        } x: {
            log($0.length)
        }
    }

    /// Nil where the rows do not determine the exponent.
    private init?(
        _ rows: [BoundaryLaw.Row], isBare: Bool, by stratum: (BoundaryLaw.Row) -> Stratum,
        x: (BoundaryLaw.Row) -> Double?
    ) {
        let known = rows.compactMap { row -> Part? in
            guard let x = x(row), let value = row.boundary.shifted() else { return nil }
            return Part(stratum: stratum(row), replicate: row.replicate, x: x, value: value)
        }
        guard let fit = Self.fit(known) else { return nil }
        value = fit.slope
        intercepts = fit.intercepts
        strata = fit.strata
        self.rows = known.count { fit.strata.contains($0.stratum) }
        let replicates = Dictionary(grouping: known.filter { fit.strata.contains($0.stratum) }, by: \.replicate)
            .sorted { $0.key < $1.key }.map(\.value)
        interval = isBare ? nil : ClusterInterval.of(replicates) { Self.fit($0.flatMap(\.self))?.slope }
    }

    /// log N* at x; nil in a stratum that the exponent does not rest on.
    func logarithm(_ stratum: Stratum, x: Double) -> Double? {
        strata.firstIndex(of: stratum).map { intercepts[$0] + value * x }
    }

    /// For people: the exponent to two decimals, and the ends of its interval to so many, at least two, that they differ.
    var words: (value: String, interval: String) {
        func text(_ number: Double, _ digits: Int) -> String {
            let unit = pow(10, Double(digits))
            return ResultTable.format((number * unit).rounded() / unit + 0)
        }
        guard let interval else { return (text(value, 2), "no interval from so few replicates") }
        guard let digits = (2...6).first(where: { text(interval.low, $0) != text(interval.high, $0) }) else {
            return (text(value, 2), "no spread between replicates")
        }
        return (text(value, 2), "95 % interval \(text(interval.low, digits)) to \(text(interval.high, digits))")
    }

    private struct Part {
        var stratum: Stratum
        var replicate: Int32
        var x: Double
        var value: CensoredRegression.Value

        var isExact: Bool { if case .exactly = value { true } else { false } }
    }

    private static func fit(_ parts: [Part]) -> (slope: Double, intercepts: [Double], strata: [Stratum])? {
        let exact = parts.filter(\.isExact)
        let strata = Dictionary(grouping: exact, by: \.stratum).filter { Set($0.value.map(\.x)).count > 1 }.keys
            .sorted()
        guard exact.count(where: { strata.contains($0.stratum) }) >= fewestRows else { return nil }
        let regression = CensoredRegression(
            parts.compactMap { part in
                strata.firstIndex(of: part.stratum).map { place in
                    ([part.x] + strata.indices.map { $0 == place ? 1 : 0 }, part.value)
                }
            })
        return regression.map { ($0.coefficients[0], Array($0.coefficients.dropFirst()), strata) }
    }
}

extension BoundaryLaw.Row {
    /// The strata of the row for the exponent of parameters and for that of the length.
    var lengthStratum: BoundaryExponent.Stratum { .init(other: other, value: length) }
    var scaleStratum: BoundaryExponent.Stratum { .init(other: other, value: Double(scale)) }
}
