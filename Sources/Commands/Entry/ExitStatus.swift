/// The exit codes that users' scripts read.
package enum ExitStatus: Int32 {
    case allDone = 0
    case someFailed = 1
    case usage = 2
    case invalidInput = 3
    case noUsableHost = 4
    case catalogue = 5
    case interrupted = 6
    case internalError = 70
    case cancelled = 130
}

/// A failure with words for people and an exit code for scripts.
package struct CommandFailure: Error, CustomStringConvertible {
    package let status: ExitStatus
    package let description: String

    package init(_ status: ExitStatus, _ description: String) {
        self.status = status
        self.description = description
    }
}
