import Foundation
import ResultQueries

/// The boundary's law as a line: where it puts the N* of each row.
struct BoundaryLine {
    let ofParameters: BoundaryExponent?
    let ofLength: BoundaryExponent?
    /// log N* at P = 1 and length 1 in the law with both exponents, by `Row.other`.
    private let intercepts: [Int32: Double]

    /// Exponents without intervals.
    init(_ rows: [BoundaryLaw.Row]) {
        self.init(
            rows, .ofParameters(rows, isBare: true), .ofLength(rows, isBare: true))
    }

    /// Through rows on which an exponent rests: where copying always ends beyond the sizes swept, it does not tell where.
    init(_ rows: [BoundaryLaw.Row], _ ofParameters: BoundaryExponent?, _ ofLength: BoundaryExponent?) {
        self.ofParameters = ofParameters
        self.ofLength = ofLength
        guard let ofParameters, let ofLength else {
            intercepts = [:]
            return
        }
        let carrying = rows.filter {
            ofParameters.strata.contains($0.lengthStratum) || ofLength.strata.contains($0.scaleStratum)
        }
        intercepts = Dictionary(grouping: carrying, by: \.other).compactMapValues { rows in
            let rest = rows.compactMap { row in
                row.parameters.flatMap {
                    row.boundary.shifted(by: ofParameters.value * log(Double($0)) + ofLength.value * log(row.length))
                }
            }
            return CensoredRegression(rest.map { ([1], $0) })?.coefficients[0]
        }
    }

    /// log N* of a row; nil for one of which the law says nothing.
    func logarithm(of row: BoundaryLaw.Row) -> Double? {
        let (p, length) = (row.parameters.map { log(Double($0)) }, log(row.length))
        if let ofParameters, let ofLength {
            return intercepts[row.other].flatMap { a in
                p.map { a + ofParameters.value * $0 + ofLength.value * length }
            }
        }
        if let ofLength { return ofLength.logarithm(row.scaleStratum, x: length) }
        return p.flatMap { ofParameters?.logarithm(row.lengthStratum, x: $0) }
    }

    /// Whether the line passes through the N* that were measured: it lies off them by no more than they scatter about their
    /// mean, among the rows that share its intercept.
    ///
    /// Where half of the rows and more end beyond the sizes swept, the most likely line passes at these sizes' edge, and all
    /// that was measured lies at one side of it.
    func explains(_ rows: [BoundaryLaw.Row]) -> Bool {
        let measured = rows.compactMap { row -> (row: BoundaryLaw.Row, at: Double, line: Double)? in
            guard case .at(let at) = row.boundary, let line = logarithm(of: row) else { return nil }
            return (row, at, line)
        }
        func group(_ row: BoundaryLaw.Row) -> BoundaryExponent.Stratum {
            if ofParameters != nil, ofLength != nil { return .init(other: row.other, value: 0) }
            return ofLength != nil ? row.scaleStratum : row.lengthStratum
        }
        let means = Dictionary(grouping: measured) { group($0.row) }.mapValues { $0.map(\.at).mean }
        let fromLine = measured.reduce(0) { $0 + ($1.at - $1.line) * ($1.at - $1.line) }
        let fromMean = measured.reduce(0) { sum, row in
            let less = row.at - (means[group(row.row)] ?? 0)
            return sum + less * less
        }
        return !measured.isEmpty && fromLine <= 2 * fromMean + 1e-6
    }
}
