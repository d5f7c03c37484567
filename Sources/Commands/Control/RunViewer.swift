import Foundation
import ResultCatalogue
import SweepModel

/// Shows a run that another process has in hand, until its sweeps are finished or it ends.
struct RunViewer {
    let client: ControlClient
    let reader: CatalogueReader
    /// The sweeps to wait for; empty: the whole run.
    let sweeps: [String]
    let signals: SignalWatch

    /// Returns when all is done. Throws `ExitStatusError` with the code of how the sweeps ended, or of how the run did where
    /// it ended before them.
    func follow() throws {
        let process = client.process.map { "process \($0)" } ?? "another process"
        let catalogue = CatalogueOptions.option(for: reader.path)
        signals.set { _ in
            TerminalFrame.settle()
            // In place of the terminal's echo of Ctrl-C.
            if Terminal.isInteractive { Terminal.redraw() }
            Terminal.note(
                "left the view; the run goes on in \(process). See it again with:\n  eigensweep watch\(catalogue)")
            // The run is not interrupted: to resume it would be in vain.
            exit(ExitStatus.cancelled.rawValue)
        }
        let view = LiveView(reader: reader)
        var lookAgain = Date.distantPast
        var isFinished = false
        let status = try client.watch { seen in
            for notice in seen.notices { view.say(notice) }
            if let fleet = seen.fleet { view.update(fleet, seen.progress) }
            if !sweeps.isEmpty, Date() > lookAgain {
                let begun = Date()
                isFinished = (try? unfinished().isEmpty) ?? false
                // A large catalogue, which takes long to ask, is asked less often.
                lookAgain = Date(timeIntervalSinceNow: max(0.5, 20 * Date().timeIntervalSince(begun)))
            }
            return !isFinished
        }
        view.close()
        try end(status)
    }

    private func summaries() throws -> [SweepSummary] {
        try reader.sweeps().filter { sweeps.isEmpty || sweeps.contains($0.name) }
    }

    private func unfinished() throws -> [SweepSummary] { try summaries().filter(\.isUnfinished) }

    private func end(_ status: Int32?) throws {
        let catalogue = CatalogueOptions.option(for: reader.path)
        if try !sweeps.isEmpty && unfinished().isEmpty {
            let failed = try summaries().reduce(0) {
                $0 + $1.counts[.failed, default: 0] + $1.comparisons[.failed, default: 0]
            }
            guard failed > 0 else { return Terminal.note("done: \(sweeps.joined(separator: ", "))") }
            Terminal.note("\(Readable.trials(failed)) failed; `eigensweep status\(catalogue)` says why")
            throw ExitStatusError(status: .someFailed)
        }
        guard let status else {
            Terminal.note("the coordinator is gone. Go on with:\n  eigensweep resume\(catalogue)")
            throw ExitStatusError(status: .interrupted)
        }
        guard status != 0 else { return Terminal.note("the run has ended: all is done") }
        Terminal.note("the run has ended; `eigensweep status\(catalogue)` shows how far it came")
        throw ExitStatusError(status: ExitStatus(rawValue: status) ?? .internalError)
    }
}
