import ArgumentParser
import Dispatch
import Glibc
import ResultCatalogue
import ResultQueries
import SweepModel

struct QueryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Ask the catalogue: filter, group, and reduce measurements.",
        discussion: """
            eigensweep query --sweep demo --measure memorization.copied --by dataset.size --columns model.scale
            eigensweep query --measure gaussian-distance.rmse --sigma 0.47,1.5 --where 'dataset.size >= 1024' --format csv
            eigensweep query --measure memorization --by dataset.size --statistic mean,ci95 --sort mean:desc --limit 5
            eigensweep query --sweep demo --crossing 'memorization.copied = 0.5' --along dataset.size --by model.scale
            """)

    @Argument(help: .hidden)
    var words: [String] = []
    @Option(
        help: ArgumentHelp("Only trials of these sweeps; may be repeated.", valueName: "name,..."),
        completion: .storedSweeps)
    var sweep: [String] = []
    @Option(
        help: ArgumentHelp(
            "Measures, or single quantities of them; may be repeated.", valueName: "measure[.quantity],..."),
        completion: .measures)
    var measure: [String] = []
    @Option(help: ArgumentHelp("Only these noise levels, found among those measured.", valueName: "s,..."))
    var sigma: [String] = []
    @Flag(help: "With --sigma: find values between two measured levels, on a line over the logarithm of sigma.")
    var interpolate = false
    @Option(
        name: .customLong("where"),
        help: "Only trials of which this holds, such as 'model.scale in (4, 8) and memorization.copied > 0.1'.")
    var filter: String?
    @Option(help: ArgumentHelp("Group by these keys; may be repeated.", valueName: "key,..."), completion: .keys)
    var by: [String] = []
    @Option(help: ArgumentHelp("Make a column of each value of this key.", valueName: "key"), completion: .keys)
    var columns: String?
    @Option(
        help: "What to show of each group: mean, median, sd, min, max, count, ci95; may be repeated.",
        completion: .statistics)
    var statistic: [String] = []
    @Option(
        help: ArgumentHelp(
            "Average over what is otherwise kept apart: versions (of measures), workers (and their numerics).",
            valueName: "what,..."), completion: .mixes)
    var mix: [String] = []
    @Option(
        help: ArgumentHelp("Sort by these columns; NAME:desc for the largest first.", valueName: "column,..."),
        completion: .columns)
    var sort: [String] = []
    @Option(parsing: .unconditional, help: "Show at most so many rows.")
    var limit: Int?
    @Option(
        help: ArgumentHelp(
            "Where rows pass a level along --along: 'memorization.copied = 0.5' beyond which they stay on its other side (> upwards, < downwards), 'first denoising.wiener_gain_db@0.5 > 0' where they first do, 'loss.loss_held_out > 1.01 * min' above a row's smallest value.",
            valueName: "level"), completion: .measures)
    var crossing: String?
    @Option(
        help: ArgumentHelp(
            "With --crossing: the key along which rows of trials lie, such as training.images. Without --by each row is listed.",
            valueName: "key"), completion: .keys)
    var along: String?
    @Option(
        help:
            "A SELECT of your own on the views trials, sweep_trials, measurements, missing_measures, comparisons, artifacts, notes and tags."
    )
    var sql: String?
    @Option(parsing: .unconditional, help: ArgumentHelp("How long --sql may take.", valueName: "seconds"))
    var timeLimit: Double = 300
    @OptionGroup var catalogue: CatalogueOptions
    @OptionGroup var output: FormatOptions

    func validate() throws {
        if let name = words.first {
            throw ValidationError("\"\(name)\": did you mean --sweep \(name)?")
        }
        if let limit, limit < 0 { throw ValidationError("--limit: expected a number of rows, got \(limit)") }
        guard timeLimit > 0 else { throw ValidationError("--time-limit: expected seconds above 0, got \(timeLimit)") }
        if interpolate, sigma.isEmpty { throw ValidationError("--interpolate: --sigma says which levels to find") }
        guard crossing != nil else {
            if along != nil { throw ValidationError("--along: --crossing says what is looked for along it") }
            return
        }
        if along == nil { throw ValidationError("--crossing: --along says along which key, such as training.images") }
        let others = [
            ("measure", measure.isEmpty), ("sigma", sigma.isEmpty), ("columns", columns == nil),
            ("statistic", statistic.isEmpty), ("mix", mix.isEmpty), ("sql", sql == nil),
        ]
        if let (name, _) = others.first(where: { !$0.1 }) {
            throw ValidationError("--crossing cannot be combined with --\(name)")
        }
    }

    func run() throws {
        if sql != nil { CatalogueFile.boundMemory() }
        let reader = try CatalogueReader(path: catalogue.path)
        let query = Query(reader)
        if let sql {
            // SQLite ends a query between two of its steps, and one step may take for ever. A reader leaves nothing undone.
            let end = DispatchWorkItem { [timeLimit] in
                Terminal.note("error: the query was ended after \(timeLimit) seconds, within one function of SQLite")
                _exit(ExitStatus.usage.rawValue)
            }
            DispatchQueue.global().asyncAfter(deadline: .now() + timeLimit + 2, execute: end)
            defer { end.cancel() }
            return try query.write(sql: sql, seconds: timeLimit, output.format, to: Terminal.export)
        }
        let sweeps = try sweepNames(in: reader)
        if let crossing, let along {
            var request = CrossingRequest(try CrossingTerm(crossing), along: along)
            request.sweep = sweeps.first
            request.otherSweeps = Array(sweeps.dropFirst())
            request.filter = try filter.map { try WhereExpression($0) }
            request.groupBy = Self.list(by)
            request.sort = Self.list(sort).map { SortColumn($0) }
            request.limit = limit
            for line in try query.write(request, output.format, to: Terminal.export) { Terminal.note("note: \(line)") }
            return
        }
        var request = QueryRequest()
        request.sweep = sweeps.first
        request.otherSweeps = Array(sweeps.dropFirst())
        request.measures = Self.list(measure).map { MeasureSelection($0) }
        request.sigmas = try Self.sigmas(sigma)
        request.interpolates = interpolate
        if let filter {
            request.filter = try WhereExpression(filter)
        }
        request.groupBy = Self.list(by)
        request.columnsBy = columns
        request.statistics = try Self.list(statistic).map { name in
            guard let statistic = Statistic(rawValue: name) else {
                let names = Statistic.allCases.map(\.rawValue).joined(separator: ", ")
                throw CommandFailure(.usage, "--statistic: expected some of \(names), got \"\(name)\"")
            }
            return statistic
        }
        request.mixes = Set(
            try Self.list(mix).map { name in
                guard let mix = Mix(rawValue: name) else {
                    let names = Mix.allCases.map(\.rawValue).joined(separator: ", ")
                    throw CommandFailure(.usage, "--mix: expected some of \(names), got \"\(name)\"")
                }
                return mix
            })
        request.sort = Self.list(sort).map { SortColumn($0) }
        request.limit = limit
        for line in try MissingMeasures(request, in: reader).lines { Terminal.note("note: \(line)") }
        for line in try query.write(request, output.format, to: Terminal.export) { Terminal.note("note: \(line)") }
    }

    /// A sweep's name may hold a comma.
    private func sweepNames(in reader: CatalogueReader) throws -> [String] {
        let known = try Set(reader.sweepNames())
        let given = sweep.flatMap { known.contains($0) ? [$0] : Self.list([$0]) }
        return try given.map { try reader.sweepName($0) }
    }

    /// The values of an option that lists them with commas or is repeated.
    static func list(_ given: [String]) -> [String] {
        given.flatMap { text in
            var depth = 0
            // A comma in parentheses, as in @worse(0.5, 1.5), ends nothing.
            return text.split { character in
                if character == "(" { depth += 1 }
                if character == ")" { depth -= 1 }
                return character == "," && depth <= 0
            }
        }.map { $0.trimmingCharacters(in: .whitespaces) }
    }

    /// Noise levels as `--sigma` gives them.
    static func sigmas(_ given: [String]) throws -> [Double] {
        try list(given).map { text in
            guard let value = Double(text), value > 0, value.isFinite else {
                throw CommandFailure(.usage, "--sigma: expected positive numbers, got \"\(text)\"")
            }
            return value
        }
    }
}
