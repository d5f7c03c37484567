import ArgumentParser

/// What `launch` and `resume` may be told of the run itself.
struct RunOptions: ParsableArguments {
    @Flag(name: .long, help: "Go on though the disk here may not have room for all that the sweep keeps.")
    var acceptLowSpace = false

    @Flag(name: .long, help: "Stop at the first trial that fails: jobs that run stay with their hosts.")
    var failFast = false
}
