import ResultQueries

/// Lengths at which rows cross a level, with the laws through them.
struct CrossingLawFigure: SweepFigure {
    let name: FigureName
    var title: String
    var panels: [LawDrawing.Panel]
    var table: ResultTable
    var absence: FigureAbsence?
    /// Two paragraphs.
    var caption: [String]

    private var drawing: LawDrawing {
        LawDrawing(
            title: title, panels: panels, caption: Gnuplot.Caption(caption, width: LawDrawing.width))
    }

    var size: (width: Int, height: Int) { drawing.size }
    var script: String { drawing.script }
    var marks: [PanelMarks] { drawing.marks }

    /// The columns of a row behind those that say which it is.
    static let columns = ["is", "length", "law", "law_low", "law_high"]

    static func rows(of law: CrossingLaw) -> [[ResultTable.Cell]] {
        law.rows.map { row in
            let at: Double? =
                switch row.crossing {
                case .at(let place): Crossing.number(place)
                case .before(let bound), .beyond(let bound): Crossing.number(bound)
                case .never(let bound): bound.map(Crossing.number)
                case .against: nil
                }
            let line = law.length(of: row)
            return row.cells + [
                .text(row.crossing.kind.rawValue), .init(at), .init(line?.at), .init(line?.interval?.low),
                .init(line?.interval?.high),
            ]
        }
    }

    static func captionWords(_ laws: [(x: String, law: PowerLaw)]) -> String {
        let start =
            "Triangles: no later than there, near the shortest length, or beyond the longest; those of one place stand side by side."
        guard !laws.isEmpty else { return start + " No law is determined." }
        let words = laws.map { "\($0.x)^\($0.law.words.value) (\($0.law.words.interval))" }
        return start + " Lines: length ∝ \(words.joined(separator: ", "))"
            + (laws.contains { $0.law.interval != nil } ? "; bands: 95 % intervals over replicates." : ".")
    }
}
