import Foundation
import ResultQueries

/// An exponent of the boundary's law: log N* grows by it with x, the logarithm of parameters or of length (`PowerLaw`).
struct BoundaryExponent {
    /// Rows that differ in nothing but x and the replicate.
    struct Stratum: Hashable, Comparable {
        /// `Row.other`, which all of its rows share.
        var other: Int32
        /// Where x is of the parameters, the length; else the scale.
        var value: Double

        static func < (a: Stratum, b: Stratum) -> Bool { (a.other, a.value) < (b.other, b.value) }
    }

    let law: PowerLaw
    /// The strata that it rests on, ascending.
    let strata: [Stratum]
    private let numbers: [Stratum: Int32]

    var value: Double { law.exponent }
    var interval: ConfidenceInterval? { law.interval }

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
        let all = Set(rows.map(stratum)).sorted()
        let numbers = Dictionary(uniqueKeysWithValues: all.enumerated().map { ($1, Int32($0)) })
        let known = rows.compactMap { row -> PowerLaw.Row? in
            guard let x = x(row), let value = row.boundary.shifted(), let number = numbers[stratum(row)] else {
                return nil
            }
            return PowerLaw.Row(stratum: number, replicate: row.replicate, x: x, value: value)
        }
        guard let law = PowerLaw(known, isBare: isBare) else { return nil }
        self.law = law
        self.numbers = numbers
        strata = law.strata.map { all[Int($0)] }
    }

    /// log N* at x; nil in a stratum that the exponent does not rest on.
    func logarithm(_ stratum: Stratum, x: Double) -> Double? {
        numbers[stratum].flatMap { law.logarithm($0, x: x) }
    }
}

extension BoundaryLaw.Row {
    /// The strata of the row for the exponent of parameters and for that of the length.
    var lengthStratum: BoundaryExponent.Stratum { .init(other: other, value: length) }
    var scaleStratum: BoundaryExponent.Stratum { .init(other: other, value: Double(scale)) }
}
