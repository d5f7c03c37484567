import Foundation
import ResultQueries

/// The lengths of training after which samples have half of the variance that the training images have along a principal
/// component, by that variance λ. Wang & Pehlevan 2025 (2503.03206) have them go as 1/λ; that the time is read where the ratio
/// of both passes ½ is ours.
struct ModeTimes {
    let points: SweepPoints
    let law: CrossingLaw
    private let wanting: FigureAbsence

    private static let (ratio, variance) = ("mode_variance", "mode_eigenvalue")
    private static let claim = PowerLaw.Claim(-1, "Wang & Pehlevan 2025")

    init(_ points: SweepPoints) throws {
        struct Mode: Hashable, Comparable {
            var stratum: CrossingLaw.Stratum
            var replicate: Int32
            var position: Int

            static func < (a: Mode, b: Mode) -> Bool {
                a.stratum == b.stratum
                    ? (a.replicate, a.position) < (b.replicate, b.position) : a.stratum < b.stratum
            }
        }
        func mode(_ value: PlacedValue) -> Mode {
            let line = points.line(of: value)
            return Mode(
                stratum: .init(scale: value.point.scale, size: value.point.size, other: line.other),
                replicate: line.replicate, position: value.position ?? 0)
        }
        self.points = points
        wanting = try points.wanting("modes", Self.ratio)
        let variances = Dictionary(grouping: try points.all("modes", Self.variance), by: mode)
        let rule = CrossingRule(level: .value(0.5))
        let rows = Dictionary(grouping: try points.all("modes", Self.ratio), by: mode)
        law = CrossingLaw(
            rows.sorted { $0.key < $1.key }.compactMap { mode, values in
                let sorted = values.sorted { $0.point.length < $1.point.length }
                let series = sorted.map { CrossingRule.Point(x: log($0.point.length), value: $0.value) }
                guard let first = sorted.first, let variance = variances[mode]?.map(\.value).mean, variance > 0,
                    let crossing = rule.crossing(of: series, .up, areShares: false)
                else { return nil }
                let others = points.cells(of: first, points.otherAxes + points.replicateAxes)
                return CrossingLaw.Row(
                    stratum: mode.stratum, replicate: mode.replicate, x: log(variance), crossing: crossing,
                    cells: [
                        .init(mode.stratum.size), .init(mode.stratum.scale), .init(mode.position), .init(variance),
                    ] + others)
            })
    }

    private static let subject = "length of training after which samples have half of a mode's variance λ"

    var sentences: [String] {
        guard law.isOfSeveral, points.lengthCount > 1 else { return [] }
        guard let words = law.words(of: "λ", beside: Self.claim) else {
            return [
                "How the \(Self.subject) goes with λ is not determined (claimed: λ^-1 by \(Self.claim.source)): "
                    + "\(law.wantingWords(of: "λ")); it lies \(law.rowWords)."
            ]
        }
        return ["The \(Self.subject) goes as \(words); it lies \(law.rowWords)."]
    }

    var figure: CrossingLawFigure {
        let table = ResultTable(
            name: FigureName.modeTimes.rawValue,
            columns: ["dataset_size", "model_scale", "mode", "variance"] + points.otherAxes + points.replicateAxes
                + CrossingLawFigure.columns, rows: CrossingLawFigure.rows(of: law))
        let isFound = law.count(.at) > 0
        let laws: [(x: String, law: PowerLaw)] = law.law.map { [(x: "λ", law: $0)] } ?? []
        return CrossingLawFigure(
            name: .modeTimes, title: "Lengths of training after which samples have half of a mode's variance",
            panels: [
                .init(
                    x: "variance λ of the training images along a principal component", y: points.lengthAxis,
                    series: law.series(title: title, x: "λ", x: ResultTable.format))
            ], table: table,
            absence: isFound
                ? nil : law.rows.isEmpty ? wanting : "no mode passes half of its variance within the lengths swept",
            caption: points.caption(CrossingLawFigure.captionWords(laws), isMean: false))
    }

    private func title(_ stratum: CrossingLaw.Stratum) -> String {
        "N = \(stratum.size)" + (stratum.scale > 0 ? ", scale \(stratum.scale)" : "")
    }
}
