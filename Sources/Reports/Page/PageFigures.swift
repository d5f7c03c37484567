import Foundation
import JobContract
import ResultQueries

extension SweepPage {
    private static let mostValues = 1500
    private static let mostRows = 1500

    /// Figures with their data and drawings. Where gnuplot fails, the drawings are missing and the error says why.
    static func drawn(_ figures: [any SweepFigure], searchPath: String) -> ([Figure], ReportError?) {
        var problem: ReportError?
        var drawn = [Figure]()
        for figure in figures {
            var drawing: FigureDrawing?
            if problem == nil {
                do { drawing = try Gnuplot(search: searchPath).drawing(of: figure) } catch {
                    problem = error as? ReportError ?? ReportError(.environment, explanation(of: error))
                }
            }
            drawn.append(
                Figure(
                    name: figure.name.rawValue, width: figure.size.width, height: figure.size.height,
                    svg: drawing?.svg, values: drawing.map { values($0, figure.marks) } ?? [],
                    data: Listing(title: "Data of \(figure.name.rawValue)", table: figure.table)
                        .bounded(mostRows, rest: "`eigensweep analyze` writes them all")))
        }
        return (drawn, problem)
    }

    private static func values(_ drawing: FigureDrawing, _ panels: [PanelMarks]) -> [Figure.Value] {
        let found = panels.enumerated().flatMap { index, panel in
            panel.marks.compactMap { mark in
                drawing.place(of: mark, in: index, of: panel).map {
                    Figure.Value(x: $0.x, y: $0.y, text: mark.text)
                }
            }
        }
        let step = (found.count + mostValues - 1) / mostValues
        return step <= 1 ? found : stride(from: 0, to: found.count, by: step).map { found[$0] }
    }
}

extension SweepPage.Listing {
    /// The first `count` rows, and a note about the `rest`.
    func bounded(_ count: Int, rest: String) -> Self {
        guard table.rows.count > count else { return self }
        var bounded = self
        bounded.table.rows = Array(table.rows.prefix(count))
        bounded.note = (note.map { $0 + " " } ?? "") + "The first \(count) of \(table.rows.count) rows; \(rest)."
        return bounded
    }
}
