import ArgumentParser

/// What `launch` and `resume` may be told of the run itself.
struct RunOptions: ParsableArguments {
    @Flag(name: .long, help: "Go on though the disk here may not have room for all that the sweep keeps.")
    var acceptLowSpace = false

    @Flag(name: .long, help: "Stop at the first trial that fails: jobs that run stay with their hosts.")
    var failFast = false

    @Option(
        name: .long, parsing: .unconditional,
        help: "Stop after so many hours: jobs that run or wait stay with their hosts, and resume collects them.")
    var maxHours: Double?

    func validate() throws {
        if let maxHours, !(maxHours > 0 && maxHours <= 1e6) {
            throw ValidationError("--max-hours: expected a number of hours above 0, got \(maxHours)")
        }
    }
}
