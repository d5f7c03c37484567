import ArgumentParser
import JobContract
import Reports
import ResultCatalogue

struct AnalyzeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "analyze", abstract: "Sum a sweep up in sentences and draw its figures.",
        discussion: """
            eigensweep analyze demo
            eigensweep analyze demo --figure phase-map --figure gl-score --out figures
            """)

    @Argument(help: "The sweep's name or file.", completion: .sweeps)
    var sweep: String
    @Option(help: "Only this figure; may be repeated. With exit 1 where one of them cannot be drawn.")
    var figure: [FigureName] = []
    @Option(name: .customLong("out"), help: "Where figures go (default: results/SWEEP).", completion: .directory)
    var directory: String?
    @OptionGroup var catalogue: CatalogueOptions

    func run() throws {
        let reader = try CatalogueReader(path: catalogue.path)
        let figures = figure.isEmpty ? FigureName.allCases : figure
        let name = try reader.sweepName(sweep)
        let out = directory ?? "results/\(PlainName.file(for: name, kind: "sweep"))"
        let result = try Analysis(reader, sweep: name, store: catalogue.store).run(into: out, figures: figures)
        let pictures =
            result.problem == nil && figure.isEmpty
            ? try SweepPictures(reader, sweep: name).copy(from: catalogue.store, into: out) : []
        for table in result.tables { Terminal.print(table.render(.table)) }
        if !result.sentences.isEmpty { Terminal.print("\n" + result.sentences.joined(separator: "\n")) }
        if !result.figures.isEmpty { Terminal.print("\nFigures:\n  " + result.figures.joined(separator: "\n  ")) }
        if let problem = result.problem { throw problem }
        guard figure.isEmpty else {
            // Sentences have said why.
            if !result.missing.isEmpty { throw ExitStatusError(status: .someFailed) }
            return
        }
        if !pictures.isEmpty { Terminal.print("\nPictures:\n  " + pictures.joined(separator: "\n  ")) }
    }
}

extension FigureName: ExpressibleByArgument {}
