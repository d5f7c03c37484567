import ArgumentParser
import ResultCatalogue

struct RetryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Want failed and cancelled trials again.",
        discussion: """
            eigensweep retry demo
            eigensweep retry demo --where 'state = failed and model.scale = 8'

            They wait again with nothing charged to them. A coordinator that runs takes them up at once; else `resume` \
            does.
            """)

    @Argument(help: "The sweep's name or file.", completion: .sweeps)
    var sweep: String
    @OptionGroup var selection: WhereOptions
    @OptionGroup var trust: TrustOptions
    @OptionGroup var catalogue: CatalogueOptions

    func run() throws {
        try trust.record(in: catalogue)
        let reader = try CatalogueReader(path: catalogue.path)
        let name = try reader.sweepName(sweep)
        if let worker = try reader.worker(of: name) {
            try TrustedWorkers.ours.require(worker, of: name, in: reader.path)
        }
        let outcome = try selection.change(sweep, in: catalogue) { .retry(sweep: $0, where: $1) }
        Terminal.note(
            outcome.count == 0
                ? "nothing to retry: no such trial has failed or was cancelled"
                : "\(Readable.trials(outcome.count)) wait\(outcome.count == 1 ? "s" : "") again")
        outcome.notes.forEach(Terminal.note)
    }
}
