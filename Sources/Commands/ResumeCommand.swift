import ArgumentParser
import Foundation
import JobContract
import ResultCatalogue
import SweepModel

struct ResumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Go on with an interrupted sweep: collect what hosts finished, re-attach to what runs, do the rest.",
        discussion: """
            eigensweep resume
            eigensweep resume demo --max-hours 8

            Where a coordinator runs on the catalogue already, it goes on with the sweep, and this command shows it. A \
            sweep of others, merged or in a catalogue that was given, whose worker is not eigensweep's own, is refused \
            with its command until --trust-worker names the sweep.
            """)

    @Argument(help: "The sweep's name or file; without it, every unfinished sweep.", completion: .sweeps)
    var sweep: String?
    @OptionGroup var background: BackgroundOptions
    @OptionGroup var running: RunOptions
    @OptionGroup var trust: TrustOptions
    @OptionGroup var catalogue: CatalogueOptions
    @OptionGroup var hosts: HostOptions

    func run() throws {
        let signals = SignalWatch.process
        signals.expectRun()
        try catalogue.requireCatalogue()
        try trust.record(in: catalogue)
        let selection = try HostsSelection(hosts)
        let coordinating = Coordinating(
            catalogue: catalogue, background: background, signals: signals, hosts: hosts.hosts)
        let known: CatalogueReader?
        do { known = try CatalogueReader(path: catalogue.path) } catch let error as CatalogueError {
            // A catalogue of an earlier release cannot be read yet: its writer brings it up to this release.
            guard error.kind != .missing else { throw error }
            known = nil
        }
        let asked = try sweep.map { [try known?.sweepName($0) ?? $0] } ?? []
        try coordinating.perform(.resume(asked)) { workplace in
            let reader = workplace.catalogue.reader
            let names = try sweep.map { [try reader.sweepName($0)] } ?? reader.unfinishedSweeps()
            if names.isEmpty {
                let words = try catalogue.nothingToResume(in: reader)
                background.reportIdle(words)
                Terminal.note(words)
                guard selection.specs.contains(where: { $0.seat != nil }) else { return }
                return try SweepRun.perform(
                    at: workplace, hosts: selection, options: hosts, run: running, signals: signals
                ) { try $0.endAllocations() }
            }
            try SweepRun.perform(
                at: workplace, hosts: selection, options: hosts, run: running, signals: signals,
                log: background.isInBackground ? catalogue.log : nil
            ) { run in try resume(names, run) }
        }
    }

    /// Resumes the sweeps. Those that cannot go on, or trials of theirs, are named, and the others go on all the same.
    private func resume(_ names: [String], _ run: SweepRun) throws {
        var refusals: [CommandFailure] = []
        for name in names {
            do { refusals += try run.resume(name).map { CommandFailure(.catalogue, $0) } } catch {
                refusals.append(
                    CommandFailure(describing: error)
                        ?? CommandFailure(.internalError, "sweep \(name): \(explanation(of: error))"))
            }
        }
        for refusal in refusals { Terminal.note("error: \(refusal.description)") }
        if !run.isEmpty { try run.complete(started: StartReport { background.reportStart(awaiting: $0) }) }
        if let refusal = refusals.first { throw ExitStatusError(status: refusal.status) }
    }
}
