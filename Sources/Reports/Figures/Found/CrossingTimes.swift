import Foundation
import ResultQueries

/// The lengths of training after which something sets in, by dataset size: the times of copying, of generalization and of
/// overfitting, each a crossing of rows of one size, scale and replicate. What counts as crossing is ours (docs/statistics.md);
/// that the time of copying grows as N, and that of generalization not at all, is what Bonnaire et al. (2505.17638) claim, and of
/// the first Favero et al. too (2505.16959).
struct CrossingTimes {
    /// What is looked for in the values of a quantity.
    struct Kind {
        /// Its name in tables.
        var name: String
        /// What has happened after that length.
        var words: String
        var measure: String
        var quantity: String
        /// Whether of the two noise levels of phases the worse counts.
        var isAtTheWorse = false
        var rule: CrossingRule
        var claim: PowerLaw.Claim

        static func copied(_ share: Double) -> Kind {
            Kind(
                name: "tau_mem_\(ResultTable.format(share))",
                words: "\(share == 0.5 ? "half" : "\(ResultTable.format(share * 100)) %") of the samples are copies",
                measure: "memorization", quantity: "copied", rule: CrossingRule(level: .value(share)),
                claim: BoundaryLaw.ofLengthClaimed)
        }

        static let all = [
            copied(0.5), copied(0.1), copied(0.9),
            Kind(
                name: "tau_gen", words: "the gain on held-out images first rises above 0", measure: "denoising",
                quantity: "wiener_gain_db", isAtTheWorse: true,
                rule: CrossingRule(level: .value(0), isFirst: true), claim: .init(0, "Bonnaire et al. 2025")),
            Kind(
                name: "tau_div", words: "the loss on held-out images is 1 % above its least", measure: "loss",
                quantity: "loss_held_out", rule: CrossingRule(level: .timesLeast(1.01), isFirst: true),
                claim: .init(1, "Favero et al. 2025")),
        ]
    }

    struct Found {
        var kind: Kind
        var lengths: Int
        /// Over N, at each scale; and over the parameters, at each size.
        var ofSize: CrossingLaw
        var ofParameters: CrossingLaw
    }

    let points: SweepPoints
    /// Those of which something was measured.
    let found: [Found]
    private let wanting: FigureAbsence

    /// With fewer lengths than these a sentence tells of laws alone.
    static let fewestLengths = 3

    init(_ points: SweepPoints) throws {
        self.points = points
        wanting = try points.wanting("memorization", "copied")
        found = try Kind.all.compactMap { kind in
            var values = try points.all(kind.measure, kind.quantity)
            if kind.isAtTheWorse { values = Self.atTheWorse(values) }
            let lengths = Set(values.map(\.point.length)).count
            guard lengths > 1 else { return nil }
            return Found(
                kind: kind, lengths: lengths,
                ofSize: CrossingLaw(
                    Self.rows(values, kind, points) { row, other, _ in
                        (.init(scale: row.scale, size: 0, other: other), log(Double(row.size)))
                    }),
                ofParameters: CrossingLaw(
                    Self.rows(values, kind, points) { row, other, parameters in
                        parameters.map { (.init(scale: 0, size: row.size, other: other), log(Double($0))) }
                    }))
        }
    }

    /// The smaller of a trial's two values, where it has both.
    private static func atTheWorse(_ values: [PlacedValue]) -> [PlacedValue] {
        let levels = PhaseMap.levels(among: values.compactMap(\.sigma))
        let known = values.filter { value in value.sigma.map(levels.contains) ?? false }
        return Dictionary(grouping: known, by: \.trial).sorted { $0.key < $1.key }.compactMap { _, values in
            values.count == 2 && levels.count == 2 ? values.min { $0.value < $1.value } : nil
        }
    }

    private static func rows(
        _ values: [PlacedValue], _ kind: Kind, _ points: SweepPoints,
        place: (GridPoint, Int32, _ parameters: Int?) -> (stratum: CrossingLaw.Stratum, x: Double)?
    ) -> [CrossingLaw.Row] {
        struct Key: Hashable, Comparable {
            var scale: Int
            var size: Int
            var line: SweepPoints.Line

            static func < (a: Key, b: Key) -> Bool {
                (a.scale, a.size, a.line.other, a.line.replicate) < (b.scale, b.size, b.line.other, b.line.replicate)
            }
        }
        let lines = Dictionary(grouping: values) {
            Key(scale: $0.point.scale, size: $0.point.size, line: points.line(of: $0))
        }
        return lines.sorted { $0.key < $1.key }.compactMap { key, values in
            let parameters = values.lazy.compactMap(points.parameters).first
            let sorted = values.sorted { $0.point.length < $1.point.length }
            guard let first = sorted.first, let place = place(first.point, key.line.other, parameters),
                let crossing = kind.rule.crossing(
                    of: sorted.map { .init(x: log($0.point.length), value: $0.value, n: $0.n.map(Double.init)) }, .up,
                    areShares: first.isShare)
            else { return nil }
            return CrossingLaw.Row(
                stratum: place.stratum, replicate: key.line.replicate, x: place.x, crossing: crossing,
                cells: [.init(key.size), .init(key.scale), .init(parameters)]
                    + points.cells(of: first, points.otherAxes + points.replicateAxes))
        }
    }

    // MARK: In words

    var sentences: [String] {
        found.compactMap { found in
            let isTold = found.lengths >= Self.fewestLengths || found.ofSize.law != nil
            guard found.ofSize.isOfSeveral, isTold else { return nil }
            let terms = [
                found.ofSize.words(of: "N", beside: found.kind.claim), found.ofParameters.words(of: "P", beside: nil),
            ].compactMap(\.self)
            let start = "length of training after which \(found.kind.words)"
            let claim = found.kind.claim
            guard found.ofSize.law != nil else {
                return "How the \(start) grows with N is not determined (claimed: N^"
                    + "\(ResultTable.format(claim.exponent)) by \(claim.source)): \(found.ofSize.wantingWords(of: "N")); "
                    + "it lies \(found.ofSize.rowWords)."
            }
            return "The \(start) goes as \(terms.joined(separator: " · ")); it lies \(found.ofSize.rowWords)."
        }
    }

    // MARK: Drawn

    /// Those that are drawn: of copying, the length at which half of the samples are copies.
    private var shown: [Found] {
        found.filter { $0.kind.rule.level == .value(0.5) || $0.kind.measure != "memorization" }
    }

    private var absence: FigureAbsence? {
        if found.isEmpty { return points.lengthCount > 1 ? wanting : "there are measurements of one length only" }
        guard shown.contains(where: \.ofSize.isOfSeveral) else {
            return "there are measurements of one dataset.size only; query --crossing tells its times"
        }
        return shown.contains { $0.ofSize.count(.at) > 0 } ? nil : "nothing sets in within the lengths swept"
    }

    var figure: CrossingLawFigure {
        let panels = shown.map { found in
            LawDrawing.Panel(
                title: found.kind.words, x: SweepPoints.sizeAxis, y: points.lengthAxis,
                series: found.ofSize.series(
                    title: { $0.scale > 0 ? "scale \($0.scale)" : "network" }, x: "N", x: ResultTable.format))
        }
        var table = ResultTable(
            name: FigureName.crossingTimes.rawValue,
            columns: ["time", "dataset_size", "model_scale", "parameters"] + points.otherAxes + points.replicateAxes
                + CrossingLawFigure.columns)
        for found in found {
            table.rows += CrossingLawFigure.rows(of: found.ofSize).map { [.text(found.kind.name)] + $0 }
        }
        let laws: [(x: String, law: PowerLaw)] = shown.compactMap(\.ofSize.law).map { (x: "N", law: $0) }
        return CrossingLawFigure(
            name: .crossingTimes, title: "Lengths of training after which something sets in, by dataset size",
            panels: panels, table: table, absence: absence,
            caption: points.caption(CrossingLawFigure.captionWords(laws), isMean: false))
    }
}
