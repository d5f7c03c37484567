import ArgumentParser

/// The worker's command line.
package struct WorkerCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "eigensweep-worker",
        abstract: "Trains and measures denoisers, one job at a time.",
        discussion: "The supervisor runs `run` and `describe` (docs/job-contract.md); the others are for people.",
        version: WorkerFacts.version,
        subcommands: [
            RunCommand.self, DescribeCommand.self, TrainCommand.self, SampleCommand.self, DenoiseCommand.self,
            MeasureCommand.self, VerifyCommand.self, InspectCommand.self, BenchCommand.self, BenchMeasuresCommand.self,
        ])

    package init() {}
}

struct DescribeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe", abstract: "Print what this worker can do, as JSON.")

    func run() throws { print(try jsonLine(WorkerFacts.description)) }
}
