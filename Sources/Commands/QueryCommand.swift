import ArgumentParser
import Reports
import ResultCatalogue
import SweepModel

struct QueryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Ask the catalogue: filter, group, and reduce measurements.",
        discussion: """
            eigensweep query --sweep demo --measure memorization.copied --by dataset.size,model.scale
            eigensweep query --measure gaussian-distance.rmse --sigma 0.47,1.5 --where 'dataset.size >= 1024' --format csv
            """)

    @Option(help: "Only trials of this sweep.")
    var sweep: String?
    @Option(help: ArgumentHelp("A measure, or one quantity of it; may be repeated.", valueName: "measure[.quantity]"))
    var measure: [String] = []
    @Option(help: ArgumentHelp("Only these noise levels.", valueName: "s,..."))
    var sigma: String?
    @Option(name: .customLong("where"), help: "Only trials of which this holds, such as 'model.scale in (4, 8)'.")
    var filter: String?
    @Option(help: ArgumentHelp("Group by these keys.", valueName: "key,..."))
    var by: String?
    @Option(help: "What to show of each group: mean, median, sd, min, max, count, ci95.")
    var statistic: String?
    @Option(help: "A SELECT of your own on the views trials, sweep_trials, measurements and artifacts.")
    var sql: String?
    @OptionGroup var catalogue: CatalogueOptions
    @OptionGroup var output: FormatOptions

    func run() throws {
        let reader = try CatalogueReader(path: catalogue.path)
        let query = Query(reader)
        if let sql {
            output.print(try query.run(sql: sql))
            return
        }
        var request = QueryRequest()
        request.sweep = try sweep.map { try reader.sweepName($0) }
        request.measures = measure.map { MeasureSelection($0) }
        request.sigmas = try list(sigma).map { text in
            guard let value = Double(text), value > 0 else {
                throw CommandFailure(.usage, "--sigma: expected positive numbers, got \"\(text)\"")
            }
            return value
        }
        if let filter {
            request.filter = try WhereExpression(filter)
        }
        request.groupBy = list(by)
        request.statistics = try list(statistic).map { name in
            guard let statistic = Statistic(rawValue: name) else {
                let names = Statistic.allCases.map(\.rawValue).joined(separator: ", ")
                throw CommandFailure(.usage, "--statistic: expected some of \(names), got \"\(name)\"")
            }
            return statistic
        }
        output.print(try query.run(request))
    }

    private func list(_ text: String?) -> [String] {
        text?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } ?? []
    }
}
