import Foundation
import ResultQueries

/// The dataset size at which copying ends, or falls below the share of a capacity, against the number of parameters and
/// against the length of training.
struct BoundaryLawFigure: SweepFigure {
    let law: BoundaryLaw
    var name: FigureName { law.level == 0.5 ? .boundaryLaw : .capacity }
    var size: (width: Int, height: Int) { drawing.size }

    var absence: FigureAbsence? {
        guard law.inside.allSatisfy({ $0.parameters == nil }) else { return nil }
        if law.sizes.isEmpty { return law.wanting }
        if law.sizes.count == 1 { return "there are measurements of one dataset.size only" }
        guard law.inside.isEmpty else { return "no worker has told how many parameters its networks have" }
        return .because("\(law.endWords) within the sizes swept nowhere")
    }

    var table: ResultTable {
        let replicates = law.points.replicateAxes
        var table = ResultTable(
            name: name.rawValue,
            columns: ["model_scale", "parameters", law.points.lengthUnit] + law.points.otherAxes
                + (replicates.isEmpty ? ["seed"] : replicates) + ["is", "boundary", "law", "law_low", "law_high"])
        for row in law.rows {
            let (kind, value) = Self.words(row.boundary)
            table.rows.append(
                [.init(row.scale), .init(row.parameters), .init(row.length)] + row.otherCells
                    + (replicates.isEmpty ? [.init(law.points.seeds.first)] : row.replicateCells) + [
                        // Bounds are sizes that were swept.
                        .text(kind), .init(value.map { kind == "at" ? exp($0) : exp($0).rounded() }),
                        .init(law.size(of: row)), .init(law.interval(of: row)?.low), .init(law.interval(of: row)?.high),
                    ])
        }
        return table
    }

    private static func words(_ boundary: BoundaryLaw.Boundary) -> (kind: String, value: Double?) {
        switch boundary {
        case .at(let value): ("at", value)
        case .above(let value): ("above", value)
        case .below(let value): ("below", value)
        case .rises: ("rises", nil)
        }
    }

    /// The law's lines over x, one for each combination of other axes, each from the first place to the last at which
    /// copying was seen to end: places with N* and its interval.
    private func lines(
        _ rows: [BoundaryLaw.Row], x: (BoundaryLaw.Row) -> Double?
    ) -> [[(x: Double, y: Double, interval: ConfidenceInterval?)]] {
        Dictionary(grouping: rows, by: \.other).sorted { $0.key < $1.key }.compactMap { _, rows in
            let measured = rows.filter(\.isInside).compactMap(x)
            guard let first = measured.min(), let last = measured.max(), first < last else { return nil }
            let places = Dictionary(grouping: rows.filter { x($0).map { (first...last).contains($0) } ?? false }) {
                x($0) ?? 0
            }
            return places.sorted { $0.key < $1.key }.compactMap { place, rows in
                rows.first.flatMap { row in law.size(of: row).map { (place, $0, law.interval(of: row)) } }
            }
        }
    }

    /// A series for each value of `other`; with the law's lines where it `hasLines`.
    private func series(
        hasLines: Bool, x: (BoundaryLaw.Row) -> Double?, other: (BoundaryLaw.Row) -> Double, label: (Double) -> String
    ) -> [LawDrawing.Series] {
        Set(law.rows.map(other)).sorted().map { value in
            let rows = law.rows.filter { other($0) == value }
            let marks = rows.compactMap { row -> LawDrawing.Mark? in
                let found = Self.words(row.boundary)
                guard let x = x(row), let size = found.value, let kind = LawDrawing.Kind(rawValue: found.kind) else {
                    return nil
                }
                return LawDrawing.Mark(kind: kind, x: x, y: exp(size), text: words(of: row, found.kind, exp(size)))
            }
            return LawDrawing.Series(title: label(value), marks: marks, lines: hasLines ? lines(rows, x: x) : [])
        }
    }

    private func words(of row: BoundaryLaw.Row, _ kind: String, _ size: Double) -> String {
        let cells = row.otherCells + row.replicateCells
        let others = zip(law.points.otherAxes + law.points.replicateAxes, cells).map { "\($0) \($1.text)" }
        let place = "scale \(row.scale)" + (row.parameters.map { " (\($0) parameters)" } ?? "")
        return ([place, law.points.lengthLabel(row.length)] + others).joined(separator: ", ")
            + ": N* \(kind == "at" ? "" : kind + " ")" + ResultTable.format(size.rounded())
    }

    private var drawing: LawDrawing {
        let byParameters = series(hasLines: law.line?.ofParameters != nil) {
            $0.parameters.map(Double.init)
        } other: {
            $0.length
        } label: {
            law.points.lengthLabel($0)
        }
        let byLength = series(hasLines: law.line?.ofLength != nil) {
            $0.length
        } other: {
            Double($0.scale)
        } label: {
            "scale \(ResultTable.format($0))"
        }
        let start = law.level == 0.5 ? "Where copying ends" : "Capacity"
        return LawDrawing(
            title: "\(start): training images at which \(law.percent) of the samples are copies",
            panels: [
                .init(x: "parameters", y: "training images N*", series: byParameters, ticks: law.sizes),
                .init(x: law.points.lengthAxis, y: "training images N*", series: byLength, ticks: law.sizes),
            ], caption: Gnuplot.Caption(law.points.caption(caption, isMean: false), width: LawDrawing.width))
    }

    var script: String { drawing.script }
    var marks: [PanelMarks] { drawing.marks }

    private var caption: String {
        let marks = "Triangles: beyond the sizes swept, up or down; those of one place stand side by side."
        let terms = [
            law.ofParameters.map { "P^" + short($0) }, law.ofLength.map { "\(law.points.lengthUnit)^" + short($0) },
        ]
        .compactMap { $0 }
        guard law.line != nil else { return "\(marks) The law is not determined." }
        let bands = law.rows.contains { law.interval(of: $0) != nil }
        return "\(marks) Lines: N* ∝ \(terms.joined(separator: " · "))"
            + (bands ? "; bands: their 95 % intervals over replicates." : ".")
            + (law.misfit.map { " Rows lie off them by a factor of \(ResultTable.format($0)), in root mean square." }
                ?? "")
    }

    private func short(_ exponent: BoundaryExponent) -> String {
        "\(exponent.law.words.value) (\(exponent.law.words.interval))"
    }
}
