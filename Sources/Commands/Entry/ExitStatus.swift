/// The exit codes that users' scripts read.
package enum ExitStatus: Int32, CaseIterable {
    case allDone = 0
    case someFailed = 1
    case usage = 2
    case invalidInput = 3
    case noUsableHost = 4
    case catalogue = 5
    case interrupted = 6
    case internalError = 70
    case cancelled = 130

    private var meaning: String {
        switch self {
        case .allDone: "all done"
        case .someFailed: "some trials failed or something that was asked for could not be made"
        case .usage: "usage"
        case .invalidInput: "a file or value that was given is invalid"
        case .noUsableHost: "no usable host"
        case .catalogue: "the catalogue or its store cannot be used (damaged, full, of another version)"
        case .interrupted: "interrupted and resumable"
        case .internalError: "a fault of this program or of one it needs"
        case .cancelled: "cancelled, or left, by Ctrl-C"
        }
    }

    /// All of them in a sentence, as `--help` says it; README.md and docs/commands.md have the same.
    static var inWords: String {
        "Exit codes: " + allCases.map { "\($0.rawValue) \($0.meaning)" }.joined(separator: ", ") + "."
    }
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
