import ArgumentParser
import BuildFacts
import Glibc
import JobContract

/// The worker's command line.
package struct WorkerCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "eigensweep-worker",
        abstract: "Trains and measures denoisers, one job at a time.",
        discussion: "The supervisor runs `run` and `describe` (docs/job-contract.md); the others are for people.",
        version: BuildFacts.summary,
        subcommands: [
            RunCommand.self, DescribeCommand.self, TrainCommand.self, SampleCommand.self, DenoiseCommand.self,
            MeasureCommand.self, VerifyCommand.self, InspectCommand.self, ForecastCommand.self,
        ])

    package init() {}

    /// Parses and runs a command line, says on standard error what went wrong, and returns the exit code.
    package static func perform(_ arguments: [String]) -> Int32 {
        do {
            var command = try parseAsRoot(arguments)
            try command.run()
        } catch {
            // The message holds names of tensors and files, which may hold control characters.
            let words = ShownText.lines(fullMessage(for: error))
            let code = exitCode(for: error)
            if !words.isEmpty { Diagnostics.write(words + "\n", to: code.isSuccess ? STDOUT_FILENO : STDERR_FILENO) }
            return code.rawValue
        }
        return 0
    }

    /// Says why nothing is done with what was given, and returns the exit code.
    package static func refuse(_ words: String) -> Int32 {
        Diagnostics.write(words)
        return ExitCode.validationFailure.rawValue
    }
}

struct DescribeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe", abstract: "Print what this worker can do, as JSON.",
        discussion: "eigensweep-worker describe")

    func run() throws { print(try jsonLine(WorkerFacts.description)) }
}
