import Foundation
import ResultQueries

/// The dataset size N* at which copying ends, as a law of the network's parameters P and the length of its training:
/// log N* = a + b log P + c log images. Zhang et al. 2025 (2505.20123) have the transition go with N/√P; that the length at
/// which copying begins grows as N (Bonnaire et al. and Favero et al. 2025) makes c = 1.
///
/// A row of the map is one scale, length and replicate. N* is where a logistic curve through its copied shares passes the
/// level: ½, or 0.9 for the capacity of Gu et al. 2023 (2310.02664). Where the shares never pass it, N* is only known to lie
/// beyond the sizes swept; a row whose shares rise with size has no N*.
///
/// An exponent is found from those rows alone that identify it. The exponent of the length is found at scales where copying
/// ends within the sizes swept for two lengths or more, each scale with an intercept of its own, so that scales where it
/// always ends beyond them do not bend it; that of P at lengths where copying ends within them for two scales or more. With
/// fewer than four such rows it is not determined.
struct BoundaryLaw {
    enum Boundary: Hashable {
        /// N*; here as in the bounds, the natural logarithm of a dataset size.
        case at(Double)
        case above(Double)
        case below(Double)
        /// The share copied does not fall with the dataset size.
        case rises
    }

    struct Row {
        var scale: Int
        var length: Double
        /// Rows that are alike in all other axes share this number.
        var other: Int32
        var replicate: Int32
        /// The row's values of `SweepPoints.otherAxes` and `replicateAxes`.
        var otherCells: [ResultTable.Cell]
        var replicateCells: [ResultTable.Cell]
        /// Nil where none of the row's networks is trained.
        var parameters: Int?
        var boundary: Boundary
        /// Whether the row was measured at every size swept.
        var isWhole = true
    }

    static let capacity = 0.9

    let points: SweepPoints
    /// The share of copies that counts.
    let level: Double
    /// Why there are no rows, where no share was measured.
    let wanting: FigureAbsence
    /// The dataset sizes swept, ascending.
    let sizes: [Int]
    let rows: [Row]
    /// Nil where not determined.
    let ofParameters: BoundaryExponent?
    let ofLength: BoundaryExponent?
    /// Nil where no exponent is determined, or the line explains nothing.
    let line: BoundaryLine?
    /// The line without one of the replicates each.
    private let withoutOne: [BoundaryLine]

    /// Rows in which copying ends within the sizes swept.
    var inside: [Row] { rows.filter(\.isInside) }

    init(_ points: SweepPoints, level: Double = 0.5) throws {
        self.points = points
        self.level = level
        wanting = try points.wanting("memorization", "copied")
        struct Key: Hashable {
            var scale: Int
            var length: Double
            var line: SweepPoints.Line
        }
        let copied = try points.all("memorization", "copied")
        let sizes = Set(copied.map(\.point.size)).sorted()
        self.sizes = sizes
        let shares = Dictionary(grouping: copied) {
            Key(scale: $0.point.scale, length: $0.point.length, line: points.line(of: $0))
        }
        let rows = shares.compactMap { key, values -> Row? in
            // A single size tells nothing of where copying ends.
            guard sizes.count > 1, let first = values.first else { return nil }
            return Row(
                scale: key.scale, length: key.length, other: key.line.other, replicate: key.line.replicate,
                otherCells: points.cells(of: first, points.otherAxes),
                replicateCells: points.cells(of: first, points.replicateAxes),
                parameters: values.lazy.compactMap(points.parameters).first,
                boundary: Self.boundary(
                    values.map { (Double($0.point.size), $0.value, Double($0.n ?? 256)) }, level: level),
                isWhole: Set(values.map(\.point.size)).count == sizes.count)
        }.sorted { ($0.scale, $0.length, $0.other, $0.replicate) < ($1.scale, $1.length, $1.other, $1.replicate) }
        self.rows = rows
        ofParameters = BoundaryExponent.ofParameters(rows)
        ofLength = BoundaryExponent.ofLength(rows)
        let line = BoundaryLine(rows, ofParameters, ofLength)
        self.line = (ofParameters != nil || ofLength != nil) && line.explains(rows) ? line : nil
        let replicates = Set(rows.map(\.replicate)).sorted()
        withoutOne =
            self.line == nil || replicates.count < 2
            ? [] : replicates.map { left in BoundaryLine(rows.filter { $0.replicate != left }) }
    }

    /// Where copying ends, from the shares of n samples at several dataset sizes.
    static func boundary(_ shares: [(size: Double, share: Double, n: Double)], level: Double = 0.5) -> Boundary {
        let points = shares.map { CrossingRule.Point(x: log($0.size), value: $0.share, n: $0.n) }.sorted { $0.x < $1.x }
        switch CrossingRule(level: .value(level)).crossing(of: points, .down, areShares: true) {
        case .at(let size): return .at(size)
        case .before(let size): return .below(size)
        case .beyond(let size): return .above(size)
        case .against, .never, nil: return .rises
        }
    }

    /// N* by the law; nil for a row of which the law says nothing.
    func size(of row: Row) -> Double? { line?.logarithm(of: row).map { exp($0) } }

    /// By what factor the N* that were measured lie off the law's, in the root mean square of logarithms; nil without a law.
    var misfit: Double? {
        let off = rows.compactMap { row -> Double? in
            guard case .at(let at) = row.boundary else { return nil }
            return line?.logarithm(of: row).map { (at - $0) * (at - $0) }
        }
        return off.isEmpty ? nil : exp(off.mean.squareRoot())
    }

    /// The interval of N* by the law over replicates; nil where leaving one out leaves no law of the same exponents.
    func interval(of row: Row) -> ConfidenceInterval? {
        guard let whole = line?.logarithm(of: row) else { return nil }
        let others = withoutOne.compactMap { other in
            (other.ofParameters == nil) == (ofParameters == nil) && (other.ofLength == nil) == (ofLength == nil)
                ? other.logarithm(of: row) : nil
        }
        guard others.count == withoutOne.count else { return nil }
        return ClusterInterval.of(whole, leavingOneOut: others)?.mapped(exp)
    }

    // MARK: In words

    var sentences: [String] {
        guard !rows.isEmpty else { return [] }
        var terms = [String]()
        if let ofParameters { terms.append("P^" + text(ofParameters, lengths: ofParameters.strata.map(\.value))) }
        if let ofLength {
            terms.append("\(points.lengthUnit)^" + text(ofLength, scales: ofLength.strata.map(\.value)))
        }
        let subject = level == 0.5 ? "The boundary's law" : "The law of the capacity (\(percent) of samples copied)"
        guard !terms.isEmpty else {
            return [
                "\(subject) is not determined: \(rowWords)."
                    + (level == 0.5
                        ? " An exponent needs \(PowerLaw.fewestRows) rows in which it does, of two scales at one length or of "
                            + "two lengths at one scale." : "")
            ]
        }
        guard line != nil else {
            return [
                "\(subject) is not determined: the best fit to all rows lies beside the sizes at which copying was seen "
                    + "to end, by more than these scatter; \(rowWords)."
            ]
        }
        let law =
            "The dataset size at which \(percent) of the samples are copies goes as \(terms.joined(separator: " · "))"
        return ["\(law); \(rowWords).\(undetermined.map { " \($0)" } ?? "")"]
    }

    /// The level for people.
    var percent: String { level == 0.5 ? "half" : "\(ResultTable.format(level * 100)) %" }

    /// What happens at N*.
    var endWords: String { level == 0.5 ? "copying ends" : "the share copied falls below \(percent)" }

    /// A sentence about an axis that was swept and has no exponent.
    private var undetermined: String? {
        func sentence(_ of: String, _ nowhere: String) -> String {
            "The exponent of \(of) is not determined: at no \(nowhere)."
        }
        if ofParameters == nil, Set(rows.compactMap(\.parameters)).count > 1 {
            return sentence("P", "length does copying end within the sizes swept for two scales")
        }
        if ofLength == nil, Set(rows.map(\.length)).count > 1 {
            return sentence("the length", "scale does copying end within the sizes swept for two lengths")
        }
        return nil
    }

    /// Words on the numbers of rows in which copying ends within the sizes swept, beyond them and before them.
    private var rowWords: String {
        func count(_ holds: (Boundary) -> Bool) -> Int { whole.count { holds($0.boundary) } }
        let whole = rows.filter { $0.isWhole || $0.isInside }
        let above = count { if case .above = $0 { true } else { false } }
        let below = count { if case .below = $0 { true } else { false } }
        let rising = count { $0 == .rises }
        let incomplete = rows.count - whole.count
        let others = [
            above > 0 ? "beyond the largest in \(above)" : nil, below > 0 ? "before the smallest in \(below)" : nil,
        ].compactMap(\.self)
        let axes = (["scale", "length"] + points.otherAxes + (points.replicateAxes.isEmpty ? [] : ["replicate"]))
            .joined(separator: ", ")
        return "\(endWords) within the sizes swept in \(inside.count) of \(rows.count) rows (\(axes))"
            + (others.isEmpty ? "" : ", " + others.joined(separator: ", "))
            + (rising > 0 ? "; in \(rising) the share copied rises with the dataset's size" : "")
            + (incomplete > 0 ? "; \(incomplete) not measured at every size do not tell yet" : "")
    }

    private func text(_ exponent: BoundaryExponent, lengths: [Double] = [], scales: [Double] = []) -> String {
        let places =
            lengths.isEmpty
            ? "scale " + Set(scales).sorted().map { ResultTable.format($0) }.joined(separator: ", ")
            : Set(lengths).sorted().map(points.lengthLabel).joined(separator: ", ")
        let (value, interval) = exponent.law.words
        let claim = exponent.law.words(beside: lengths.isEmpty ? Self.ofLengthClaimed : Self.ofParametersClaimed)
        return "\(value) (\(interval), from \(exponent.law.rows) of \(rows.count) rows: \(places); \(claim))"
    }

    private static let ofParametersClaimed = PowerLaw.Claim(0.5, "Zhang et al. 2025")
    static let ofLengthClaimed = PowerLaw.Claim(1, "Bonnaire et al. and Favero et al. 2025")
}

extension BoundaryLaw.Row {
    var isInside: Bool { if case .at = boundary { true } else { false } }
}

extension BoundaryLaw.Boundary {
    /// The boundary less `offset`, for a regression; nil where the share copied rises.
    func shifted(by offset: Double = 0) -> CensoredRegression.Value? {
        switch self {
        case .at(let value): .exactly(value - offset)
        case .above(let value): .above(value - offset)
        case .below(let value): .below(value - offset)
        case .rises: nil
        }
    }
}
