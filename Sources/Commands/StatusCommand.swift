import ArgumentParser
import Reports
import ResultCatalogue
import ResultQueries
import Scheduling

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show trials by state, how far they are, hosts, and why trials failed.",
        discussion: """
            eigensweep status demo
            eigensweep status --format json
            eigensweep status demo --attempts

            `done` is the share of all training and measuring that is recorded, of what neither failed nor was cancelled. \
            Where no coordinator runs, what is said to run goes on at its hosts at most, and `resume` hears of it.
            """)

    @Argument(help: "The sweep's name or file; without it, every sweep.", completion: .sweeps)
    var sweep: String?
    @Flag(
        help: "Of one sweep: its hosts with the hours that they gave, and all that went wrong, by reason and by trial.")
    var attempts = false
    @OptionGroup var catalogue: CatalogueOptions
    @OptionGroup var output: FormatOptions

    func run() throws {
        let reader = try CatalogueReader(path: catalogue.path)
        let name = try sweep.map(reader.sweepName)
        if attempts {
            guard let name else {
                throw CommandFailure(
                    .usage, "--attempts is of one sweep: expected its name, as in `eigensweep status demo --attempts`")
            }
            let listings = try PageAttempts(reader, sweep: name, isWhole: true).listings
            return output.print(listings.map(\.table))
        }
        let client = ControlClient(catalogue: catalogue.path)
        let isRunning = client != nil
        var tables = try StatusReport(reader, most: output.format == .table ? StatusText.most : nil).tables(
            sweep: name, isRunning: isRunning)
        let view = client?.look()
        Self.addProgress(view?.fleet, to: &tables[1])
        if let view { try follow(view, &tables, in: reader) }
        if output.format == .table {
            Terminal.print(StatusText(tables).text(width: Terminal.outputWidth))
            if let fleet = view?.fleet {
                LiveFrame(fleet: fleet, fraction: 0).awaited.forEach { Terminal.print("\n" + $0) }
            }
        } else {
            output.print(tables)
        }
        if !isRunning { try StatusText.sayWhatResumes(sweep: name, in: reader, isOpen: !tables[1].rows.isEmpty) }
    }

    /// How far each running attempt is, from 0 to 1, as the coordinator has heard it.
    private static func addProgress(_ fleet: FleetSnapshot?, to table: inout ResultTable) {
        guard let attempt = table.columns.firstIndex(of: "attempt") else { return }
        var shares: [ResultTable.Cell: Double] = [:]
        for running in fleet?.hosts.flatMap(\.running) ?? [] {
            guard let progress = running.progress, progress.of > 0 else { continue }
            shares[.init(running.attempt.value)] = Double(progress.done) / Double(progress.of)
        }
        table.columns.append("progress")
        for index in table.rows.indices { table.rows[index].append(.init(shares[table.rows[index][attempt]])) }
    }

    /// What the coordinator has heard of running jobs is not in the catalogue yet: of the one sweep that it has in hand it
    /// knows better how far that is.
    private func follow(_ view: RunView, _ tables: inout [ResultTable], in reader: CatalogueReader) throws {
        guard let progress = view.progress, let sweep = try reader.onlyUnfinished(ofTrials: view.fleet?.total),
            let row = tables[0].rows.firstIndex(where: { $0[0] == .text(sweep.name) }),
            let done = tables[0].columns.firstIndex(of: "done"),
            let left = tables[0].columns.firstIndex(of: "seconds_left")
        else { return }
        tables[0].rows[row][done] = .number(progress.fraction)
        tables[0].rows[row][left] = .init(progress.secondsLeft)
    }
}

extension CatalogueReader {
    /// The one sweep that is unfinished, where a run of so many trials is at it and at no other.
    func onlyUnfinished(ofTrials count: Int?) throws -> SweepSummary? {
        let unfinished = try sweeps().filter(\.isUnfinished)
        return unfinished.count == 1 && unfinished[0].trials == count ? unfinished[0] : nil
    }
}
