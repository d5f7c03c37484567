import Foundation
import ResultQueries

/// The dataset size N* at which copying ends, as a law of the network's parameters P and the length of its training:
/// log N* = a + b log P + c log images (Bonnaire et al., NeurIPS 2025, expect c = 1).
///
/// A row of the map is one scale, length and seed. N* is where a logistic curve through its copied shares passes ½; in a
/// row that never passes it, N* is only known to lie beyond the sizes swept. Fewer than four rows that do: not determined.
struct BoundaryLaw {
    struct Row: Hashable {
        var scale: Int
        var length: Double
        var seed: Int
        var parameters: Int
        /// In natural logarithms.
        var boundary: CensoredRegression.Value
    }

    struct Exponent: Hashable {
        var value: Double
        /// Over seeds.
        var interval: ClusterInterval?
    }

    let points: SweepPoints
    /// The dataset sizes swept, ascending.
    let sizes: [Int]
    let rows: [Row]
    /// N* = e^a for P = 1 and length 1; nil: not determined.
    let intercept: Double?
    /// Nil where not determined, or where the sweep has one number of parameters.
    let ofParameters: Exponent?
    /// Nil where not determined, or where the sweep has one length.
    let ofLength: Exponent?

    static let fewestRows = 4

    /// Rows in which copying ends within the sizes swept.
    var inside: [Row] { rows.filter(\.isInside) }

    init(_ points: SweepPoints) throws {
        self.points = points
        struct Key: Hashable {
            var scale: Int
            var length: Double
            var seed: Int
        }
        let copied = try points.all("memorization", "copied")
        sizes = Set(copied.map(\.point.size)).sorted()
        let shares = Dictionary(grouping: copied) {
            Key(scale: $0.point.scale, length: $0.point.length, seed: $0.seed)
        }
        rows = shares.compactMap { key, values in
            guard let parameters = points.parameters[key.scale],
                let boundary = Self.boundary(
                    values.map { (Double($0.point.size), $0.value, Double($0.n ?? 256)) })
            else { return nil }
            return Row(
                scale: key.scale, length: key.length, seed: key.seed, parameters: parameters, boundary: boundary)
        }.sorted { ($0.scale, $0.length, $0.seed) < ($1.scale, $1.length, $1.seed) }

        let hasParameters = Set(rows.filter(\.isInside).map(\.parameters)).count > 1
        let hasLengths = Set(rows.filter(\.isInside).map(\.length)).count > 1
        func fit(_ rows: [Row]) -> [Double]? {
            guard rows.count(where: \.isInside) >= Self.fewestRows else { return nil }
            let regression = CensoredRegression(
                rows.map { row in
                    (
                        [1] + (hasParameters ? [log(Double(row.parameters))] : [])
                            + (hasLengths ? [log(row.length)] : []), row.boundary
                    )
                })
            return regression?.coefficients
        }
        guard let found = fit(rows) else {
            (intercept, ofParameters, ofLength) = (nil, nil, nil)
            return
        }
        let seeds = Dictionary(grouping: rows, by: \.seed).sorted { $0.key < $1.key }.map(\.value)
        func exponent(_ place: Int) -> Exponent {
            Exponent(
                value: found[place],
                interval: ClusterInterval(seeds) { clusters in fit(clusters.flatMap { $0 }).map { $0[place] } })
        }
        intercept = found[0]
        ofParameters = hasParameters ? exponent(1) : nil
        ofLength = hasLengths ? exponent(hasParameters ? 2 : 1) : nil
    }

    /// Of dataset sizes with their shares of n samples; nil where shares do not fall with size, or of one size.
    static func boundary(_ shares: [(size: Double, share: Double, n: Double)]) -> CensoredRegression.Value? {
        let sizes = shares.map { log($0.size) }
        guard let low = sizes.min(), let high = sizes.max(), high > low else { return nil }
        if shares.allSatisfy({ $0.share >= 0.5 }) { return .above(high) }
        if shares.allSatisfy({ $0.share < 0.5 }) { return .below(low) }
        guard let fit = LogisticFit(shares.map { (log($0.size), $0.share, $0.n) }), fit.slope < 0 else { return nil }
        return .exactly(min(max(fit.middle, low), high))
    }

    /// N* by the law.
    func size(parameters: Int, length: Double) -> Double? {
        guard let intercept else { return nil }
        return exp(
            intercept + (ofParameters?.value ?? 0) * log(Double(parameters)) + (ofLength?.value ?? 0) * log(length))
    }

    var sentences: [String] {
        guard !rows.isEmpty else { return [] }
        let where_ =
            "copying ends within the sizes swept in \(inside.count) of \(rows.count) rows (scale, length, seed)"
        guard intercept != nil else {
            return ["The boundary's law is not determined: \(where_), and \(Self.fewestRows) are needed."]
        }
        var terms = [String]()
        if let ofParameters { terms.append("P^\(Self.text(ofParameters))") }
        if let ofLength { terms.append("\(points.lengthUnit)^\(Self.text(ofLength))") }
        guard !terms.isEmpty else {
            return ["The boundary's law is not determined: \(where_), but all with one scale and length."]
        }
        return [
            "The dataset size at which half of the samples are copies goes as \(terms.joined(separator: " · ")); \(where_)."
        ]
    }

    private static func text(_ exponent: Exponent) -> String {
        func short(_ value: Double) -> String { ResultTable.format((value * 100).rounded() / 100) }
        let interval = exponent.interval.map { " (95 % interval \(short($0.low)) to \(short($0.high)))" }
        return short(exponent.value) + (interval ?? " (no interval from so few seeds)")
    }
}

extension BoundaryLaw.Row {
    var isInside: Bool { if case .exactly = boundary { true } else { false } }
}
