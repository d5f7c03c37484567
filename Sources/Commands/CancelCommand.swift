import ArgumentParser

struct CancelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Take back a sweep's wish for trials that wait or run.",
        discussion: """
            eigensweep cancel demo
            eigensweep cancel demo --where 'dataset.size >= 256'

            A job stops when no sweep wants it any more: what another sweep wants goes on. What only draws samples for \
            cancelled trials is cancelled with them. Results stay. `retry` wants the trials again; `launch` and `resume` leave \
            them alone.
            """)

    @Argument(help: "The sweep's name or file.", completion: .sweeps)
    var sweep: String
    @OptionGroup var selection: WhereOptions
    @OptionGroup var catalogue: CatalogueOptions

    func run() throws {
        let outcome = try selection.change(sweep, in: catalogue) { .cancel(sweep: $0, where: $1) }
        Terminal.note(
            outcome.count == 0
                ? "nothing to cancel: no such trial waits or runs" : "cancelled \(Readable.trials(outcome.count))"
        )
        outcome.notes.forEach(Terminal.note)
    }
}
