import ArgumentParser
import ResultCatalogue
import ResultQueries
import SweepModel

struct TrialsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trials",
        abstract: "List a sweep's trials: place, state, host, time, and what was measured.",
        discussion: """
            eigensweep trials demo --where 'state = failed' --show reason
            eigensweep trials demo --where 'dataset.size >= 256 and memorization.copied > 0.1' --show memorization.copied
            eigensweep trials demo --show denoising.wiener_gain_db@0.5 --sort denoising.wiener_gain_db@0.5:desc --limit 5
            eigensweep trials demo --show memorization,parameters --format csv
            eigensweep trials demo --tag figure-2 --show tags,note

            A measure's name alone shows those of its quantities that are one number of a trial; @ picks a noise level. \
            `seconds` is the time of training.
            """)

    @Argument(help: "The sweep's name or file.", completion: .sweeps)
    var sweep: String
    @Option(
        name: .customLong("where"),
        help: "Only trials of which this holds, such as 'model.scale in (4, 8) and memorization.copied > 0.1'.")
    var filter: String?
    @Option(
        help: ArgumentHelp(
            "Columns to add; may be repeated.", valueName: "key|measure[.quantity[@sigma]],..."), completion: .columns)
    var show: [String] = []
    @Option(
        help: ArgumentHelp("Sort by these columns; NAME:desc for the largest first.", valueName: "column,..."),
        completion: .columns)
    var sort: [String] = []
    @Option(parsing: .unconditional, help: "Show at most so many trials.")
    var limit: Int?
    @Option(help: ArgumentHelp("Only trials with these tags, or of a sweep with them.", valueName: "tag,..."))
    var tag: [String] = []
    @Option(help: "Only trials whose note, or whose sweep's note, has these words in it.")
    var note: String?
    @OptionGroup var catalogue: CatalogueOptions
    @OptionGroup var output: FormatOptions

    func validate() throws {
        if let limit, limit < 0 { throw ValidationError("--limit: expected a number of trials, got \(limit)") }
    }

    func run() throws {
        let reader = try CatalogueReader(path: catalogue.path)
        var request = TrialListRequest(sweep: try reader.sweepName(sweep))
        request.filter = try filter.map { try WhereExpression($0) }
        request.shown = QueryCommand.list(show)
        request.sort = QueryCommand.list(sort).map { SortColumn($0) }
        request.limit = limit
        request.tags = QueryCommand.list(tag)
        request.note = note
        try TrialList(reader, request).write(output.format, width: Terminal.outputWidth, to: Terminal.export)
    }
}
