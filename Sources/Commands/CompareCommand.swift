import ArgumentParser
import Reports
import ResultCatalogue
import ResultQueries
import SweepModel

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Set two sweeps side by side, or two workers on trials equal but for the worker.",
        discussion: """
            eigensweep compare small large
            eigensweep compare eigensweep-worker/1 torch/2

            Trials are paired by the axes that both sides have and by their seed; `difference` is b - a over the pairs, \
            with its 95 % interval (docs/statistics.md), and `equal` says how many pairs agree to the bit.
            """)

    @Argument(help: "A sweep, or a worker such as eigensweep-worker/1.", completion: .sweeps)
    var a: String
    @Argument(help: "Another one of the same kind.", completion: .sweeps)
    var b: String
    @Option(
        help: ArgumentHelp(
            "Measures, or single quantities of them; may be repeated.", valueName: "measure[.quantity],..."),
        completion: .measures)
    var measure: [String] = []
    @Option(help: ArgumentHelp("Only these noise levels, found among those measured.", valueName: "s,..."))
    var sigma: [String] = []
    @Flag(help: "With --sigma: find values between two measured levels.")
    var interpolate = false
    @Option(name: .customLong("where"), help: "Only trials of which this holds, such as 'model.scale in (4, 8)'.")
    var filter: String?
    @OptionGroup var catalogue: CatalogueOptions
    @OptionGroup var output: FormatOptions

    func run() throws {
        var request = SideBySide.Request(a, b)
        request.measures = QueryCommand.list(measure).map { MeasureSelection($0) }
        request.sigmas = try QueryCommand.sigmas(sigma)
        request.interpolates = interpolate
        request.filter = try filter.map { try WhereExpression($0) }
        let result = try SideBySide(try CatalogueReader(path: catalogue.path)).run(request)
        output.print(result.table)
        for note in result.notes { Terminal.note(note) }
    }
}
