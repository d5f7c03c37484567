import ArgumentParser
import BuildFacts
import Foundation
import JobContract
import ResultCatalogue

/// The coordinator's command line.
package struct EigensweepCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "eigensweep",
        abstract: "Map where a diffusion model stops memorizing and starts to generalize.",
        discussion: """
            A sweep file names a grid over dataset size, model scale and training length. `launch` trains every point \
            on the hosts of hosts.yaml (without one: on this machine), measures it, and keeps every number in one \
            SQLite catalogue.

            \(ExitStatus.inWords)
            """,
        version: BuildFacts.summary,
        subcommands: [
            PlanCommand.self, LaunchCommand.self, ResumeCommand.self, WatchCommand.self, StatusCommand.self,
            TrialsCommand.self, TrialCommand.self, LogsCommand.self, StopCommand.self, CancelCommand.self,
            RetryCommand.self,
            HostsCommand.self, DoctorCommand.self, StoreCommand.self, DataCommand.self,
            RemoveCommand.self, RenameCommand.self, NoteCommand.self, TagCommand.self,
            QueryCommand.self, AnalyzeCommand.self, ServeCommand.self, ReportCommand.self, ExportCommand.self,
            MergeCommand.self,
            CompareCommand.self,
            AdoptCommand.self, SplitCommand.self, WorkerCommands.self, LicencesCommand.self,
        ])

    package init() {}

    /// Parses, runs, reports what went wrong on standard error, and returns the exit code.
    package static func main(_ arguments: [String]) -> Int32 {
        _ = SignalWatch.process
        CatalogueFile.onCaution { Terminal.note("note: \($0)") }
        do {
            var command = try parseAsRoot(arguments)
            try Descriptors.require()
            try command.run()
            return ExitStatus.allDone.rawValue
        } catch {
            return report(error)
        }
    }

    private static func report(_ error: any Error) -> Int32 {
        SignalWatch.process.waitIfEnding()
        if let status = error as? ExitStatusError { return status.status.rawValue }
        if error is Terminal.Unread { return Terminal.Unread.status }
        if let failure = CommandFailure(describing: error) {
            Terminal.note("error: \(failure.description)")
            return failure.status.rawValue
        }
        let message = fullMessage(for: error)
        if exitCode(for: error).isSuccess {
            Terminal.print(message)
            return ExitStatus.allDone.rawValue
        }
        if error is CleanExit || exitCode(for: error) == .validationFailure {
            Terminal.note(message)
            return ExitStatus.usage.rawValue
        }
        Terminal.note("error: \(explanation(of: error))")
        return ExitStatus.internalError.rawValue
    }
}

/// Ends a command with an exit code but no message: it has said already what there is to say.
struct ExitStatusError: Error {
    let status: ExitStatus
}
